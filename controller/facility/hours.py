"""Hours as people write them in `site.toml`, and as a schedule."""

import re
from datetime import time
from zoneinfo import ZoneInfo

from controller.facility.forms import ScheduleForm
from controller.rules.schedule import DAYS, Calendar, Schedule, Window

GROUPS = {"weekdays": DAYS[:5], "weekend": DAYS[5:], "every_day": DAYS}
_WINDOW = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def windows(text: str) -> tuple[Window, ...]:
    """`08:00-12:00 13:00-18:00`; empty: closed. Raises ValueError."""
    found = []
    for part in text.split():
        match = _WINDOW.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not a window; write 08:30-17:15")
        begin_h, begin_m, end_h, end_m = map(int, match.groups())
        if begin_h == 24 or (end_h == 24 and end_m):
            raise ValueError(f"{part!r} is past the end of the day")
        found.append(Window(time(begin_h, begin_m), time(end_h % 24, end_m)))
    return tuple(found)


def schedule_of(form: ScheduleForm, zone: ZoneInfo, calendar: Calendar) -> Schedule:
    """The schedule a form describes; its hours must be good. Single days refine the groups."""
    week: dict[str, tuple[Window, ...]] = dict.fromkeys(DAYS, ())
    for key in sorted(form.hours, key=lambda k: k in DAYS):
        for day in GROUPS.get(key, (key,)):
            if day in week:
                week[day] = windows(form.hours[key])
    holidays = form.hours.get("holidays", "")
    on_holiday = None if holidays == "as weekday" else windows(holidays)
    return Schedule(form.id, tuple(week[day] for day in DAYS), on_holiday, zone, calendar)


def hours_text(schedule: Schedule) -> str:
    """The hours as one line, days with equal hours together: `mon-fri 08:00-19:00; holiday -`."""
    parts: list[str] = []
    first = 0
    for n in range(1, 8):
        if n == 7 or schedule.week[n] != schedule.week[first]:
            days = DAYS[first] if n - 1 == first else f"{DAYS[first]}-{DAYS[n - 1]}"
            parts.append(f"{days} {' '.join(map(str, schedule.week[first])) or '-'}")
            first = n
    if schedule.holiday is not None:
        parts.append(f"holiday {' '.join(map(str, schedule.holiday)) or '-'}")
    return "; ".join(parts)
