"""What may be asked about days with other hours."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("special_day.set", private=("reason",))
class SetSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give a schedule (`*`: all but `always`) other hours on a day: `08:30-12:00`, or `-` for closed."""

    day: Word
    schedule: Word
    hours: Annotated[str, msgspec.Meta(max_length=128)]


@request_kind("special_day.approve")
class ApproveSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let hours hold that somebody else asked for."""

    special_day: Number


@request_kind("special_day.decline")
class DeclineSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to hours that were asked for."""

    special_day: Number


@request_kind("special_day.clear")
class ClearSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the day have the hours of the settings again."""

    special_day: Number
