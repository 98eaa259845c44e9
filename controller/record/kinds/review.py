"""Reviews: all rights to some zones are looked at by a day, by others than those who gave them (C7.4)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert


@kind("review.opened")
class ReviewOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every right that holds now in these zones waits for somebody's decision, until then."""

    review: int
    zones: tuple[str, ...]
    """`*` alone: every zone."""
    due_on: str
    """The last day, by the calendar on the site's wall."""
    due_at: str
    """The moment at which it is over: what is not decided then, is suspended."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The review."""
        row: Row = {
            "review": self.review,
            "zones": " ".join(self.zones),
            "due_on": self.due_on,
            "due_at": self.due_at,
            "operator": self.operator,
            "opened_at": record.at,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("review", row),)


@kind("review.closed")
class ReviewClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The review's time is over, and no right waits any more: each was decided or is suspended."""

    review: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The review's end; `seq` stays that of its beginning."""
        return (Upsert("review", {"review": self.review, "state": self.state, "closed_at": record.at}),)


@kind("right.kept")
class RightKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who had not given the right decided that it is still needed: it holds, so, from now on."""

    access_right: int
    review: int
    decided_by: int
    verdict: str
    """`keep` or `narrow`."""
    schedule: str
    until_at: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right as it is now. Who approved it stays."""
        row: Row = {
            "access_right": self.access_right,
            "schedule": self.schedule,
            "until_at": self.until_at,
            "state": self.state,
            "review": self.review,
            "verdict": self.verdict,
            "judged_by": self.decided_by,
            "judged_at": record.at,
            "judged_seq": record.seq,
            "seq": record.seq,
        }
        return (Upsert("access_right", row),)


@kind("right.suspended")
class RightSuspended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nobody decided on the right in time: it opens nothing until somebody does."""

    access_right: int
    review: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right, suspended; it still waits for its decision."""
        row: Row = {
            "access_right": self.access_right,
            "state": self.state,
            "review": self.review,
            "verdict": None,
            "seq": record.seq,
        }
        return (Upsert("access_right", row),)
