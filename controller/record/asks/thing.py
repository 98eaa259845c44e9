"""What may be asked about things that can be carried away (C9.1)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

MOST_PLACES = 16

_Places = Annotated[tuple[Word, ...], msgspec.Meta(max_length=MOST_PLACES)]


@request_kind("thing.register", private=("label",))
class RegisterThing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Make a thing known, or with `thing` say anew how one is; see the record's kind for each."""

    code: Word
    medium: Word
    place: Word
    allowed: _Places = ()
    asset: Number | None = None
    thing: Number | None = None


@request_kind("thing.retire")
class RetireThing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a thing be taken out no more: `retired` or `lost`."""

    thing: Number
    state: Word
