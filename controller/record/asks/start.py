"""The review that ends a single-person start."""

import msgspec

from controller.record.requests import Number, request_kind


@request_kind("start.review")
class ReviewStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done alone since start `start` has been looked at, up to record `upto`; by another than who was alone."""

    start: Number
    upto: Number
