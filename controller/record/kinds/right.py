"""Rights: a person or a group, one zone, when, what for, from, until; asked for by one operator, approved by another.

(C7.1, C7.3.)
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

OWN, ESCORTED, ESCORT = "own", "escorted", "escort"
MANNERS = (OWN, ESCORTED, ESCORT)
"""How a right lets in: alone; only together with an escort; alone, and as the escort of others (C7.7)."""


@kind("right.requested")
class PersonRightRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right was asked for, as version 1 of the kind says it: one person's, to enter alone."""

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
        return RightRequested(**msgspec.structs.asdict(self)).rows(record)


@kind("right.requested", 2)
class RightRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right of a person, or of the people in a group, was asked for. It opens nothing yet."""

    access_right: int
    person: int | None
    """None where it is a group's."""
    zone: str
    """Or a container, which is a zone inside another."""
    schedule: str
    from_at: str
    until_at: str
    purpose: PrivateRef
    requested_by: int
    state: str
    team: int | None = None
    """The group; None where it is a person's."""
    manner: str = OWN
    """One of `MANNERS`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right, waiting for its approval; the purpose of a group's is about nobody."""
        row: Row = {
            "access_right": self.access_right,
            "person": self.person,
            "team": self.team,
            "zone": self.zone,
            "schedule": self.schedule,
            "from_at": self.from_at,
            "until_at": self.until_at,
            "manner": self.manner,
            "purpose": self.purpose.id,
            "state": self.state,
            "requested_by": self.requested_by,
            "requested_at": record.at,
            "seq": record.seq,
        }
        of_person = () if self.person is None else (about(self.purpose, self.person),)
        return (Upsert("access_right", row), *of_person)


class _RightDecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    access_right: int
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right's new state, and by whom."""
        row: Row = {
            "access_right": self.access_right,
            "state": self.state,
            "decided_by": self.decided_by,
            "decided_at": record.at,
            "judged_seq": record.seq,
            "seq": record.seq,
        }
        return (Upsert("access_right", row),)


class _Approved(_RightDecided, frozen=True, forbid_unknown_fields=True):
    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The right, in force."""
        approved: Row = {"access_right": self.access_right, "approved_seq": record.seq}
        return (*super().rows(record), Upsert("access_right", approved))


@kind("right.approved")
class RightApprovedBefore(_Approved, frozen=True, forbid_unknown_fields=True):
    """An approval, as version 1 of the kind says it."""


@kind("right.approved", 2)
class RightApproved(_Approved, frozen=True, forbid_unknown_fields=True):
    """A second, different operator approved it: now it holds (C7.3)."""

    despite: tuple[str, ...] = ()
    """What was open against the person then: codes of `controller.rules.violation`, or the condition they lacked (C7.2)."""


@kind("right.declined")
class RightDeclined(_RightDecided, frozen=True, forbid_unknown_fields=True):
    """The approver said no."""


@kind("right.revoked")
class RightRevoked(_RightDecided, frozen=True, forbid_unknown_fields=True):
    """The right has ended before its time (C7.4)."""
