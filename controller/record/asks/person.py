"""What may be asked about a person whom the site knows: other details, and the day on which they leave (C7.2, C7.4)."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("person.change", private=("name?", "kana?", "title?", "department?"))
class ChangePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other details: all of them, with the name; none of them leaves what is. It must expire: a date can be moved later."""

    person: Number
    leaves_on: Word | None = None
    """The last day, as the calendar on the site's wall has it (`2027-03-31`); empty takes it back, None leaves what is."""


@request_kind("person.leave")
class LeavePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let everything that the person holds end, at once or when a day is over. It never expires."""

    person: Number
    leaves_on: Word = ""
    """The last day, never a later one than is set already; empty: now."""


@request_kind("person.register", private=("name", "kana?", "title?", "department?"))
class RegisterPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a person known to the site."""


@request_kind("person.suspend", private=("reason",))
class SuspendPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let no badge of this person open anything, at once."""

    person: Number


@request_kind("person.reinstate", private=("reason",))
class ReinstatePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a suspension."""

    person: Number


@request_kind("person.erase")
class ErasePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let everything written about a suspended person go, for ever; by another operator than the one who suspended them."""

    person: Number
    reason: Word
    """One of `controller.record.kinds.person.REASONS`."""
