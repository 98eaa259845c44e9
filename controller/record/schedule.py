"""Schedules: at which hours of which days something holds (C8.8). The only place where local time is looked at.

A schedule is read off the wall clock of the site's time zone: it is open at an instant when the clock on the wall then
shows a time inside one of the day's windows. So an hour that the clock skips never comes, and one that it shows twice
counts twice. A window includes its first minute and not its last. A window over midnight belongs to the day on which it
begins: a holiday closes it whole, the morning after included, and a holiday's own morning still belongs to the evening before.

A special day (a half-day, a Saturday that is worked, an inventory night) has hours of its own, of one schedule or of all: they
stand in the place of the weekday's and of the holiday's. Pure, and in the published language: what the controller decides by,
the dashboard draws with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller.record.holidays import national

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HORIZON_DAYS = 400
_LONGEST_SKIP = timedelta(hours=26)


ALL = "*"
"""The schedule of a special day that is one for all of them; but `ALWAYS`, whose name promises what it is."""

ALWAYS = "always"
"""The schedule that every site has."""

_MIDNIGHT = time(0)

COMPANY = ("会社の休日", "Company holiday")
"""What a day of `[calendar] company` is called."""


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

    @property
    def minutes(self) -> tuple[int, int]:
        """Begin and end in minutes since its own day began; past 1440 when it ends on the day after."""
        begin, end = _minutes(self.begin), _minutes(self.end)
        return begin, end + 1440 if self.wraps else end


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def covers(one: Iterable[Window], other: Iterable[Window]) -> bool:
    """Whether of two lots of hours of a day the first is open at every minute at which the second is."""
    return minutes(other) <= minutes(one)


def minutes(windows: Iterable[Window]) -> frozenset[int]:
    """The minutes, since the day began, at which these hours of a day are open."""
    return frozenset(minute for window in windows for minute in range(*window.minutes))


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day with other hours, of one schedule or of all (`ALL`). None: closed."""

    day: date
    schedule: str
    windows: tuple[Window, ...]
    name_ja: str = ""
    name_en: str = ""
    special_day: int = 0
    """Its number, where an operator set it; 0: it stands in the settings."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are holidays: a country's (`JP`, or empty for none), and the company's own; and which have other hours."""

    country: str = ""
    company: frozenset[date] = frozenset()
    special: Mapping[tuple[str, date], SpecialDay] = field(default_factory=dict)
    """By schedule (or `ALL`) and day."""

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a national or a company holiday."""
        return day in self.company or national(self.country, day) is not None

    def holiday(self, day: date) -> tuple[str, str] | None:
        """What the holiday is called in Japanese and English; None on a working day."""
        return national(self.country, day) or (COMPANY if day in self.company else None)

    def special_day(self, schedule: str, day: date) -> SpecialDay | None:
        """The day's other hours for this schedule, if it has any: its own before those of all."""
        if not self.special or schedule == ALWAYS:
            return None
        return self.special.get((schedule, day)) or self.special.get((ALL, day))

    def with_special(self, days: Iterable[SpecialDay]) -> "Calendar":
        """The calendar with these special days before its own: one for all schedules takes the place of every other there."""
        found = tuple(days)
        whole = {special.day for special in found if special.schedule == ALL}
        kept = {key: special for key, special in self.special.items() if special.day not in whole}
        return replace(self, special=kept | {(special.schedule, special.day): special for special in found})


@dataclass(frozen=True, slots=True)
class Span:
    """A part of one day on the wall clock at which a schedule is open; `end` None: until midnight."""

    begin: time
    end: time | None
    of: date
    """The day whose hours they are: the day before, for the morning of a window over midnight."""

    def holds(self, wall: time) -> bool:
        """Whether the wall clock shows a time inside it."""
        return self.begin <= wall and (self.end is None or wall < self.end)


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
        special = self.calendar.special_day(self.id, day)
        if special is not None:
            return special.windows
        return self.usual(day)

    def usual(self, day: date) -> tuple[Window, ...]:
        """The windows that would begin on this day if it were no special one."""
        if self.holiday is not None and self.calendar.is_holiday(day):
            return self.holiday
        return self.week[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether the schedule holds at this instant (aware)."""
        local = at.astimezone(self.zone)
        wall = local.time()
        return any(span.holds(wall) for span in self._spans(local.date()))

    def spans(self, day: date) -> tuple[Span, ...]:
        """When the wall clock of this day is inside its hours, those of the evening before first."""
        return tuple(sorted(self._spans(day), key=lambda span: span.of))

    def _spans(self, day: date) -> Iterator[Span]:
        """Its own hours first: at a tap they mostly are the answer, and no other day has to be looked at."""
        for window in self.windows(day):
            yield Span(window.begin, None if window.wraps else window.end, day)
        before = day - timedelta(days=1)
        for window in self.windows(before):
            if window.wraps and window.end != _MIDNIGHT:
                yield Span(_MIDNIGHT, window.end, before)

    def next_change(self, at: datetime, within_days: int = _HORIZON_DAYS) -> datetime | None:
        """The first instant after `at` when it opens or closes, or None within the coming days."""
        now_open = self.is_open(at)
        for instant in self._edges(at, within_days):
            if instant > at and self.is_open(instant) != now_open:
                return instant
        return None

    def _edges(self, at: datetime, within_days: int) -> Iterator[datetime]:
        """Every instant at which the wall clock may enter or leave a window, in order.

        Where a zone skips a whole day (Samoa's 30 December 2011), that day's walls lie behind those of the next: an instant
        is told once no later day can have an earlier one.
        """
        first = at.astimezone(self.zone).date() - timedelta(days=1)
        waiting: set[datetime] = set()
        for offset in range(within_days + 1):
            day = first + timedelta(days=offset)
            walls = {time(0)} | {
                edge for d in (day, day - timedelta(days=1)) for w in self.windows(d) for edge in (w.begin, w.end)
            }
            waiting |= {edge for wall in walls for edge in _instants(day, wall, self.zone)}
            waiting |= _clock_shifts(day, self.zone)
            settled = datetime.combine(day, time(0), self.zone).astimezone(UTC) - _LONGEST_SKIP
            yield from sorted(instant for instant in waiting if instant < settled)
            waiting = {instant for instant in waiting if instant >= settled}
        yield from sorted(waiting)


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
    return Schedule(ALWAYS, (whole_day,) * 7, None, zone)


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
