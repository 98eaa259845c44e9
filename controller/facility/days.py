"""The days of `[calendar]`: what is wrong with them, and as the calendar that schedules look into (C8.8)."""

from collections.abc import Iterable, Iterator

from controller.facility.forms import CalendarForm, SpecialForm
from controller.facility.settings import did_you_mean
from controller.record.hours import windows
from controller.record.schedule import ALL, ALWAYS, Calendar, SpecialDay

MOST_DAYS = 400
"""Of each sort: as many as one record of them can hold."""


def calendar_of(form: CalendarForm) -> Calendar:
    """The calendar that the form describes; its days must be good."""
    named = Calendar(form.national, frozenset(form.company))
    return named.with_special(special for one in form.special for special in _special_days(one))


def _special_days(form: SpecialForm) -> Iterator[SpecialDay]:
    for schedule, hours in _hours(form):
        yield SpecialDay(form.date, schedule, windows(hours), form.name.ja, form.name.en)


def _hours(form: SpecialForm) -> Iterable[tuple[str, str]]:
    return ((ALL, form.hours),) if isinstance(form.hours, str) else form.hours.items()


def calendar_mistakes(form: CalendarForm, schedules: list[str]) -> Iterator[str]:
    """Every mistake, with its key path."""
    if form.national not in ("JP", ""):
        yield f"calendar.national: {form.national!r} is not known; 'JP' or ''"
    for key, count in (("company", len(form.company)), ("special", len(form.special))):
        if count > MOST_DAYS:
            yield f"calendar.{key}: {count} days; {MOST_DAYS} at most, and what is past may go"
    seen: set[object] = set()
    for n, special in enumerate(form.special, 1):
        place = f"calendar.special[{n}]"
        if special.date in seen:
            yield f"{place}.date: {special.date} stands twice; give its hours by schedule"
        seen.add(special.date)
        yield from _hours_mistakes(f"{place}.hours", special, schedules)


def _hours_mistakes(place: str, form: SpecialForm, schedules: list[str]) -> Iterator[str]:
    for schedule, hours in _hours(form):
        at = place if schedule == ALL else f"{place}.{schedule}"
        if schedule == ALWAYS:
            yield f"{at}: 'always' holds at any time, and is never another's hours"
        elif schedule not in (ALL, *schedules):
            yield f"{at}: no schedule {schedule!r}{did_you_mean(schedule, schedules)}"
        try:
            windows(hours)
        except ValueError as error:
            yield f"{at}: {error}"
