"""Commands at the console about who is where. Rows of `controller.commands`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from controller import byhand
from controller.facility import Facility
from controller.facts import Facts
from controller.ledger.ledger import fresh_salt
from controller.record.asks.presence import CorrectPresence, ForgivePresence, NoteEntry
from controller.record.canonical import timestamp
from controller.record.private import LONGEST_TEXT, PrivateRow
from controller.record.refusals import Code
from controller.record.requests import Number
from controller.rules.authority import CONSOLE
from controller.rules.outcome import Outcome, Refusal
from controller.timekeeper import Now

_MOST_MINUTES = 7 * 24 * 60
"""More than any pardon lasts; a number that is no time of the calendar is refused as too long and not as a bug."""


class CorrectPresenceHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say where a person is: in this zone, empty for outside."""

    person: Number
    zone: str
    reason: str


class ForgivePresenceHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let no anti-passback keep a person out for so many minutes."""

    person: Number
    minutes: Number
    reason: str


class NoteEntryHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Write down an entry that the book has."""

    person: Number
    portal: str
    side: str
    book_at: str
    reason: str


class DecideEntryHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stand by an entry that was written down, or not."""

    note: Number


def _presence_correct(asked: CorrectPresenceHere, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    ask = CorrectPresence(asked.person, asked.zone)
    reason = _reason(asked.reason)
    return reason if isinstance(reason, Refusal) else byhand.correct(ask, CONSOLE, facility, facts, reason, now.judged)


def _presence_forgive(asked: ForgivePresenceHere, facts: Facts, _facility: Facility, now: Now) -> Outcome | Refusal:
    until = timestamp(now.judged + timedelta(minutes=min(asked.minutes, _MOST_MINUTES)))
    reason = _reason(asked.reason)
    if isinstance(reason, Refusal):
        return reason
    return byhand.forgive(ForgivePresence(asked.person, until), CONSOLE, facts, reason, now.judged)


def _entry_note(asked: NoteEntryHere, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    ask = NoteEntry(asked.person, asked.portal, asked.side, asked.book_at)
    reason = _reason(asked.reason)
    return reason if isinstance(reason, Refusal) else byhand.note(ask, CONSOLE, facility, facts, reason, now.judged)


def _entry_confirm(asked: DecideEntryHere, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    return byhand.confirm(asked.note, CONSOLE, facility, facts, now.judged)


def _entry_decline(asked: DecideEntryHere, facts: Facts, facility: Facility, _now: Now) -> Outcome | Refusal:
    return byhand.decline(asked.note, CONSOLE, facility, facts)


def _reason(text: str) -> PrivateRow | Refusal:
    """What was typed at the console, as a private row."""
    if not text.strip():
        return Refusal(Code.PURPOSE, "reason")
    return PrivateRow(f"reason-{fresh_salt()[:26]}", 1, {"reason": text.strip()[:LONGEST_TEXT]}, fresh_salt())


Rule = Callable[[Any, Facts, Facility, Now], Outcome | Refusal]

PRESENCE_COMMANDS: dict[str, tuple[type[msgspec.Struct], Rule]] = {
    "presence.correct": (CorrectPresenceHere, _presence_correct),
    "presence.forgive": (ForgivePresenceHere, _presence_forgive),
    "entry.note": (NoteEntryHere, _entry_note),
    "entry.confirm": (DecideEntryHere, _entry_confirm),
    "entry.decline": (DecideEntryHere, _entry_decline),
}
