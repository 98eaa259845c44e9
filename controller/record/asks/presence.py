"""What may be asked about who is where: a correction, a pardon, and what the reception's book says (C8.9)."""

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("presence.correct", private=("reason",))
class CorrectPresence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person is in this zone, empty for outside, whatever the doors have seen. It must expire: people move on."""

    person: Number
    zone: Word


@request_kind("presence.forgive", private=("reason",))
class ForgivePresence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let no anti-passback keep this person out until then, or until they have passed. It must expire."""

    person: Number
    until_at: Word


@request_kind("entry.note", private=("reason",))
class NoteEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By the book the person passed this portal (side `in` or `out`) at that time, while no door could see it."""

    person: Number
    portal: Word
    side: Word
    book_at: Word


@request_kind("entry.confirm")
class ConfirmEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A noted entry is as the book has it; by another operator than the one who noted it."""

    note: Number


@request_kind("entry.decline")
class DeclineEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A noted entry is not as the book has it."""

    note: Number
