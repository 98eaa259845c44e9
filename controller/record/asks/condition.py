"""What may be put on record of pledges and training (C5.1, C7.6)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

People = Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=100)]
"""A hundred at most: what is recorded of them is one commit, and taps wait behind it."""


@request_kind("pledge.sign", private=("note?",))
class SignPledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These people signed this text on this day (C7.6). `signed_on` as in records; `occasion` one of `OCCASIONS`."""

    people: People
    pledge: Word
    version: Word
    sha256: Word
    signed_on: Word
    occasion: Word


@request_kind("pledge.withdraw", private=("reason",))
class WithdrawPledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was recorded as a signature was a mistake."""

    fulfilment: Number


@request_kind("training.complete", private=("note?",))
class CompleteTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These people attended this course to its end on this day (C5.1). `completed_on` as in records."""

    people: People
    course: Word
    completed_on: Word


@request_kind("training.withdraw", private=("reason",))
class WithdrawTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was recorded as training was a mistake."""

    fulfilment: Number
