"""What may be asked about companies that carry: one assesses, another approves (C8.6)."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("carrier.register", private=("name", "contact?"))
class RegisterCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a company known."""


@request_kind("carrier.assess")
class AssessCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that the company was assessed. It counts when another has approved it."""

    carrier: Number
    assessed_on: Word
    """The day, by the site's calendar."""
    valid_until: Word
    """The last day on which it holds."""
    sha256: Word
    """Of the document."""


@request_kind("carrier.approve")
class ApproveCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let an assessment hold; by another person than the one who assessed. It must expire."""

    assessment: Number


@request_kind("carrier.decline")
class DeclineCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to an assessment."""

    assessment: Number


@request_kind("carrier.pledge")
class PledgeCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that the company signed a pledge of secrecy. It must expire."""

    carrier: Number
    version: Word
    signed_on: Word
    valid_until: Word
    sha256: Word


@request_kind("carrier.withdraw", private=("reason",))
class WithdrawCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the company carry nothing any more. It never expires."""

    carrier: Number
