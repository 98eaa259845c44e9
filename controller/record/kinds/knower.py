"""Who knows the number of a combination lock, since when, told by whom: the ledger of shared numbers (C8.2).

Whoever is told nothing any more still knows the number until it is changed: they are `removed` until then, and `former` after.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

KNOWS, REMOVED, FORMER = "knows", "removed", "former"

CAUSES = ("asked", "left", "absent", "right")
"""Why somebody shall not know it any more: an operator says so, they have left, are suspended, or hold no right in force."""


@kind("knower.added")
class KnowerAdded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person was told the number."""

    knower: int
    combination: int
    person: int
    told_by: int
    """The person who told them."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """One who knows it."""
        row: Row = {
            "knower": self.knower,
            "combination": self.combination,
            "person": self.person,
            "state": self.state,
            "since_at": record.at,
            "told_by": self.told_by,
            "seq": record.seq,
        }
        return (Upsert("knower", row),)


@kind("knower.removed")
class KnowerRemoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person shall not know the number any more. They do until it is changed."""

    knower: int
    person: int
    cause: str
    """One of `CAUSES`."""
    operator: int
    """0: the controller found it."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """One who knows it and shall not."""
        row: Row = {
            "knower": self.knower,
            "state": self.state,
            "cause": self.cause,
            "removed_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("knower", row),)
