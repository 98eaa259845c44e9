"""How portals stand by themselves: unlocked in business hours, overridden by an operator, locked down (C8.8)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.door import portal_row
from controller.record.private import PrivateRef
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("portal.unlocked")
class PortalUnlocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The portal stands unlocked until further notice, or until `until_at`; `cause` is `schedule` or `override`."""

    portal: str
    cause: str
    until_at: str | None
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Standing unlocked; nobody in particular is expected."""
        return (
            portal_row(record, self.portal, self.status, cause=self.cause, release_seq=None, until_at=self.until_at),
        )


@kind("portal.locked")
class PortalLocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The portal stands unlocked no more; `cause` says why: `schedule`, `override`, `lockdown`, `clock`."""

    portal: str
    cause: str
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Secure, or open until somebody closes the leaf."""
        return (portal_row(record, self.portal, self.status, cause=self.cause, release_seq=None),)


@kind("zone.opened")
class ZoneOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first right holder came into the zone: its portals may stand unlocked until then (first-card unlock, C8.8)."""

    zone: str
    person: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The zone, opened for this window of its hours."""
        row: Row = {"zone": self.zone, "person": self.person, "until_at": self.until_at, "seq": record.seq}
        return (Upsert("zone_opening", row),)


@kind("zone.emptied")
class ZoneEmptied(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last person who was known to be in the zone has left it: its portals wait for a first card again (C8.8)."""

    zone: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Not opened any more."""
        return (Delete("zone_opening", {"zone": self.zone}),)


@kind("portal.overridden")
class PortalOverridden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator set how the portal stands, `open` or `locked`, for a reason, and until then (C8.8)."""

    portal: str
    posture: str
    until_at: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The override; a later one takes its place."""
        row: Row = {
            "portal": self.portal,
            "posture": self.posture,
            "until_at": self.until_at,
            "operator": self.operator,
            "reason": self.reason.id,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("portal_override", row),)


@kind("override.ended")
class OverrideEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The override is over: its time came, or operator `operator` ended it."""

    portal: str
    operator: int | None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The portal stands by its schedule again."""
        return (Delete("portal_override", {"portal": self.portal}),)


@kind("lockdown.begun")
class LockdownBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nobody enters `zone` any more (`*`: any zone of the site), whatever their rights; whoever is inside can leave."""

    zone: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The lockdown."""
        row: Row = {
            "zone": self.zone,
            "operator": self.operator,
            "reason": self.reason.id,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("lockdown", row),)


@kind("lockdown.ended")
class LockdownEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lockdown of `zone` is lifted."""

    zone: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """No lockdown."""
        return (Delete("lockdown", {"zone": self.zone}),)
