"""Numbered copies: each handed to somebody, and collected again one by one (C4.2)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.custody import line
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("custody.handed_out")
class CustodyHandedOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Copy `number` of a line is in somebody's hands."""

    custody: int
    number: int
    """From 1, as it is written on the copy."""
    recipient: int | None
    """The person; None for somebody whom the site does not know."""
    name: PrivateRef | None
    """Who that is."""
    person: int
    """Whose line it is, and who collects it again."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The copy, out."""
        row: Row = {
            "custody": self.custody,
            "number": self.number,
            "recipient": self.recipient,
            "name": None if self.name is None else self.name.id,
            "state": self.state,
            "out_at": record.at,
            "out_by": self.operator,
            "seq": record.seq,
        }
        filed = () if self.name is None else (about(self.name, self.person),)
        return (Upsert("handout", row), line(record, self.custody, issued=self.number), *filed)


@kind("custody.collected")
class CustodyCollected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Copy `number` is back, destroyed, or known to be lost."""

    custody: int
    number: int
    fate: str
    """One of `controller.record.handling.FATES`."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The copy, asked for no more."""
        row: Row = {
            "custody": self.custody,
            "number": self.number,
            "state": self.state,
            "fate": self.fate,
            "back_at": record.at,
            "back_by": self.operator,
            "seq": record.seq,
        }
        return (Upsert("handout", row),)
