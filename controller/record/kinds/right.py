"""Rights: one person, one zone, when, what for, from, until; asked for by one operator, approved by another (C7.1, C7.3)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import RowChange, Upsert


@kind("right.requested")
class RightRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right was asked for. It opens nothing yet."""

    access_right: int
    person: int
    zone: str
    schedule: str
    from_at: str
    until_at: str
    purpose: PrivateRef
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right, waiting for its approval."""
        return (
            Upsert(
                "access_right",
                {
                    "access_right": self.access_right,
                    "person": self.person,
                    "zone": self.zone,
                    "schedule": self.schedule,
                    "from_at": self.from_at,
                    "until_at": self.until_at,
                    "purpose": self.purpose.id,
                    "state": self.state,
                    "requested_by": self.requested_by,
                    "requested_at": record.at,
                    "seq": record.seq,
                },
            ),
            about(self.purpose, self.person),
        )


class _RightDecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    access_right: int
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right's new state, and by whom."""
        return (
            Upsert(
                "access_right",
                {
                    "access_right": self.access_right,
                    "state": self.state,
                    "decided_by": self.decided_by,
                    "decided_at": record.at,
                    "seq": record.seq,
                },
            ),
        )


@kind("right.approved")
class RightApproved(_RightDecided, frozen=True, forbid_unknown_fields=True):
    """A second, different operator approved it: now it holds (C7.3)."""


@kind("right.declined")
class RightDeclined(_RightDecided, frozen=True, forbid_unknown_fields=True):
    """The approver said no."""


@kind("right.revoked")
class RightRevoked(_RightDecided, frozen=True, forbid_unknown_fields=True):
    """The right has ended before its time (C7.4)."""
