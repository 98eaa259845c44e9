"""What may be asked about reviews: a campaign over the rights to some zones, and the decision on each of them (C7.4)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

EVERY_ZONE = "*"


@request_kind("review.open")
class OpenReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let every right to these zones be looked at; what nobody has decided when `due_on` is over, is suspended."""

    zones: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=200)]
    """`*` alone: every zone of the site."""
    due_on: Word
    """The last day, by the calendar on the site's wall."""


@request_kind("review.keep")
class KeepRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The right is still needed, as it is or narrower. Revoking it is `right.revoke`."""

    access_right: Number
    schedule: Word | None = None
    """Hours within those that it has; None leaves them."""
    until_at: Word | None = None
    """An earlier end, as in records; None leaves it."""
