"""Memberships: who is in which group. To join is to get its rights, so it is asked for and approved as a right is (C7.3)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("membership.requested")
class MembershipRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody is to join a group. It gives them nothing yet."""

    membership: int
    team: int
    person: int
    purpose: PrivateRef
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The membership, waiting for its approval."""
        row: Row = {
            "membership": self.membership,
            "team": self.team,
            "person": self.person,
            "state": self.state,
            "purpose": self.purpose.id,
            "requested_by": self.requested_by,
            "requested_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("membership", row), about(self.purpose, self.person))


class _MembershipDecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    membership: int
    decided_by: int
    """The operator's number; 0 for the console."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The membership's new state, and by whom."""
        row: Row = {
            "membership": self.membership,
            "state": self.state,
            "decided_by": self.decided_by,
            "decided_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("membership", row),)


@kind("membership.approved")
class MembershipApproved(_MembershipDecided, frozen=True, forbid_unknown_fields=True):
    """A second, different operator approved it: now the person has the group's rights (C7.3)."""

    despite: tuple[str, ...] = ()
    """What was open against the person then, as in `right.approved` (C7.2)."""


@kind("membership.declined")
class MembershipDeclined(_MembershipDecided, frozen=True, forbid_unknown_fields=True):
    """The approver said no."""


@kind("membership.ended")
class MembershipEnded(_MembershipDecided, frozen=True, forbid_unknown_fields=True):
    """The person is in the group no more, and from now on no right of it opens anything for them (C7.4)."""
