"""Hours as one line of text, for people and for records: `08:00-12:00 13:00-18:00`, `mon-fri 08:00-19:00; holiday -`."""

import re
from datetime import time

from controller.record.schedule import DAYS, Schedule, Window

_WINDOW = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
CLOSED = "-"
MOST_WINDOWS = 8
"""Of one day."""


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
    if len(found) > MOST_WINDOWS:
        raise ValueError(f"{len(found)} windows; {MOST_WINDOWS} at most")
    return tuple(found)


def windows_text(found: tuple[Window, ...]) -> str:
    """The windows of one day as records say them; `-` for none."""
    return " ".join(map(str, found)) or CLOSED


def read_windows(text: str) -> tuple[Window, ...]:
    """The windows of one day in a record. Raises ValueError."""
    return () if text.strip() == CLOSED else windows(text)


def hours_text(schedule: Schedule) -> str:
    """The hours as one line, days with equal hours together: `mon-fri 08:00-19:00; holiday -`."""
    parts: list[str] = []
    first = 0
    for n in range(1, 8):
        if n == 7 or schedule.week[n] != schedule.week[first]:
            days = DAYS[first] if n - 1 == first else f"{DAYS[first]}-{DAYS[n - 1]}"
            parts.append(f"{days} {windows_text(schedule.week[first])}")
            first = n
    if schedule.holiday is not None:
        parts.append(f"holiday {windows_text(schedule.holiday)}")
    return "; ".join(parts)


def read_hours(text: str) -> tuple[tuple[tuple[Window, ...], ...], tuple[Window, ...] | None]:
    """The week and the holidays of a line that `hours_text` wrote. Raises ValueError for any other."""
    week: dict[str, tuple[Window, ...]] = {}
    holiday: tuple[Window, ...] | None = None
    for part in text.split("; "):
        days, _, hours = part.partition(" ")
        if days == "holiday":
            holiday = read_windows(hours)
            continue
        first, _, last = days.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{days[:80]!r} is not a day")
        for day in DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]:
            week[day] = read_windows(hours)
    if set(week) != set(DAYS):
        raise ValueError(f"{text[:80]!r} does not name every day")
    return tuple(week[day] for day in DAYS), holiday
