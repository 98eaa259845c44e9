"""When a key is due back: so many minutes after it was lent, or at a time of the business day, whichever is first (C8.2).

Pure arithmetic. The time of day is read off the wall clock of the site's time zone, as schedules are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller.rules.schedule import ALL, Calendar, Schedule

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HORIZON_DAYS = 60
_SATURDAY = 5


def read_time(text: str) -> time | None:
    """The time of day in `HH:MM`; None for anything else."""
    found = _TIME.fullmatch(text)
    return None if found is None else time(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The days on which the site works."""

    zone: ZoneInfo
    calendar: Calendar
    schedule: Schedule | None = None
    """The hours in which somebody can be expected to see to what is due; None: the settings name none."""

    def works(self, day: date) -> bool:
        """Whether it does on this day: whether those hours have any then; else from Monday to Friday but for holidays."""
        if self.schedule is not None:
            return bool(self.schedule.windows(day))
        special = self.calendar.special_day(ALL, day)
        if special is not None:
            return bool(special.windows)
        return day.weekday() < _SATURDAY and not self.calendar.is_holiday(day)

    def next(self, wall: time, now: datetime) -> datetime:
        """The first moment after `now` at which the clock shows this on a business day (UTC); of a site that does not work
        for months, on any day."""
        today = now.astimezone(self.zone).date()
        for offset in range(_HORIZON_DAYS):
            day = today + timedelta(days=offset)
            at = datetime.combine(day, wall, self.zone).astimezone(UTC)
            if at > now and self.works(day):
                return at
        return datetime.combine(today + timedelta(days=1), wall, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class DueRule:
    """A key's own rule; 0 and empty: not so."""

    minutes: int
    time: str

    @property
    def said(self) -> bool:
        """Whether it says anything: without, a key would never be due."""
        return self.minutes > 0 or read_time(self.time) is not None


def due_at(rules: Iterable[DueRule], days: BusinessDays, now: datetime) -> datetime:
    """When keys with these rules are due that are lent now: the earliest of all; a day later where none says anything."""
    known = tuple(rules)
    found = [now + timedelta(minutes=rule.minutes) for rule in known if rule.minutes > 0]
    found += [days.next(wall, now) for rule in known if (wall := read_time(rule.time)) is not None]
    return min(found, default=now + timedelta(days=1))
