"""What may be asked about transports: ordered by one, approved by another, confirmed by both sides of each handover (C8.6)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

MOST_CONTENTS = 20
MOST_SEALS = 10
MOST_PHOTOS = 6

Pieces = Annotated[int, msgspec.Meta(ge=1, le=99_999)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Photos = Annotated[tuple[Digest, ...], msgspec.Meta(max_length=MOST_PHOTOS)]
SealNumber = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,32}$")]


class ContentAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line; described by the private text of its position, from 0."""

    what: Annotated[str, msgspec.Meta(pattern="^([a-z_]{1,20}:[1-9][0-9]{0,8})?$")]
    pieces: Pieces


class SealAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One seal as it was set, or as it was seen; `state` is `intact` or `broken` of what was seen."""

    seal: SealNumber
    how: Annotated[str, msgspec.Meta(pattern="^number$")] = "number"
    state: Annotated[str, msgspec.Meta(pattern="^(intact|broken)$")] = "intact"


Seals = Annotated[tuple[SealAsked, ...], msgspec.Meta(max_length=MOST_SEALS)]


@request_kind("transport.request", private=("description*", "address?", "note?"))
class RequestTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask that things be carried, by a person or by a company; times as in records."""

    from_place: Word
    to_place: Word
    """Empty: to the private address."""
    person: Number | None
    carrier: Number | None
    recipient: Number | None
    contents: Annotated[tuple[ContentAsked, ...], msgspec.Meta(min_length=1, max_length=MOST_CONTENTS)]
    dispatch_by: Word
    arrive_by: Word
    receipt_by: Word


@request_kind("transport.approve")
class ApproveTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let it be carried; by who answers for the place and neither ordered nor carries it. It must expire."""

    transport: Number


@request_kind("transport.decline")
class DeclineTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to an order."""

    transport: Number


@request_kind("transport.pack")
class PackTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is packed and sealed: with these seals, so that nobody sees what is inside. It must expire."""

    transport: Number
    seals: Seals
    photos: Photos
    opaque: bool


@request_kind("transport.confirm")
class ConfirmTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Confirm the contents as one side of the handover that it waits for. It must expire."""

    transport: Number
    side: Word
    contents_sha256: Digest
    """Of the list that the operator has seen."""


@request_kind("transport.link")
class LinkTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let somebody outside confirm one side once, by the token of which this is the hash. It must expire."""

    transport: Number
    side: Word
    token_sha256: Digest
    until_at: Word


@request_kind("transport.confirm_by_link", private=("token",))
class ConfirmByLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever holds the token confirms; for a recipient with the seals that they see. It must expire."""

    transport: Number
    side: Word
    contents_sha256: Digest
    seals: Seals = ()


@request_kind("transport.arrive")
class ArriveTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It came, with these seals on it. It must expire."""

    transport: Number
    seals: Seals
    photos: Photos


@request_kind("transport.receive")
class ReceiveTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receipt was handed to me. It must expire."""

    transport: Number
    sha256: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """Of its scan, where there is one."""


@request_kind("transport.cancel", private=("reason",))
class CancelTransport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let it not be carried, while it has not left yet. It never expires."""

    transport: Number


@request_kind("transport.report_lost", private=("reason",))
class ReportTransportLost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is lost on the way. It never expires."""

    transport: Number
