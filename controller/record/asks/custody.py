"""What may be asked about the custody ledger: one asks, another decides (C4.1, C4.2, C8.5, C9.1)."""

from typing import Annotated

import msgspec

from controller.record.handling import MOST_COPIES
from controller.record.requests import Number, Word, request_kind

MOST_HANDED = 20
"""Copies of one request."""


@request_kind("custody.request", private=("purpose", "where?", "recipient?", "remarks?"))
class RequestCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Ask to do this with a thing or an asset; `act` is one of `controller.record.handling.ACTS`."""

    person: Number
    act: Word
    place: Word
    """A zone, a container or `off_site`."""
    thing: Number | None = None
    asset: Number | None = None
    medium: Word = ""
    """Of an asset; a thing has its own."""
    due_at: Word | None = None
    copies: Annotated[int, msgspec.Meta(ge=0, le=MOST_COPIES)] = 0
    begin: bool = False
    """Begin at once, where no approval is needed."""


@request_kind("custody.approve")
class ApproveCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Allow it."""

    custody: Number


@request_kind("custody.decline", private=("reason?",))
class DeclineCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Do not allow it, or take one's own request back. A reason is needed for another's."""

    custody: Number


@request_kind("custody.begin")
class BeginCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that the person has it now."""

    custody: Number


@request_kind("custody.ask_extension")
class AskExtension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for a later day."""

    custody: Number
    due_at: Word


@request_kind("custody.extend")
class ExtendCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let it be due on another day."""

    custody: Number
    due_at: Word


@request_kind("custody.end", private=("remarks?",))
class EndCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Say that it is over, and how: one of `controller.record.handling.OUTCOMES`."""

    custody: Number
    outcome: Word
    brought_by: Number | None = None
    """Who brought it back."""


@request_kind("custody.confirm")
class ConfirmCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Approve the end of a line: it is back indeed."""

    custody: Number


@request_kind("custody.hand_out", private=("name*",))
class HandOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Hand the next numbers to these people, in order; to somebody the site does not know, 0 and a name (`name.0`, …)."""

    custody: Number
    people: Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=MOST_HANDED)]


@request_kind("custody.collect")
class CollectCopies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that these copies are back, destroyed or lost: one of `controller.record.handling.FATES`."""

    custody: Number
    numbers: Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=MOST_COPIES)]
    fate: Word


@request_kind("custody.dispose")
class DisposeCustody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that the person has destroyed it, by which of `controller.record.handling.METHODS`."""

    custody: Number
    method: Word


@request_kind("custody.witness")
class WitnessDisposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that one has watched the destruction."""

    custody: Number
