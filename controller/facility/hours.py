"""Hours as people write them in `site.toml`, and as a schedule."""

from zoneinfo import ZoneInfo

from controller.facility.forms import ScheduleForm
from controller.record.hours import hours_text, windows
from controller.record.schedule import DAYS, Calendar, Schedule, Window

__all__ = ["GROUPS", "hours_text", "schedule_of", "windows"]

GROUPS = {"weekdays": DAYS[:5], "weekend": DAYS[5:], "every_day": DAYS}


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
