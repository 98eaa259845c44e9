"""Reviews of rights: opened with a due date, one decision a right, and what nobody decided in time is suspended (C7.4).

A right is decided by somebody who neither asked for it nor approved it, nor holds it: at least three people, where two give
rights. Whoever revokes one need not be anybody else; that only takes away.

A right waits for its decision while a review of its zone began behind the record in which somebody last decided on it. So it
is computed from state who is late, and a right is late from the moment on at which the day is over, recorded or not.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from controller.record.asks.review import EVERY_ZONE, KeepRight, OpenReview
from controller.record.canonical import moment, timestamp
from controller.record.kinds.review import ReviewClosed, ReviewOpened, RightKept, RightSuspended
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import Schedule, WallClock

LONGEST = timedelta(days=366)
MOST_OPEN = 20
"""Reviews at a time."""
_HORIZON_DAYS = 400
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Review:
    """A review as recorded; `seq` is the record that opened it."""

    review: int
    zones: frozenset[str]
    due_at: datetime
    seq: int

    def covers(self, zone: str) -> bool:
        """Whether rights to the zone are in it."""
        return EVERY_ZONE in self.zones or zone in self.zones


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A right as recorded, with who gave it to whom."""

    access_right: int
    zone: str
    schedule: str
    until_at: datetime
    state: str
    judged_seq: int
    """The record in which somebody last decided on it."""
    givers: frozenset[int]
    """The operators who asked for it and approved it."""
    people: frozenset[int]
    """Those whom the site knows to be those operators, and whoever holds it."""


def open_(
    ask: OpenReview, operator: OperatorFact, number: int, zones: Container[str], running: int, wall: WallClock
) -> Outcome | Refusal:
    """Begin review `number`. It lasts a whole day at least, so that nobody suspends a site's rights by midnight."""
    if ask.zones != (EVERY_ZONE,) and not all(zone in zones for zone in ask.zones):
        return Refusal(Code.SUBJECT, "body.zones")
    if not all(operator.covers(zone) for zone in ask.zones):
        return Refusal(Code.SCOPE, "operator.scope")
    try:
        day = date.fromisoformat(ask.due_on)
    except ValueError:
        return Refusal(Code.FORM, "body.due_on")
    if day.isoformat() != ask.due_on:
        return Refusal(Code.FORM, "body.due_on")
    if not wall.today < day <= wall.today + LONGEST:
        return Refusal(Code.VALIDITY, "body.due_on")
    if running >= MOST_OPEN:
        return Refusal(Code.BUSY, "review")
    due_at = timestamp(wall.end_of(day))
    named = tuple(sorted(set(ask.zones)))
    return Outcome((ReviewOpened(number, named, ask.due_on, due_at, operator.operator, "open"),))


def keep(
    ask: KeepRight,
    right: Reviewed | None,
    reviews: Sequence[Review],
    operator: OperatorFact,
    schedules: Mapping[str, Schedule],
    now: datetime,
    in_group: bool = False,
) -> Outcome | Refusal:
    """The right holds from now on, as it was or narrower. `reviews`: any of its zone; `in_group`: it is the operator's group's.

    Not by who asked for it, approved it or would use it; not where no review waits for it; not behind its end.
    """
    waiting = None if right is None else _newest(right, reviews)
    if right is None or waiting is None or right.state not in ("active", "suspended"):
        return Refusal(Code.SUBJECT, "body.access_right")
    if refusal := within(operator, right.zone):
        return refusal
    if operator.operator in right.givers or operator.person in right.people or in_group:
        return Refusal(Code.SECOND_PERSON, "right.requested_by")
    if right.until_at <= now:
        return Refusal(Code.VALIDITY, "right.until_at")
    until = _until(ask, right, now)
    if isinstance(until, Refusal):
        return until
    schedule = ask.schedule or right.schedule
    if schedule != right.schedule and not _narrower(schedules, schedule, right, now):
        return Refusal(Code.SCHEDULE, "body.schedule")
    verdict = "keep" if (schedule, until) == (right.schedule, right.until_at) else "narrow"
    record = RightKept(
        right.access_right, waiting.review, operator.operator, verdict, schedule, timestamp(until), "active"
    )
    return Outcome((record,))


def _newest(right: Reviewed, reviews: Iterable[Review]) -> Review | None:
    """The newest review that waits for a decision on the right."""
    waiting = [review for review in reviews if waits(right.zone, right.judged_seq, review)]
    return max(waiting, key=lambda review: review.seq, default=None)


def waits(zone: str, judged_seq: int, review: Review) -> bool:
    """Whether a right to this zone, last decided on in that record, is still to be decided in the review."""
    return review.covers(zone) and judged_seq < review.seq


def overdue(zone: str, reviews: Iterable[Review], now: datetime) -> int:
    """Of rights to this zone, those that were last decided on before this record are overdue; 0: none is."""
    return max((review.seq for review in reviews if review.due_at <= now and review.covers(zone)), default=0)


def suspend(review: Review, rights: Sequence[int]) -> Outcome:
    """These rights were not reviewed in time; none: the review is over."""
    if not rights:
        return Outcome((ReviewClosed(review.review, "closed"),))
    return Outcome(tuple(RightSuspended(right, review.review, "suspended") for right in rights))


def _until(ask: KeepRight, right: Reviewed, now: datetime) -> datetime | Refusal:
    """The end that the right gets: its own, or an earlier one."""
    if ask.until_at is None:
        return right.until_at
    try:
        until = moment(ask.until_at)
    except ValueError:
        return Refusal(Code.FORM, "body.until_at")
    return until if now < until <= right.until_at else Refusal(Code.VALIDITY, "body.until_at")


def open_minutes(schedule: Schedule, day: date) -> int:
    """The minutes of the day at which it is open, as bits, by the wall clock alone."""
    found = 0
    for span in schedule.spans(day):
        end = _DAY if span.end is None else _minute(span.end)
        found |= (1 << end) - (1 << _minute(span.begin))
    return found


def _minute(wall: time) -> int:
    return 60 * wall.hour + wall.minute


def _narrower(schedules: Mapping[str, Schedule], wanted: str, right: Reviewed, now: datetime) -> bool:
    """Whether the wanted hours lie within the right's, on each of the days that are left of it."""
    new, old = schedules.get(wanted), schedules.get(right.schedule)
    if new is None or old is None:
        return False
    days = min(_HORIZON_DAYS, (right.until_at - now).days + 2)
    first = now.astimezone(new.zone).date()
    return all(not open_minutes(new, day) & ~open_minutes(old, day) for day in (first + timedelta(days=n) for n in range(days)))
