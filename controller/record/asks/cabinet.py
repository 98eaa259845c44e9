"""What the screen beside a key cabinet may ask for, in the name of whoever stands there with their badge (C8.2)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("key.choose", private=("purpose?",))
class ChooseKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever stands at the cabinet wants this key. Without a purpose they are asked, or the only one that is known counts."""

    cabinet: Word
    person: Number
    """Who stands there, as the screen saw it: for nobody else."""
    key: Number
    option: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """The place of a purpose among those that were offered; 0: none of them."""


@request_kind("cabinet.open_slot", private=("reason",))
class OpenSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let what hangs in a slot be taken out without a loan: something unknown, or a key that is not to be lent."""

    cabinet: Word
    slot: Annotated[int, msgspec.Meta(ge=1, le=9999)]


@request_kind("cabinet.sign_out")
class SignOutOfCabinet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever stands at the cabinet wants nothing any more."""

    cabinet: Word
    person: Number
