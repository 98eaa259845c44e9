"""What may be asked about PINs; no digit is ever in a request."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("pin.enrol")
class EnrolPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person choose a PIN at this reader's keypad, after tapping their own badge."""

    person: Number
    reader: Word


@request_kind("pin.clear")
class ClearPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person's PIN count no more."""

    person: Number


@request_kind("pin.unlock")
class UnlockPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person try again before the end of a lock-out."""

    person: Number
