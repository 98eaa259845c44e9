"""Schedules: at which hours of which days something holds (C8.8). The only place where local time is looked at.

A schedule is read off the wall clock of the site's time zone: it is open at an instant when the clock on the wall then
shows a time inside one of the day's windows. So an hour that the clock skips never comes, and one that it shows twice
counts twice. A window includes its first minute and not its last. A window over midnight belongs to the day on which it
begins: a holiday closes it whole, the morning after included, and a holiday's own morning still belongs to the evening before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import jpholiday

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HORIZON_DAYS = 400


@lru_cache(maxsize=4096)
def _national(country: str, day: date) -> bool:
    return country == "JP" and bool(jpholiday.is_holiday(day))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are holidays: a country's (`JP`, or empty for none), and the company's own."""

    country: str = ""
    company: frozenset[date] = frozenset()

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a national or a company holiday."""
        return day in self.company or _national(self.country, day)


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` until before `end` on the wall clock; an `end` not after it is the next day's: 00:00-00:00 is a day."""

    begin: time
    end: time

    @property
    def wraps(self) -> bool:
        """Whether it ends on the day after it began."""
        return self.end <= self.begin

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows for each weekday (Monday first) and for holidays; `holiday` None: holidays are as their weekday."""

    id: str
    week: tuple[tuple[Window, ...], ...]
    holiday: tuple[Window, ...] | None = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    calendar: Calendar = Calendar()

    def windows(self, day: date) -> tuple[Window, ...]:
        """The windows that begin on this day."""
        if self.holiday is not None and self.calendar.is_holiday(day):
            return self.holiday
        return self.week[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether the schedule holds at this instant (aware)."""
        local = at.astimezone(self.zone)
        wall, day = local.time(), local.date()
        if any(w.begin <= wall and (w.wraps or wall < w.end) for w in self.windows(day)):
            return True
        return any(w.wraps and wall < w.end for w in self.windows(day - timedelta(days=1)))

    def next_change(self, at: datetime, within_days: int = _HORIZON_DAYS) -> datetime | None:
        """The first instant after `at` when it opens or closes, or None within the coming days."""
        now_open = self.is_open(at)
        for instant in self._edges(at, within_days):
            if instant > at and self.is_open(instant) != now_open:
                return instant
        return None

    def _edges(self, at: datetime, within_days: int) -> Iterator[datetime]:
        """Every instant at which the wall clock may enter or leave a window, day by day, in order."""
        first = at.astimezone(self.zone).date() - timedelta(days=1)
        for offset in range(within_days + 1):
            day = first + timedelta(days=offset)
            walls = {time(0)} | {
                edge for d in (day, day - timedelta(days=1)) for w in self.windows(d) for edge in (w.begin, w.end)
            }
            edges = {edge for wall in walls for edge in _instants(day, wall, self.zone)}
            yield from sorted(edges | _clock_shifts(day, self.zone))


def _instants(day: date, wall: time, zone: ZoneInfo) -> set[datetime]:
    """The instants at which the wall clock shows this time on this day: one, two, or the end of the gap that skips it."""
    return {datetime.combine(day, wall, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)}


def _clock_shifts(day: date, zone: ZoneInfo) -> set[datetime]:
    """The instants of this day at which the zone's clock is put forward or back, to the minute."""
    begin = datetime.combine(day, time(0), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    if begin.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return set()
    before = begin.astimezone(zone).utcoffset()
    low, high = begin, end
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=((high - low) // timedelta(minutes=1)) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return {high}


def always(zone: ZoneInfo) -> Schedule:
    """The schedule that every site has: at any time."""
    whole_day = (Window(time(0), time(0)),)
    return Schedule("always", (whole_day,) * 7, None, zone)


@dataclass(frozen=True, slots=True)
class WallClock:
    """The calendar on the site's wall: which day it is, and when a day is over."""

    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The day that it is now."""
        return self.now.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The instant at which the day is over (UTC): the first of the next one, whatever the clock skips at midnight."""
        return datetime.combine(day + timedelta(days=1), time(0), self.zone).astimezone(UTC)
