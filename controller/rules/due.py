"""When something that is owed by a day is told, and how urgently (C8.2, C8.3, C8.4, C4.1, C8.6).

A stage is computed from the date and the moment alone. So what was recorded late, or waited while nobody kept the time,
goes to the stage that it is in now: nobody is told today that something was to be due in a month, a week and a day. Each stage
is told once, and none again; what is escalated goes on being told on each business day, `MOST_TOLD` times at most, and stays
overdue for whoever looks.

A clock that is believed can still turn out to have run ahead (somebody confirmed the wrong year). What it reached is then
put back to where the right time has it, without a word to anybody but the ledger, and comes in its time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.canonical import timestamp
from controller.record.duty import AHEAD, ESCALATED, OVERDUE, SOON, SORTS, STAGES, TODAY, Leads
from controller.record.kinds.due import DueCorrected, DueReached
from controller.rules.business import BusinessHours

MOST_TOLD = 20
"""Business days on which something is escalated: a month of nobody acting is no longer a matter of being told."""

EARLY = timedelta(minutes=1)
"""A stage that was reached so much later than it is now, was reached by a clock that ran ahead."""

_UNKNOWN = Leads()
"""Of a sort that this version does not know: told when it is overdue."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed by a day, as recorded; `stage` empty: nobody was told yet."""

    sort: str
    number: int
    due_at: datetime
    place: str
    person: int | None
    stage: str
    next_at: datetime | None
    reached_at: datetime | None
    told: int


def look(owed: Owed, now: datetime, hours: BusinessHours) -> DueReached | DueCorrected | None:
    """What is to be recorded of it at this moment; None: nothing. `now` is of a clock that is trusted.

    What it answers is looked at again later than `now`, or never: a tick that acts on it comes to an end.
    """
    stage, next_at = standing(owed.sort, owed.due_at, now, hours)
    if owed.reached_at is not None and owed.reached_at > now + EARLY:
        return _corrected(owed, stage, 1 if stage == ESCALATED else 0, next_at)
    if owed.next_at is None or owed.next_at > now:
        return None
    if _order(stage) < _order(owed.stage) or (stage == owed.stage and stage != ESCALATED):
        return _corrected(owed, owed.stage, owed.told, next_at)
    told = owed.told + (stage == ESCALATED)
    again = None if told >= MOST_TOLD else timestamp(next_at)
    return DueReached(owed.sort, owed.number, stage, timestamp(owed.due_at), owed.place, owed.person, told, again)


def standing(sort: str, due_at: datetime, now: datetime, hours: BusinessHours) -> tuple[str, datetime]:
    """The stage that something due then is in now (empty: none yet), and when to look again."""
    leads = SORTS.get(sort, _UNKNOWN)
    if now < due_at:
        marks = [*_marks(leads, due_at, hours), (due_at, OVERDUE)]
        passed = [stage for at, stage in marks if at <= now]
        return max(passed, key=_order, default=""), min(at for at, _ in marks if at > now)
    escalates = hours.after(due_at, leads.escalate_h, now)
    if now < escalates:
        return OVERDUE, escalates
    return ESCALATED, hours.next_day(now)


def _marks(leads: Leads, due_at: datetime, hours: BusinessHours) -> list[tuple[datetime, str]]:
    """When each stage before the date begins."""
    marks = [(due_at - lead, stage) for lead, stage in ((leads.ahead, AHEAD), (leads.soon, SOON)) if lead is not None]
    return [*marks, (hours.beginning_of_day(due_at), TODAY)] if leads.today else marks


def _order(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else -1


def _corrected(owed: Owed, stage: str, told: int, next_at: datetime) -> DueCorrected:
    due_at, again = timestamp(owed.due_at), timestamp(next_at)
    return DueCorrected(owed.sort, owed.number, stage, due_at, owed.place, owed.person, told, again)
