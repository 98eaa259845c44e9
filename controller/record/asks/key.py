"""What may be asked about keys: how they are kept, loans by hand, reservations, losses, envelopes, inventory rounds (C8.2)."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

_Few = Annotated[int, msgspec.Meta(ge=0, le=3)]
_Minutes = Annotated[int, msgspec.Meta(ge=0, le=366 * 24 * 60)]
_Most = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    label: Word
    """The number stamped on its tag; never that of another key."""
    home: Word
    """The zone or container where it is kept."""
    opens: Word = ""
    """The zone or container that it opens; empty: the text alone says it."""
    cabinet: Word = ""
    slot: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    ring: Number = 0
    """The key that leads its ring; 0: none."""
    copy_of: Number = 0
    authorisers: _Few = 0
    due_minutes: _Minutes = 0
    due_time: Word = ""
    """`HH:MM` of the business day; one of the two has to be said."""
    most: _Most = 0
    stays_in: Word = ""


@request_kind("key.register", private=("name", "note?"))
class RegisterKey(_Kept, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Make a key known, in its place."""


@request_kind("key.change", private=("name", "note?"))
class ChangeKey(_Kept, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Keep the key so from now on."""

    key: Number


@request_kind("key.retire", private=("reason",))
class RetireKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key is no more."""

    key: Number


@request_kind("key.seal")
class SealKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a key into a sealed envelope."""

    key: Number
    seal: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """The number printed on the seal."""
    place: Word
    """The zone or container where the envelope lies."""


@request_kind("key.unseal", private=("reason",))
class UnsealKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open the envelope of a key."""

    key: Number


@request_kind("key.limit")
class LimitKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say how many keys a person may have at a time."""

    person: Number
    most: _Most


# Loans by hand ----------------------------------------------------------------------------------------------------------


@request_kind("key.lend", private=("purpose",))
class LendKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hand a key, with all on its ring, to a person; where others have to agree, ask them first."""

    key: Number
    person: Number


@request_kind("key.authorise")
class AuthoriseLoan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Agree to a loan that waits for it; never to one's own, nor to one that oneself has asked for."""

    loan: Number


@request_kind("key.hand_out")
class HandOutKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hand out the key of a loan to which all have agreed."""

    loan: Number


@request_kind("key.call_off")
class CallOffLoan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a loan that waits."""

    loan: Number


@request_kind("key.return")
class ReturnKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a key back, with all on its ring, whoever brings it."""

    key: Number
    returned_by: Number | None = None
    """None: nobody said who."""


@request_kind("key.hand_over", private=("purpose",))
class HandOverKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a lent key go from its borrower to another person."""

    key: Number
    person: Number


@request_kind("key.report_lost", private=("reason",))
class ReportKeyLost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that a key is lost: its lock has to be changed."""

    key: Number
    lock_down: bool = False
    """Whether nobody shall enter what it opens until somebody lifts that."""


@request_kind("key.replace")
class ReplaceKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that was missing, in a wrong slot, or suspect, is in its place and may be lent again."""

    key: Number


@request_kind("key.change_lock")
class ChangeLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock of a lost or suspect key was changed."""

    key: Number
    lock: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """What the new lock, or its cylinder, is called."""
    new_key: Number = 0
    """The key of the new lock, registered before; 0: it is kept elsewhere."""


# Reservations -----------------------------------------------------------------------------------------------------------


@request_kind("key.reserve", private=("purpose",))
class ReserveKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keep a key for a person for a time to come; times as in records."""

    key: Number
    person: Number
    from_at: Word
    until_at: Word


@request_kind("key.cancel_reservation")
class CancelReservation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a reservation before its time."""

    reservation: Number


# Inventory rounds -------------------------------------------------------------------------------------------------------


@request_kind("key_audit.begin")
class BeginKeyAudit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the keys of a place be counted."""

    place: Word


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen of one key: one of `controller.record.kinds.key_audit.SEEN`."""

    key: Number
    seen: Word


@request_kind("key_audit.count")
class CountKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what was seen of some keys of a round."""

    audit: Number
    counts: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1, max_length=100)]


@request_kind("key_audit.end")
class EndKeyAudit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a round of which every key was counted; where two are asked for, by somebody who counted nothing."""

    audit: Number
