"""What fell due, and how far it has gone since (`controller.record.duty`)."""

import msgspec

from controller.record.duty import duty
from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert


def _reached(body: "DueReached | DueCorrected", record: Record, at: str | None) -> tuple[RowChange, ...]:
    row: Row = {
        "due": duty(body.sort, body.number),
        "sort": body.sort,
        "number": body.number,
        "due_at": body.due_at,
        "place": body.place,
        "person": body.person,
        "stage": body.stage,
        "next_at": body.next_at,
        "reached_at": at,
        "told": body.told,
        "seq": record.seq,
    }
    return (Upsert("due", row),)


@kind("due.reached")
class DueReached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is owed by a day has come so near to it, or so far past it, that somebody is to be told."""

    sort: str
    """`loan`, `combination`, … as in `controller.record.duty.SORTS`."""
    number: int
    """Which one, by the number of its noun."""
    stage: str
    """`ahead`, `soon`, `today`, `overdue` or `escalated`."""
    due_at: str
    place: str
    """The zone or container; empty for none."""
    person: int | None
    """Whoever has to do it; None: those who answer for the place."""
    told: int
    """How often it has been escalated, this time included."""
    next_at: str | None
    """When it is looked at again; None: it stays as it is until it is settled."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The thing at its stage."""
        return _reached(self, record, record.at)


@kind("due.corrected")
class DueCorrected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage had been reached by a clock that ran ahead: the thing stands where the right time has it, and goes on so."""

    sort: str
    number: int
    stage: str
    """As by the right time; empty: nothing is to be told yet."""
    due_at: str
    place: str
    person: int | None
    told: int
    next_at: str | None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The thing at its stage."""
        return _reached(self, record, record.at)
