"""The timetable: what stands open when in the coming days, and why, read out of the tables (C8.8).

The command line and the dashboard both draw it from the rows that records fold into, with the arithmetic that decides at the
door: neither can say other hours than the controller keeps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from controller.record.hours import read_hours, read_windows
from controller.record.schedule import ALWAYS, Calendar, Schedule, Span, SpecialDay

Row = Mapping[str, object]

SPECIAL, HOLIDAY, WEEKDAY = "special", "holiday", "weekday"
"""Why a day has the hours that it has."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One day of a schedule: when it is open, the morning of the evening before included; and why just then."""

    day: date
    spans: tuple[Span, ...]
    why: str
    name_ja: str = ""
    name_en: str = ""
    special_day: int = 0
    """The number of the special day, where an operator set it."""

    def name(self, lang: str) -> str:
        """What the holiday or special day is called; empty where it has no name."""
        return self.name_ja if lang == "ja" else self.name_en


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows that a timetable is read from: of the tables `schedule`, `calendar`, `configured_day` and `special_day`."""

    timezone: str
    schedules: Iterable[Row]
    calendar: Row | None
    configured: Iterable[Row]
    special: Iterable[Row]
    """Those that hold: in state `set`."""


def read_schedules(rows: Sources) -> dict[str, Schedule]:
    """The site's schedules as they hold. Raises ValueError for rows no controller wrote, KeyError for no such time zone."""
    calendar, zone = read_calendar(rows), ZoneInfo(rows.timezone)
    found = {}
    for row in rows.schedules:
        id = str(row["schedule"])
        week, holiday = read_hours(str(row["hours"]))
        found[id] = Schedule(id, week, holiday, zone, Calendar() if id == ALWAYS else calendar)
    return found


def read_calendar(rows: Sources) -> Calendar:
    """The days of the site: its holidays, and the special ones, those of operators before those of the settings."""
    known = rows.calendar or {"national": "", "company": ""}
    company = frozenset(date.fromisoformat(day) for day in str(known["company"]).split())
    calendar = Calendar(str(known["national"]), company).with_special(_special(row) for row in rows.configured)
    return calendar.with_special(_special(row) for row in rows.special)


def _special(row: Row) -> SpecialDay:
    return SpecialDay(
        date.fromisoformat(str(row["day"])),
        str(row["schedule"]),
        read_windows(str(row["hours"])),
        str(row.get("name_ja") or ""),
        str(row.get("name_en") or ""),
        int(str(row.get("special_day") or 0)),
    )


def plan(schedule: Schedule, first: date, days: int) -> tuple[Planned, ...]:
    """So many days of the schedule from the first on."""
    return tuple(_planned(schedule, first + timedelta(days=n)) for n in range(days))


def _planned(schedule: Schedule, day: date) -> Planned:
    spans = schedule.spans(day)
    special = schedule.calendar.special_day(schedule.id, day)
    if special is not None:
        return Planned(day, spans, SPECIAL, special.name_ja, special.name_en, special.special_day)
    holiday = schedule.calendar.holiday(day)
    if holiday is None:
        return Planned(day, spans, WEEKDAY)
    return Planned(day, spans, WEEKDAY if schedule.holiday is None else HOLIDAY, *holiday)
