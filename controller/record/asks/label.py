"""What a dashboard may ask for: labels and signs (C2.1)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

MOST_LABELS = 240
"""Of one request: ten sheets."""


@request_kind("label.print")
class PrintLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that labels of a place are printed, and what they say; only then the dashboard hands out the paper."""

    place: Word
    template: Word
    """One of `controller.record.kinds.label.TEMPLATES`."""
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_LABELS)]
    lang: Word
    secrecy: Word
    """What the dashboard is about to print; refused where it is not what holds."""
    manager: Number | None
    deputy: Number | None
