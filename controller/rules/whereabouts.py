"""Who is where, by hand: corrections, pardons, and entries that a book has and no door saw (C8.9).

An operator's word stands beside what doors saw, and is marked as such. What may let somebody in (a correction, a pardon) is
nobody's own affair, and ends. An entry from a book takes two names; it moves the person only if nothing newer is known, so
that yesterday's page, written up today, does not bring anybody back into the house.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks.presence import CorrectPresence, ForgivePresence, NoteEntry
from controller.record.canonical import moment, timestamp
from controller.record.kinds.noted import EntryConfirmed, EntryDeclined, EntryNoted
from controller.record.kinds.presence import PresenceCorrected, PresenceForgiven
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passback import Whereabouts
from controller.rules.start import differ

LONGEST = timedelta(hours=24)
"""How long a pardon lasts at most."""

OLDEST = timedelta(days=31)
"""How old an entry in a book may be: older ones are a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A portal as a book names it."""

    portal: str
    inner: str
    outer: str

    def into(self, side: str) -> str:
        """The zone that this side leads into."""
        return self.inner if side == "in" else self.outer


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry that was written down. `noter` is the person who wrote it, if the site knows."""

    note: int
    person: int
    portal: str
    side: str
    zone: str
    book_at: str
    noted_by: int
    noter: int | None
    state: str


def correct(
    ask: CorrectPresence,
    operator: OperatorFact,
    person_state: str | None,
    known: Whereabouts | None,
    zones: Container[str],
    reason: PrivateRow,
) -> Outcome | Refusal:
    """Say where a person is. Nobody says it of themselves: it opens doors."""
    if refusal := _somebody(ask.person, operator, person_state):
        return refusal
    if ask.zone and ask.zone not in zones:
        return Refusal(Code.SUBJECT, "body.zone")
    before = None if known is None else known.zone
    if refusal := _anywhere(operator, ask.zone, before or ""):
        return refusal
    corrected = PresenceCorrected(ask.person, before, ask.zone, operator.operator, reason.ref())
    return Outcome((corrected,), private=(reason,))


def forgive(
    ask: ForgivePresence,
    operator: OperatorFact,
    person_state: str | None,
    known: Whereabouts | None,
    reason: PrivateRow,
    now: datetime,
) -> Outcome | Refusal:
    """Let no anti-passback keep the person out for a while. Of somebody who was never seen there is nothing to forgive."""
    if refusal := _somebody(ask.person, operator, person_state):
        return refusal
    if known is None:
        return Refusal(Code.SUBJECT, "presence")
    until = _time(ask.until_at)
    if until is None or not now < until <= now + LONGEST:
        return Refusal(Code.PURPOSE, "body.until_at")
    if refusal := _anywhere(operator, known.zone):
        return refusal
    forgiven = PresenceForgiven(ask.person, timestamp(until), operator.operator, reason.ref())
    return Outcome((forgiven,), private=(reason,))


def note(
    ask: NoteEntry,
    operator: OperatorFact,
    person_state: str | None,
    passage: Passage | None,
    *,
    number: int,
    reason: PrivateRow,
    now: datetime,
) -> Outcome | Refusal:
    """Write an entry `number` down as the book has it; nobody moves by that alone."""
    if person_state in (None, "erased"):
        return Refusal(Code.SUBJECT, "body.person")
    if passage is None or ask.side not in ("in", "out"):
        return Refusal(Code.SUBJECT, "body.portal" if passage is None else "body.side")
    at = _time(ask.book_at)
    if at is None or not now - OLDEST <= at <= now:
        return Refusal(Code.VALIDITY, "body.book_at")
    if refusal := within(operator, passage.inner, passage.outer):
        return refusal
    zone = passage.into(ask.side)
    noted = EntryNoted(
        number, ask.person, ask.portal, ask.side, zone, timestamp(at), operator.operator, reason.ref(), "noted"
    )
    return Outcome((noted,), private=(reason,))


def confirm(
    noted: Noted | None,
    operator: OperatorFact,
    passage: Passage | None,
    known: Whereabouts | None,
    doubted_at: datetime | None,
) -> Outcome | Refusal:
    """Stand by an entry that somebody else wrote down, and that is not one's own. `doubted_at`: the zone's newest doubt."""
    refusal = _undecided(noted, operator, passage)
    if refusal or noted is None:
        return refusal or Refusal(Code.SUBJECT, "body.note")
    if not differ(noted.noted_by, noted.noter, operator):
        return Refusal(Code.SECOND_PERSON, "entry.noted_by")
    if operator.person == noted.person:
        return Refusal(Code.SECOND_PERSON, "entry.person")
    at = moment(noted.book_at)
    moved = known is None or known.since < at
    certain = doubted_at is None or doubted_at <= at
    confirmed = EntryConfirmed(
        noted.note, noted.person, noted.portal, noted.side, noted.zone, noted.book_at, noted.noted_by,
        operator.operator, moved, moved and certain, "confirmed",
    )  # fmt: skip
    return Outcome((confirmed,))


def decline(noted: Noted | None, operator: OperatorFact, passage: Passage | None) -> Outcome | Refusal:
    """Say that an entry is not as it was written down; the one who wrote it may say so too."""
    refusal = _undecided(noted, operator, passage)
    if refusal or noted is None:
        return refusal or Refusal(Code.SUBJECT, "body.note")
    return Outcome((EntryDeclined(noted.note, noted.person, operator.operator, "declined"),))


def _undecided(noted: Noted | None, operator: OperatorFact, passage: Passage | None) -> Refusal | None:
    if noted is None or noted.state != "noted":
        return Refusal(Code.SUBJECT, "body.note")
    zones = (noted.zone,) if passage is None else (passage.inner, passage.outer)
    return within(operator, *zones)


def _somebody(person: int, operator: OperatorFact, person_state: str | None) -> Refusal | None:
    """Whether this is a person whom the operator may speak of."""
    if person_state in (None, "erased"):
        return Refusal(Code.SUBJECT, "body.person")
    return Refusal(Code.SECOND_PERSON, "body.person") if operator.person == person else None


def _anywhere(operator: OperatorFact, *zones: str) -> Refusal | None:
    """Whether one of these zones is the operator's; that somebody is outside may be said by all."""
    return within(operator, *zones) if any(zones) else None


def _time(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None
