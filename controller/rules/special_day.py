"""Special days that operators set: other hours for one schedule, or for all, on one day (C8.8).

A manager closes a half-day alone, from the phone. Hours that open anything beyond what the settings (or an approved special
day) open on that day hold only after a second person approved them: otherwise one manager could lend the vault the hours of a
shop. So do fewer hours of a schedule in whose hours a portal asks for a PIN: outside of them the badge alone opens it. Back
to the settings' hours is one person's word, as a lifted lockdown is, and has to come in time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.record.hours import read_windows, windows_text
from controller.record.kinds.calendar import (
    SpecialDayApproved,
    SpecialDayCleared,
    SpecialDayDeclined,
    SpecialDayRequested,
    SpecialDaySet,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.record.schedule import ALL, ALWAYS, Schedule, covers, minutes
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.start import differ

AHEAD = timedelta(days=400)
"""How far ahead a special day may be set; what is farther off belongs into the settings."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A special day as recorded."""

    special_day: int
    day: str
    schedule: str
    hours: str
    state: str
    requested_by: int
    requester: int | None = None
    """The person who is that operator, if the site knows."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The site's schedules: as the settings have them, and as they hold now."""

    settings: Mapping[str, Schedule]
    now: Mapping[str, Schedule]
    asking: frozenset[str] = frozenset()
    """Those in whose hours a portal asks for a PIN: there it is fewer hours that let more people in."""

    def concerned(self, schedule: str) -> list[str]:
        """The schedules that a special day of this one is about."""
        return [id for id in self.settings if schedule == id or (schedule == ALL and id != ALWAYS)]

    def opens_more(self, schedule: str, day: date, hours: str) -> bool:
        """Whether these hours open at a minute of the day at which neither the settings nor an approved special day do."""
        wanted = read_windows(hours)
        return any(
            not covers((*self.settings[id].windows(day), *self.now[id].windows(day)), wanted)
            for id in self.concerned(schedule)
        )

    def asks_less(self, schedule: str, day: date, hours: str) -> bool:
        """Whether a portal would ask for no PIN at a minute at which it asks by the settings and by every approved day."""
        wanted = minutes(read_windows(hours))
        return any(
            minutes(self.settings[id].windows(day)) & minutes(self.now[id].windows(day)) - wanted
            for id in self.asking.intersection(self.concerned(schedule))
        )

    def today(self, now: datetime) -> date:
        """The day it is where the site is."""
        return now.astimezone(self.settings[ALWAYS].zone).date()


def ask(
    number: int,
    schedule: str,
    day: str,
    hours: str,
    *,
    operator: OperatorFact,
    reason: PrivateRow,
    known: Hours,
    replaced: tuple[int, ...],
    now: datetime,
) -> Outcome | Refusal:
    """Set other hours, as special day `number`; or ask for them, where they open more. `replaced`: what is set there now."""
    if refusal := _whole_site(operator):
        return refusal
    if schedule == ALWAYS or not known.concerned(schedule):
        return Refusal(Code.SUBJECT, "body.schedule")
    try:
        date_of, text = _day(day), windows_text(read_windows(hours))
    except ValueError as error:
        return Refusal(Code.FORM, str(error)[:200])
    if not known.today(now) <= date_of <= known.today(now) + AHEAD:
        return Refusal(Code.VALIDITY, "body.day")
    ref, by = reason.ref(), operator.operator
    if known.opens_more(schedule, date_of, text) or known.asks_less(schedule, date_of, text):
        return Outcome((SpecialDayRequested(number, day, schedule, text, ref, by, "requested"),), private=(reason,))
    record = SpecialDaySet(number, day, schedule, text, ref, by, "set")
    return Outcome((*_cleared(replaced, by), record), private=(reason,))


def approve(
    asked: Standing | None, operator: OperatorFact, known: Hours, replaced: tuple[int, ...], now: datetime
) -> Outcome | Refusal:
    """Let the hours hold that somebody asked for. Not by who asked, under whatever number; not for a day that is over."""
    if asked is None or asked.state != "requested":
        return Refusal(Code.SUBJECT, "body.special_day")
    if refusal := _whole_site(operator):
        return refusal
    if not differ(asked.requested_by, asked.requester, operator):
        return Refusal(Code.SECOND_PERSON, "special_day.requested_by")
    if not known.concerned(asked.schedule):
        return Refusal(Code.SUBJECT, "special_day.schedule")
    if date.fromisoformat(asked.day) < known.today(now):
        return Refusal(Code.VALIDITY, "special_day.day")
    by = operator.operator
    record = SpecialDayApproved(asked.special_day, asked.day, asked.schedule, asked.hours, by, "set")
    return Outcome((*_cleared(replaced, by), record))


def decline(asked: Standing | None, operator: OperatorFact) -> Outcome | Refusal:
    """Say no to hours that were asked for; the one who asked may also take it back so."""
    if asked is None or asked.state != "requested":
        return Refusal(Code.SUBJECT, "body.special_day")
    if refusal := _whole_site(operator):
        return refusal
    return Outcome((SpecialDayDeclined(asked.special_day, operator.operator, "declined"),))


def clear(standing: Standing | None, operator: OperatorFact) -> Outcome | Refusal:
    """Let the day have the hours of the settings again."""
    if standing is None or standing.state != "set":
        return Refusal(Code.SUBJECT, "body.special_day")
    if refusal := _whole_site(operator):
        return refusal
    return Outcome(tuple(_cleared((standing.special_day,), operator.operator)))


def _day(text: str) -> date:
    """The day, written in the one way that keys are compared in. Raises ValueError."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(f"{text!r} is not written 2026-12-29")
    return day


def _cleared(numbers: tuple[int, ...], by: int) -> Iterator[SpecialDayCleared]:
    return (SpecialDayCleared(number, by, "cleared") for number in numbers)


def _whole_site(operator: OperatorFact) -> Refusal | None:
    """A schedule is the whole site's: those alone who answer for all of it change its hours."""
    return None if "*" in operator.scope else Refusal(Code.SCOPE, "operator.scope")
