"""Disposal: by a method that cannot be undone, and under the eyes of another person (C4.2)."""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.handling import DESTROYED
from controller.record.kinds.custody import SORT, line
from controller.record.tables import Row, RowChange, Upsert


@kind("custody.destroyed")
class CustodyDestroyed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody says that they have destroyed it. It is not over before another person says so too."""

    custody: int
    thing: int | None
    person: int
    method: str
    """One of `controller.record.handling.METHODS`."""
    home: str
    due_at: str
    """Until then the other person's word is awaited."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, which waits for its witness."""
        done: Row = {
            "method": self.method,
            "began_at": record.at,
            "begun_by": self.operator,
            "due_at": self.due_at,
        }
        row = line(record, self.custody, state=self.state, **done)
        return (row, owed(SORT, self.custody, self.due_at, self.home, self.person))


@kind("custody.disposed")
class CustodyDisposed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is destroyed, and another person watched."""

    custody: int
    thing: int | None
    asset: int | None
    person: int
    """Who did it."""
    supervisor: int
    """Who watched."""
    method: str
    station: str
    """Where the two badges were held; empty for a request."""
    operator: int
    """The supervisor's, for a request; else 0."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, ended, and the thing, which is none any more."""
        ended: Row = {
            "ended_at": record.at,
            "outcome": DESTROYED,
            "supervisor": self.supervisor,
            "ended_station": self.station,
            "ended_by": self.operator,
        }
        row = line(record, self.custody, state=self.state, **ended)
        gone = () if self.thing is None else (
            Upsert("thing", {"thing": self.thing, "state": "disposed", "seq": record.seq}),
        )  # fmt: skip
        return (row, settled(SORT, self.custody), *gone)
