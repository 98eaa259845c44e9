"""People: registered, changed, suspended, reinstated (C7.2, C7.4)."""

from dataclasses import dataclass
from datetime import date, datetime

from controller.record.asks.person import ChangePerson
from controller.record.canonical import timestamp
from controller.record.kinds.person import PersonChanged, PersonRegistered, PersonReinstated, PersonSuspended
from controller.record.private import PrivateRef, PrivateRow, Text
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock

PRESENT = frozenset({"active", "suspended"})
"""The states of somebody who has not left."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as recorded: the version of their details, and the day on which they leave, with whose word that is."""

    person: int
    state: str
    text: PrivateRef
    leaves_on: str | None = None
    leaves_at: datetime | None = None
    leaves_by: str | None = None

    def next_text(self, text: Text, salt: str) -> PrivateRow:
        """These details as the next version."""
        return PrivateRow(self.text.id, self.text.version + 1, text, salt)


@dataclass(frozen=True, slots=True)
class LastDay:
    """A day on which somebody leaves, the moment at which it is over, and whose word it is."""

    day: str
    over_at: datetime
    by: str


def register(number: int, text: PrivateRow) -> Outcome:
    """Make person `number` known by the texts in the private store."""
    return Outcome((PersonRegistered(number, text.ref(), "active"),), private=(text,))


def suspend(person: int, state: str | None, reason: PrivateRow) -> Outcome | Refusal:
    """Let no badge of this person open anything."""
    if state != "active":
        return Refusal(Code.SUBJECT, "body.person")
    return Outcome((PersonSuspended(person, "suspended", reason.ref()),), private=(reason,))


def reinstate(person: int, state: str | None, reason: PrivateRow, operator: OperatorFact) -> Outcome | Refusal:
    """End a suspension; nobody ends their own."""
    if state != "suspended":
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == person:
        return Refusal(Code.SECOND_PERSON, "body.person")
    return Outcome((PersonReinstated(person, "active", reason.ref()),), private=(reason,))


def change(
    ask: ChangePerson, profile: Profile | None, text: PrivateRow | None, operator: OperatorFact, wall: WallClock
) -> Outcome | Refusal:
    """Other details (`text`), another leaving date, or both.

    A date that is taken back or put off lets rights hold longer: a manager's decision, and nobody's about themselves (C7.2).
    """
    if profile is None or profile.state not in PRESENT:
        return Refusal(Code.SUBJECT, "body.person")
    if text is not None and "name" not in text.text:
        return Refusal(Code.FORM, "private.name: missing")
    last = last_day(ask.leaves_on, profile, f"operator:{operator.operator}", wall)
    if isinstance(last, Refusal):
        return last
    if _put_off(profile, last):
        if operator.person == profile.person:
            return Refusal(Code.SECOND_PERSON, "body.person")
        if "manager" not in operator.roles:
            return Refusal(Code.ROLE, "body.leaves_on")
    record = changed(profile, last, profile.text if text is None else text.ref())
    return Outcome((record,), private=() if text is None else (text,))


def changed(profile: Profile, last: LastDay | None, text: PrivateRef) -> PersonChanged:
    """The record of what is known of the person from now on."""
    if last is None:
        return PersonChanged(profile.person, text, None, None, None)
    return PersonChanged(profile.person, text, last.day, timestamp(last.over_at), last.by)


def last_day(asked: str | None, profile: Profile, by: str, wall: WallClock) -> LastDay | Refusal | None:
    """The leaving date that is asked for: None asked leaves what is, empty is none. Not a day that is over."""
    if asked is None or (asked == profile.leaves_on and asked):
        return _standing(profile)
    if not asked:
        return None
    day = _day(asked)
    if day is None:
        return Refusal(Code.FORM, "body.leaves_on")
    if day < wall.today:
        return Refusal(Code.VALIDITY, "body.leaves_on")
    return LastDay(asked, wall.end_of(day), by)


def _standing(profile: Profile) -> LastDay | None:
    if profile.leaves_on is None or profile.leaves_at is None:
        return None
    return LastDay(profile.leaves_on, profile.leaves_at, profile.leaves_by or "")


def _day(text: str) -> date | None:
    """A day written as records have it, in years that have a next one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and day.year < 9000 else None


def _put_off(profile: Profile, last: LastDay | None) -> bool:
    """Whether the person would leave later than was said, or not at all."""
    return profile.leaves_at is not None and (last is None or last.over_at > profile.leaves_at)
