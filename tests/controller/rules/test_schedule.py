"""Schedules against an oracle that paints minutes: over years, DST, midnight and holidays (C8.8)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.facility.forms import ScheduleForm
from controller.facility.hours import hours_text, schedule_of, windows
from controller.facility.tables import Names
from controller.record.hours import read_hours, read_windows, windows_text
from controller.record.schedule import ALL, SpecialDay, covers
from controller.rules.schedule import Calendar, Schedule, Window, always

ZONES = (
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # shifts by half an hour
    "America/Havana",  # shifts at midnight
    "Africa/Cairo",  # midnight again, in a few years only
    "Pacific/Apia",  # left out 30 December 2011 whole
    "Asia/Kathmandu",  # 5:45 ahead
    "UTC",
)
MINUTE = timedelta(minutes=1)

# The Cabinet Office's list for 2026, with the substitute of 6 May and the day between two holidays, 22 September.
JAPAN_2026 = {
    date(2026, month, day)
    for month, day in (
        (1, 1), (1, 12), (2, 11), (2, 23), (3, 20), (4, 29), (5, 3), (5, 4), (5, 5), (5, 6), (7, 20), (8, 11),
        (9, 21), (9, 22), (9, 23), (10, 12), (11, 3), (11, 23),
    )
}  # fmt: skip


class Painted:
    """The oracle: each local day is 1440 minutes, painted window by window; a window over midnight paints on."""

    def __init__(self, schedule: Schedule, holidays: frozenset[date]) -> None:
        self._schedule = schedule
        self._holidays = holidays
        self._zone = schedule.zone
        self._days: dict[date, list[bool]] = {}

    def _windows(self, day: date) -> tuple[Window, ...]:
        special = self._schedule.calendar.special
        for key in ((self._schedule.id, day), (ALL, day)):
            if key in special:
                return special[key].windows
        if self._schedule.holiday is not None and day in self._holidays:
            return self._schedule.holiday
        return self._schedule.week[day.weekday()]

    def _paint(self, day: date) -> list[bool]:
        minutes = [False] * 2880
        for offset, of in ((1440, day), (0, day - timedelta(days=1))):
            for window in self._windows(of):
                at = offset + window.begin.hour * 60 + window.begin.minute
                while True:
                    if at < 2880:
                        minutes[at] = True
                    at += 1
                    if at % 1440 == window.end.hour * 60 + window.end.minute:
                        break
        return minutes[1440:]

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self._zone)
        day = local.date()
        if day not in self._days:
            self._days[day] = self._paint(day)
        return self._days[day][local.hour * 60 + local.minute]

    def next_change(self, at: datetime, within: timedelta) -> datetime | None:
        """By looking at every minute."""
        now = self.is_open(at)
        minute = at.replace(second=0, microsecond=0) + MINUTE
        while minute <= at + within:
            if self.is_open(minute) != now:
                return minute
            minute += MINUTE
        return None


@cache
def shifts(zone: str) -> tuple[datetime, ...]:
    """The hours in which this zone's clock was or will be shifted, 2010 to 2031."""
    found = []
    at, info = datetime(2010, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    offset = at.astimezone(info).utcoffset()
    while at.year < 2031:
        at += timedelta(hours=12)
        if at.astimezone(info).utcoffset() != offset:
            offset = at.astimezone(info).utcoffset()
            found.append(at)
    return tuple(found)


walls = st.integers(0, 1439).map(lambda m: time(m // 60, m % 60)) | st.sampled_from(
    [time(0), time(1), time(1, 30), time(2), time(2, 30), time(3), time(23, 59)]
)
some_windows = st.lists(st.builds(Window, walls, walls), max_size=3).map(tuple)
zones = st.sampled_from(ZONES)


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Any second from 2010 to 2031, half of them near a shift of the clock."""
    near = shifts(zone)
    if near and draw(st.booleans()):
        base = draw(st.sampled_from(near))
        return base + timedelta(seconds=draw(st.integers(-36 * 3600, 36 * 3600)))
    at = draw(st.datetimes(datetime(2010, 1, 2), datetime(2030, 12, 30)))
    return at.replace(microsecond=0, tzinfo=UTC)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, frozenset[date], datetime]:
    zone = draw(zones)
    at = draw(moments(zone))
    day = at.astimezone(ZoneInfo(zone)).date()
    company = frozenset(day + timedelta(days=n) for n in draw(st.sets(st.integers(-2, 3), max_size=3)))
    week = tuple(draw(some_windows) for _ in range(7))
    holiday = draw(st.none() | some_windows)
    special = [
        SpecialDay(day + timedelta(days=n), draw(st.sampled_from(["s", ALL, "other"])), draw(some_windows))
        for n in draw(st.sets(st.integers(-2, 3), max_size=3))
    ]
    calendar = Calendar("", company).with_special(special)
    return Schedule("s", week, holiday, ZoneInfo(zone), calendar), company, at


@settings(max_examples=300)
@given(cases())
def test_a_schedule_is_open_when_its_painted_minute_is(case: tuple[Schedule, frozenset[date], datetime]) -> None:
    """At any second of twenty years, in any zone, the schedule is open when the minute on the wall is painted (C8.8)."""
    schedule, holidays, at = case
    painted = Painted(schedule, holidays)

    for minutes in (0, 1, 29, 30, 31, 59, 60, 61, 90, 120, 720, 1440):
        then = at + timedelta(minutes=minutes)
        assert schedule.is_open(then) == painted.is_open(then), then


@settings(max_examples=120, deadline=None)
@given(cases())
@example(
    (
        Schedule("s", ((Window(time(2, 30), time(3)),),) * 7, None, ZoneInfo("Europe/Berlin")),
        frozenset(),
        datetime(2026, 3, 28, 23, tzinfo=UTC),
    )
)
@example(
    (
        Schedule("s", ((Window(time(1), time(2, 30)),),) * 7, None, ZoneInfo("Europe/Berlin")),
        frozenset(),
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    )
)
@example(
    (
        Schedule("s", ((Window(time(0), time(0, 30)),),) * 7, None, ZoneInfo("America/Havana")),
        frozenset(),
        datetime(2026, 3, 7, 12, tzinfo=UTC),
    )
)
@example(
    (
        Schedule("s", ((Window(time(8), time(9)), Window(time(0), time(1))),) * 7, (), ZoneInfo("Pacific/Apia")),
        frozenset({date(2011, 12, 29)}),
        datetime(2011, 12, 30, 9, 59, 59, tzinfo=UTC),
    )
)
@example(
    (
        Schedule("s", ((Window(time(8), time(9)), Window(time(9, 30), time(0))),) * 7, None, ZoneInfo("Pacific/Apia")),
        frozenset(),
        datetime(2011, 12, 29, 12, tzinfo=UTC),
    )
)
def test_the_next_change_is_the_one_that_a_minute_scan_finds(
    case: tuple[Schedule, frozenset[date], datetime],
) -> None:
    """The next opening or closing is found to the minute, over DST, midnight and holidays (C8.8)."""
    schedule, holidays, at = case
    within = timedelta(days=3)
    found, scanned = schedule.next_change(at), Painted(schedule, holidays).next_change(at, within)

    if scanned is None:
        assert found is None or found > at + within
    else:
        assert found == scanned


@pytest.mark.parametrize("zone", ZONES[:4])
def test_two_years_of_an_office(zone: str) -> None:
    """Every quarter of an hour of two years, and every minute around each shift of the clock, is as painted (C8.8)."""
    week = (*((Window(time(8, 30), time(19)), Window(time(22, 15), time(1, 45))),) * 5, (), (Window(time(2), time(3)),))
    company = frozenset({date(2026, 12, 29), date(2026, 12, 30), date(2027, 8, 13)})
    schedule = Schedule("office", week, (Window(time(23), time(2)),), ZoneInfo(zone), Calendar("", company))
    painted = Painted(schedule, company)
    at, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    instants = [at + n * timedelta(minutes=15) for n in range((end - at) // timedelta(minutes=15))]
    for shift in shifts(zone):
        if at < shift < end:
            instants += [shift + n * MINUTE for n in range(-1440, 720)]

    assert [i for i in instants if schedule.is_open(i) != painted.is_open(i)] == []


def test_national_holidays_are_those_of_the_cabinet_office() -> None:
    """Japan's holidays of 2026 are known, substitute and in-between days among them, and no others."""
    calendar = Calendar("JP", frozenset({date(2026, 12, 29)}))
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    assert {day for day in year if calendar.is_holiday(day)} == JAPAN_2026 | {date(2026, 12, 29)}
    assert {day for day in year if Calendar("").is_holiday(day)} == set()


def test_a_holiday_closes_the_night_that_begins_on_it() -> None:
    """A window over midnight belongs to the day it begins on: the holiday's own night is closed, its early morning is not."""
    night = Schedule("night", ((Window(time(22), time(6)),),) * 7, (), ZoneInfo("Asia/Tokyo"), Calendar("JP"))

    def open_at(day: int, hour: int) -> bool:
        return night.is_open(datetime(2026, 11, day, hour, tzinfo=ZoneInfo("Asia/Tokyo")))

    assert open_at(22, 23) and open_at(23, 5)
    assert not open_at(23, 23) and not open_at(24, 5)
    assert open_at(24, 23)


def test_a_hidden_hour_never_comes_and_a_doubled_one_counts_twice() -> None:
    """02:30 to 03:00 in Berlin: not on the day the clock goes forward, and twice on the day it goes back (C8.8)."""
    window = Schedule("s", ((Window(time(2, 30), time(3)),),) * 7, None, ZoneInfo("Europe/Berlin"))

    def open_minutes(day: date) -> int:
        begin = datetime.combine(day, time(0), ZoneInfo("Europe/Berlin")).astimezone(UTC)
        return sum(window.is_open(begin + n * MINUTE) for n in range(1500))

    assert open_minutes(date(2026, 3, 28)) == 30
    assert open_minutes(date(2026, 3, 29)) == 0
    assert open_minutes(date(2026, 10, 25)) == 60


def test_always_is_always() -> None:
    """The schedule that every site has never closes."""
    everywhen = always(ZoneInfo("Europe/Berlin"))

    assert all(everywhen.is_open(shift + n * MINUTE) for shift in shifts("Europe/Berlin") for n in (-60, -1, 0, 1, 60))
    assert everywhen.next_change(datetime(2026, 3, 28, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ({"weekdays": "08:00-19:00"}, "mon-fri 08:00-19:00; sat-sun -; holiday -"),
        ({"every_day": "00:00-24:00", "holidays": "as weekday"}, "mon-sun 00:00-00:00"),
        ({"wed": "", "weekdays": "08:00-12:00 13:00-18:00", "holidays": "10:00-11:00"},
         "mon-tue 08:00-12:00 13:00-18:00; wed -; thu-fri 08:00-12:00 13:00-18:00; sat-sun -; holiday 10:00-11:00"),
        ({}, "mon-sun -; holiday -"),
    ],
)  # fmt: skip
def test_hours_as_people_write_them(hours: dict[str, str], text: str) -> None:
    """Hours of site.toml become windows, single days refine groups whatever their order, and read back as one line."""
    schedule = schedule_of(ScheduleForm("s", Names("a", "b"), hours), ZoneInfo("UTC"), Calendar())

    assert hours_text(schedule) == text


@pytest.mark.parametrize(
    "text", ["8:00-19:00", "08:00-25:00", "24:00-08:00", "08:00-24:01", "08:60-09:00", "0800-1900", "-"]
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    """A window that is no span of the clock is refused, not guessed."""
    with pytest.raises(ValueError, match=r"write|past"):
        windows(text)


# Special days ------------------------------------------------------------------------------------------------------------

NOON = (Window(time(8), time(12)),)
WORKED = (Window(time(9), time(15)),)
SATURDAY = date(2026, 11, 28)


def test_table_of_special_days() -> None:
    """A day's own hours go before those of all, both before holiday and weekday; `always` is always, another's is not its."""
    own, of_all = SpecialDay(SATURDAY, "office", WORKED), SpecialDay(SATURDAY, ALL, NOON)
    holiday = SpecialDay(date(2026, 11, 23), ALL, WORKED)
    calendar = Calendar("JP").with_special([own, of_all, holiday])
    office = Schedule("office", (NOON,) * 5 + ((), ()), (), ZoneInfo("Asia/Tokyo"), calendar)
    other = Schedule("other", (NOON,) * 5 + ((), ()), (), ZoneInfo("Asia/Tokyo"), calendar)
    ever = Schedule("always", office.week, None, office.zone, calendar)

    assert [one.windows(SATURDAY) for one in (office, other, ever)] == [WORKED, NOON, ()]
    assert [one.windows(holiday.day) for one in (office, other, ever)] == [WORKED, WORKED, NOON]
    assert (office.usual(SATURDAY), office.usual(holiday.day)) == ((), ())


def test_later_word_for_all_takes_the_place_of_every_other() -> None:
    """What an operator says of a day for all schedules takes the place of what the settings say for each of them."""
    sunday = SATURDAY + timedelta(days=1)
    settings_days = Calendar().with_special([SpecialDay(SATURDAY, "office", WORKED), SpecialDay(sunday, "office", WORKED)])

    calendar = settings_days.with_special([SpecialDay(SATURDAY, ALL, ())])

    assert [special.windows for special in calendar.special.values()] == [WORKED, ()]
    found = [calendar.special_day("office", day) for day in (SATURDAY, sunday)]
    assert [special and special.windows for special in found] == [(), WORKED]


@settings(max_examples=300)
@given(cases())
def test_spans_of_a_day_are_its_painted_minutes(case: tuple[Schedule, frozenset[date], datetime]) -> None:
    """What is drawn of a day is what the rule decides by: span for span the painted minutes of the wall clock (C8.8)."""
    schedule, holidays, at = case
    day = at.date()
    spans, painted = schedule.spans(day), Painted(schedule, holidays)._paint(day)

    walls = [time(minute // 60, minute % 60) for minute in range(1440)]
    assert [any(span.holds(wall) for span in spans) for wall in walls] == painted
    assert {span.of for span in spans} <= {day, day - timedelta(days=1)}


@given(some_windows, some_windows)
def test_covering_is_minute_by_minute(one: tuple[Window, ...], other: tuple[Window, ...]) -> None:
    """Hours cover others when they are open at every minute of theirs, those after midnight too."""

    def minutes(hours: tuple[Window, ...]) -> set[int]:
        office = Painted(Schedule("s", (hours,) + ((),) * 6, None), frozenset())
        days = date(2026, 11, 23), date(2026, 11, 24)
        return {1440 * n + m for n, day in enumerate(days) for m, on in enumerate(office._paint(day)) if on}

    assert covers(one, other) == (minutes(other) <= minutes(one))


@given(st.lists(some_windows, min_size=7, max_size=7), st.none() | some_windows)
def test_hours_are_read_as_they_were_written(week: list[tuple[Window, ...]], holiday: tuple[Window, ...] | None) -> None:
    """The line of hours in a record says all of them: the dashboard reads the same week out of it."""
    schedule = Schedule("s", tuple(week), holiday)

    assert read_hours(hours_text(schedule)) == (tuple(week), holiday)
    assert read_windows(windows_text(week[0])) == week[0]


@pytest.mark.parametrize("text", ["", "mon-fri 08:00-19:00", "day 08:00-09:00", "mon-sun 8-9", "holiday -"])
def test_a_line_that_is_no_week_is_refused(text: str) -> None:
    """A line that does not name every day is no week."""
    with pytest.raises(ValueError, match=r"day|window"):
        read_hours(text)


def test_holidays_have_their_names_in_both_languages() -> None:
    """Every holiday of ten years has a Japanese and an English name, substitutes say so, and the company's own are its own."""
    calendar = Calendar("JP", frozenset({date(2026, 12, 29)}))
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(3650)]
    named = {day: calendar.holiday(day) for day in days if calendar.is_holiday(day)}

    assert named[date(2026, 11, 23)] == ("勤労感謝の日", "Labor Thanksgiving Day")
    assert named[date(2026, 5, 6)] == ("憲法記念日 振替休日", "Constitution Memorial Day (substitute)")
    assert named[date(2026, 9, 22)] == ("国民の休日", "National Holiday")
    assert named[date(2026, 12, 29)] == ("会社の休日", "Company holiday")
    assert all(name and name[0] and name[1].isascii() and "National holiday" not in name[1] for name in named.values())
    assert calendar.holiday(date(2026, 11, 24)) is None


@pytest.mark.parametrize("zone", ZONES[:4])
def test_two_years_with_special_days(zone: str) -> None:
    """With half-days, worked Saturdays, closed days and nights on and beside DST days, leap day and year's end, every quarter
    of an hour of two years, and every minute around each shift of the clock, is as painted (C8.8)."""
    half, night = (Window(time(8, 30), time(12)),), (Window(time(20), time(4, 30)),)
    info, begin, end = ZoneInfo(zone), datetime(2027, 3, 1, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)
    near = [shift.astimezone(info).date() + timedelta(days=n) for shift in shifts(zone) for n in (-1, 0)]
    days = [date(2027, 12, 31), date(2028, 1, 1), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1), *near]
    chosen = (half, night, (), WORKED, night)
    special = [SpecialDay(day, ALL if n % 3 else "office", chosen[n % 5]) for n, day in enumerate(days)]
    company = frozenset(days[::4])
    week = ((Window(time(8, 30), time(19)), Window(time(22, 15), time(1, 45))),) * 5 + ((), (Window(time(2), time(3)),))
    calendar = Calendar("", company).with_special(special)
    schedule = Schedule("office", week, (Window(time(23), time(2)),), info, calendar)
    painted = Painted(schedule, company)
    instants = [begin + n * timedelta(minutes=15) for n in range((end - begin) // timedelta(minutes=15))]
    for shift in shifts(zone):
        if begin < shift < end:
            instants += [shift + n * MINUTE for n in range(-1440, 720)]

    assert [i for i in instants if schedule.is_open(i) != painted.is_open(i)] == []
    looked = [begin, *(found for day in days[:5] if (found := datetime.combine(day, time(6), info)))]
    for at in looked:
        assert schedule.next_change(at.astimezone(UTC), 3) == painted.next_change(at.astimezone(UTC), timedelta(days=2))
