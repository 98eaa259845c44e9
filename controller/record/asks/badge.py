"""What may be asked about badges."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("badge.enrol")
class EnrolBadge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make the next card at this reader the person's badge."""

    person: Number
    reader: Word


@request_kind("badge.retire")
class RetireBadge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let this badge open nothing any more: `lost` or `retired`."""

    badge: Number
    state: Word
