"""What may be asked about rights: one asks, another decides (C7.1, C7.3)."""

import msgspec

from controller.record.kinds.right import OWN
from controller.record.requests import Number, Word, request_kind


@request_kind("right.request", private=("purpose",))
class RequestRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Ask for a right of a person or, with `person` None, of a group; `from_at` and `until_at` as in records.

    A default is not written: a site of before groups understands what it always did.
    """

    person: Number | None
    zone: Word
    schedule: Word
    from_at: Word
    until_at: Word
    team: Number | None = None
    manner: Word = OWN
    """One of `controller.record.kinds.right.MANNERS`."""


@request_kind("right.approve")
class ApproveRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a requested right hold; by another operator than the one who asked."""

    access_right: Number


@request_kind("right.decline")
class DeclineRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to a requested right."""

    access_right: Number


@request_kind("right.revoke")
class RevokeRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a right before its time."""

    access_right: Number
