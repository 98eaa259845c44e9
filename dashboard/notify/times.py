"""When somebody is told: the day's message at the set time, what is escalated at once but not every minute, and not at night.

Pure. Times of the day are those of the wall clock where the person's sites are.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

APART = timedelta(hours=1)
"""Between two messages about what is escalated: what comes meanwhile is bundled."""
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Hours:
    """When messages may go out."""

    daily_at: time = time(8, 30)
    quiet_from: time = time(20, 0)
    quiet_until: time = time(7, 0)
    """No message from the one to the other; the same for both: at any time."""

    def quiet(self, wall: time) -> bool:
        """Whether nobody is disturbed now."""
        if self.quiet_from == self.quiet_until:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= wall < self.quiet_until
        return wall >= self.quiet_from or wall < self.quiet_until


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with one account. `told_on`: the day of its last message of the day."""

    told_on: str = ""
    urgent_at: datetime | None = None
    tries: int = 0
    retry_at: datetime | None = None


def wanted(state: State, hours: Hours, local: datetime, urgent: bool) -> str:
    """`daily`: the day's message, with everything that waits; `urgent`: what is escalated alone; empty: nothing now.

    `local` is the moment on the wall clock (aware). A clock that was set back keeps nobody waiting for long.
    """
    if state.retry_at is not None and local < state.retry_at <= local + LONGEST_RETRY:
        return ""
    if hours.quiet(local.time()):
        return ""
    if local.time() >= hours.daily_at and state.told_on != local.date().isoformat():
        return "daily"
    recent = state.urgent_at is not None and abs(local - state.urgent_at) < APART
    return "urgent" if urgent and not recent else ""


def retry_after(tries: int) -> timedelta:
    """How long a service that failed so many times in a row is left alone."""
    factor: int = 2 ** min(max(tries - 1, 0), 12)
    return min(FIRST_RETRY * factor, LONGEST_RETRY)
