"""Doors: what leaf and lock did (C8.7), and releases that no badge asked for."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

_LOCK = {
    "secure": "secure", "released": "released", "open": "secure", "held": "secure", "forced": "secure",
    "standing": "released", "standing_open": "released",
}  # fmt: skip
_LEAF = {
    "secure": "closed", "released": "closed", "open": "open", "held": "open", "forced": "open",
    "standing": "closed", "standing_open": "open",
}  # fmt: skip

STANDS = frozenset({"standing", "standing_open"})
"""The states of a portal that is unlocked until further notice."""


def released_row(record: Record, portal: str, status: str, *, cause: str) -> tuple[RowChange, ...]:
    """The portal after something allowed it to be opened: released by this record, or, if it stood open, as it was."""
    if status != "released":
        return ()
    return (portal_row(record, portal, status, cause=cause, release_seq=record.seq),)


def leaf_row(record: Record, portal: str, status: str) -> Upsert:
    """The row of a portal that stands unlocked after its leaf moved: why it stands so is as before."""
    leaf: Row = {"status": status, "lock": _LOCK[status], "leaf": _LEAF[status], "at": record.at, "seq": record.seq}
    return Upsert("portal_state", {"portal": portal, **leaf})


def portal_row(
    record: Record,
    portal: str,
    status: str,
    *,
    cause: str,
    release_seq: int | None,
    cause_seq: int | None = None,
    until_at: str | None = None,
) -> Upsert:
    """The portal's state row after a record. `release_seq` names a release whose outcome is still open, or None."""
    return Upsert(
        "portal_state",
        {
            "portal": portal,
            "status": status,
            "lock": _LOCK.get(status, "unknown"),
            "leaf": _LEAF.get(status, "unknown"),
            "cause": cause,
            "cause_seq": record.seq if cause_seq is None else cause_seq,
            "release_seq": release_seq,
            "until_at": until_at,
            "at": record.at,
            "seq": record.seq,
        },
    )


@kind("door.observed", passing=True)
class DoorObserved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After a start: the lock was commanded secure and the contact read for the first time."""

    portal: str
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The portal as found."""
        return (portal_row(record, self.portal, self.status, cause="start", release_seq=None),)


@kind("door.opened", passing=True)
class DoorOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The leaf opened after a release."""

    portal: str
    release: int
    """`seq` of the record that released it."""
    cause: str
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Open; the release has had its outcome."""
        if self.status in STANDS:
            return (leaf_row(record, self.portal, self.status),)
        state = portal_row(record, self.portal, self.status, cause=self.cause, release_seq=None, cause_seq=self.release)
        return (state,)


@kind("door.closed", passing=True)
class DoorClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The leaf is closed and the lock secure."""

    portal: str
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Secure again, or as it stands."""
        if self.status in STANDS:
            return (leaf_row(record, self.portal, self.status),)
        return (portal_row(record, self.portal, self.status, cause="", release_seq=None),)


@kind("door.held", passing=True)
class DoorHeld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The leaf has been open for longer than the portal allows: an alarm."""

    portal: str
    status: str
    held_open_s: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Held."""
        return (portal_row(record, self.portal, self.status, cause="held", release_seq=None),)


@kind("door.forced", passing=True)
class DoorForced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The leaf opened though nothing had released it: an alarm (C8.10)."""

    portal: str
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Forced."""
        return (portal_row(record, self.portal, self.status, cause="forced", release_seq=None),)


@kind("exit.requested", passing=True)
class ExitRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody leaves: pressed request-to-exit, or tapped at the inner reader with something missing.

    Nobody is kept in (design §11): `code` then says what was wrong with the badge, or what the badge's person lacks for the
    zone that the portal leads out into; it is empty for the button. `person` and `badge` are who it was, where known (C8.9).
    """

    portal: str
    code: str
    label: str
    person: int | None
    badge: int | None
    status: str
    release_s: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Released from the inside."""
        return released_row(record, self.portal, self.status, cause="exit")


@kind("portal.released")
class PortalReleased(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator let a portal be opened once, for a reason."""

    portal: str
    operator: int
    reason: PrivateRef
    status: str
    release_s: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Released by an operator."""
        return released_row(record, self.portal, self.status, cause="operator")


@kind("release.abandoned", passing=True)
class ReleaseAbandoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release was durable but the controller stopped before its outcome was known. It is never performed late."""

    portal: str
    release: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Secure; the open release is closed."""
        return (portal_row(record, self.portal, "secure", cause="start", release_seq=None),)
