"""The single-person start: one operator may begin alone, and everything from then on says so until another has looked at it.

Design §5. It never stands in for a second person (C7.3): see `controller.rules.start`. `mark_after` is the fold of the mark
that stands in the envelope of each record meanwhile.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import RowChange, Upsert

ALONE = "alone"
"""The mark of records that were made while one operator was alone, and nobody else had looked at it."""


@kind("start.single")
class StartSingle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operator begins alone, knowingly. This record and all after it carry the mark."""

    start: int
    operator: int
    """Who is alone."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The start, waiting for its review."""
        row: dict[str, int | str | None] = {
            "start": self.start,
            "state": self.state,
            "operator": self.operator,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("start", row),)


@kind("start.reviewed")
class StartReviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second person has looked at what was done alone, up to record `upto`. From this record on there is no mark."""

    start: int
    operator: int
    """Who reviewed it."""
    upto: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The start, reviewed: by whom, when, and up to which record."""
        row: dict[str, int | str | None] = {
            "start": self.start,
            "state": self.state,
            "reviewed_by": self.operator,
            "reviewed_at": record.at,
            "reviewed_seq": record.seq,
            "upto": self.upto,
        }
        return (Upsert("start", row),)


def mark_after(mark: str, body: object) -> str:
    """The mark of a record with this body, behind one with `mark`: set by a start's own record, gone with its review."""
    if isinstance(body, StartSingle):
        return ALONE
    return "" if isinstance(body, StartReviewed) else mark
