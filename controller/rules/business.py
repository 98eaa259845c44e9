"""Business hours as a measure of time: how long it has been for people who work by a schedule.

A site that names no schedule counts plain hours, and so does one whose schedule never opens: nothing waits for ever because
somebody mistyped the hours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller.rules.schedule import Schedule

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=40)
"""Behind what is older than this, any wait in business hours is over."""
_HORIZON_DAYS = 60
_MOST_SPANS = 400


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """The hours in which somebody can be expected to answer, by the wall clock of the site's zone."""

    zone: ZoneInfo
    schedule: Schedule | None = None

    def beginning_of_day(self, at: datetime) -> datetime:
        """The instant at which the day begins of which this is the last moment: midnight itself ends the day before."""
        day = (at - timedelta(microseconds=1)).astimezone(self.zone).date()
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def after(self, start: datetime, hours: int, now: datetime) -> datetime:
        """When so many business hours have passed since `start`; `now` bounds how far is counted."""
        plain = timedelta(hours=hours)
        if self.schedule is None or start < now - _LONGEST:
            return start + plain
        at, left = start, plain
        for _ in range(_MOST_SPANS):
            change = self.schedule.next_change(at, _HORIZON_DAYS)
            if self.schedule.is_open(at):
                if change is None or change - at >= left:
                    return at + left
                left -= change - at
            if change is None:
                break
            at = change
        return start + plain

    def next_day(self, at: datetime) -> datetime:
        """When the next business day begins, on a day after that of `at`."""
        if self.schedule is None:
            return at + _DAY
        today = at.astimezone(self.zone).date()
        for offset in range(1, _HORIZON_DAYS):
            day = today + timedelta(days=offset)
            begins = [window.begin for window in self.schedule.windows(day)]
            if begins:
                found = datetime.combine(day, min(begins), self.zone).astimezone(UTC)
                return max(found, at + timedelta(hours=1))
        return at + _DAY
