"""The last time that the clock on the wall showed an hour of the day."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def last_at(hour: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The newest instant, not after `now`, at which the wall clock showed this.

    An hour that a day has not is moved as zoneinfo does; of one that it has twice the first counts.
    """
    today = now.astimezone(zone).date()
    days = (datetime.combine(today - timedelta(days=ago), hour, zone).astimezone(UTC) for ago in range(3))
    return next(instant for instant in days if instant <= now)
