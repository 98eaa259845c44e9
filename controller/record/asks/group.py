"""What may be asked about groups and who is in them. Joining is decided by another than who asked, as a right is (C7.3)."""

import msgspec

from controller.record.requests import Number, request_kind


@request_kind("group.create", private=("name",))
class CreateGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a group. It is empty and may do nothing."""


@request_kind("group.rename", private=("name",))
class RenameGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give a group another name."""

    team: Number


@request_kind("group.close")
class CloseGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a group and every right of it."""

    team: Number


@request_kind("membership.request", private=("purpose",))
class RequestMembership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask that a person joins a group."""

    team: Number
    person: Number


@request_kind("membership.approve")
class ApproveMembership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a person join; by another operator than the one who asked."""

    membership: Number


@request_kind("membership.decline")
class DeclineMembership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to a membership that was asked for."""

    membership: Number


@request_kind("membership.end")
class EndMembership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a person be in the group no more, at once."""

    membership: Number
