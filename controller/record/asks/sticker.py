"""What may be asked about NFC stickers on things (C9.1)."""

import msgspec

from controller.record.requests import Word, request_kind


@request_kind("sticker.attach")
class AttachSticker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make the next unknown tag at this station the sticker of this thing (`thing:3`, `asset:7`)."""

    thing: Word
    station: Word


@request_kind("sticker.detach")
class DetachSticker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let this sticker name nothing any more."""

    sticker: Word
