"""What a dashboard may ask for: who answers for a place (C3.1). One proposes, another approves."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("keeper.propose")
class ProposeKeeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let these two people answer for the place; they are different, and both are here."""

    place: Word
    manager: Number
    deputy: Number


@request_kind("keeper.approve")
class ApproveKeeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let an appointment take effect; by another operator than the one who asked."""

    appointment: Number


@request_kind("keeper.decline")
class DeclineKeeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to an appointment."""

    appointment: Number
