"""What may be asked of doors and zones: a release, an override, a lockdown, an evacuation (C8.7, C8.8)."""

import msgspec

from controller.record.requests import Word, request_kind


@request_kind("portal.release", private=("reason",))
class ReleasePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a portal be opened once."""

    portal: Word


@request_kind("portal.override", private=("reason",))
class OverridePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a portal stand `open` or `locked` until then, whatever its schedule says."""

    portal: Word
    posture: Word
    until_at: Word


@request_kind("portal.resume")
class ResumePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End an override before its time."""

    portal: Word


@request_kind("lockdown.begin", private=("reason",))
class BeginLockdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let nobody enter the zone; `*`: any zone of the site."""

    zone: Word


@request_kind("lockdown.end", private=("reason",))
class EndLockdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lift a lockdown."""

    zone: Word


@request_kind("evacuation.begin", private=("reason",))
class BeginEvacuation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lead everybody out of the zone; `*`: out of the site."""

    zone: Word


@request_kind("evacuation.end", private=("reason",))
class EndEvacuation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let people in again."""

    zone: Word
