"""Entries by hand: what the reception's book has of a time in which no door could see it, with two names (C8.9).

Records of their own kind, so that nobody takes them for what a reader saw.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.kinds.presence import whereabouts
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("entry.noted")
class EntryNoted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operator `operator` (0: somebody at the console) wrote down an entry; it waits for a second name."""

    note: int
    person: int
    portal: str
    side: str
    zone: str
    """Into which that led; empty for outside."""
    book_at: str
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The entry as written down. Nobody has moved by it."""
        row: Row = {
            "note": self.note,
            "person": self.person,
            "portal": self.portal,
            "side": self.side,
            "zone": self.zone,
            "book_at": self.book_at,
            "reason": self.reason.id,
            "noted_by": self.operator,
            "noted_at": record.at,
            "state": self.state,
            "decided_by": None,
            "decided_at": None,
            "moved": 0,
            "seq": record.seq,
        }
        return (Upsert("noted_entry", row), about(self.reason, self.person))


@kind("entry.confirmed")
class EntryConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second operator stands by the entry. `moved`: it is newer than what was known of where the person is."""

    note: int
    person: int
    portal: str
    side: str
    zone: str
    book_at: str
    noted_by: int
    operator: int
    moved: bool
    certain: bool
    """Whether nothing made the zone doubtful since then."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The decision; and where the person is since then, by the book."""
        row = _decided(record, self.note, self.state, self.operator) | {"moved": int(self.moved)}
        if not self.moved:
            return (Upsert("noted_entry", row),)
        where = whereabouts(
            record,
            self.person,
            self.zone,
            portal=self.portal,
            source="book",
            certain=self.certain,
            since=self.book_at,
        )
        return (Upsert("noted_entry", row), where)


@kind("entry.declined")
class EntryDeclined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator does not stand by the entry."""

    note: int
    person: int
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The decision."""
        return (Upsert("noted_entry", _decided(record, self.note, self.state, self.operator)),)


def _decided(record: Record, note: int, state: str, operator: int) -> Row:
    return {"note": note, "state": state, "decided_by": operator, "decided_at": record.at, "seq": record.seq}
