"""What a dashboard may ask for: tethered equipment and its rounds (C8.13)."""

import msgspec

from controller.record.requests import Number, Word, request_kind

RESULTS = OK, MISSING, DAMAGED = ("ok", "missing", "damaged")
"""What can be found of a thing in a round."""


@request_kind("tether.register", private=("name",))
class RegisterTether(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a thing that a wire holds in its place on the check list."""

    equipment: Word
    """What stands on its label: lower-case letters, digits and -, and no other thing on the list is called so."""
    place: Word
    every_days: Number = 0
    """So many days from one look to the next; 0: as the site has it."""


@request_kind("tether.retire", private=("reason",))
class RetireTether(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a thing off the check list."""

    tethered: Number


@request_kind("tether.begin_round")
class BeginTetherRound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set out to look at everything on the list in a place; empty: everywhere."""

    place: Word = ""


@request_kind("tether.check", private=("note?",))
class CheckTether(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what was found of one thing. Said again, it corrects what was said; for anything but `ok` the note says what."""

    tether_round: Number
    tethered: Number
    result: Word


@request_kind("tether.end_round")
class EndTetherRound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End the round. What nobody looked at stays due."""

    tether_round: Number
