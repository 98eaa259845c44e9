"""Pledges and training that a zone requires (C5.1, C7.6): who lacks what, and how they are put on record.

A condition holds through whole days of the site's calendar: what was signed on the 24th with one day of validity holds until
the 25th is over. The end is computed once, when it is recorded, and stands in the record: a later change of `valid_days`
changes nothing that people were told. Another text or document, on the other hand, has to be signed anew.

Nobody records their own signature or attendance. Who records answers for every zone that requires it: it opens there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.record.asks import CompleteTraining, SignPledge
from controller.record.canonical import timestamp
from controller.record.conditions import HELD, LAPSED, NEVER, OLDER, PLEDGE, TRAINING, Condition, Fulfilment, standing
from controller.record.kinds.condition import PledgeSigned, PledgeWithdrawn, TrainingCompleted, TrainingWithdrawn
from controller.record.private import PrivateRef, PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock

EARLIEST = date(1970, 1, 1)
"""A signature of before is a slip of the hand."""
_PLACES = {NEVER: "", OLDER: ".version", LAPSED: ".until_at"}


def missing(
    sort: str, conditions: Iterable[Condition], fulfilments: Collection[Fulfilment], now: datetime
) -> Refusal | None:
    """The first condition of this sort (`pledge` or `training`) that these fulfilments do not meet; None: all are met."""
    for condition in conditions:
        state = standing(condition, fulfilments, now).state if condition.sort == sort else HELD
        if state != HELD:
            return Refusal(Code(sort), f"{sort}.{condition.name}{_PLACES[state]}")
    return None


def behind(sort: str, fulfilments: Iterable[Fulfilment]) -> tuple[int, ...]:
    """The records that the answer rests on."""
    return tuple(one.seq for one in fulfilments if one.condition.partition(":")[0] == sort)


@dataclass(frozen=True, slots=True)
class Person:
    """Of whom something is to be recorded: `state` as recorded, None for nobody; `again`: the same is on record already."""

    person: int
    state: str | None
    again: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fulfilment as it is to be withdrawn."""

    fulfilment: int
    person: int
    condition: str
    state: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a request to record is decided on, besides what it says: the condition it names, None for an unknown one."""

    condition: Condition | None
    zones: Sequence[str]
    """That require it."""
    people: Sequence[Person]
    number: int
    """Of the first new fulfilment; the others follow."""
    notes: Sequence[PrivateRow | None]
    """One row for each, so that one person's goes when they are erased, and no other's."""
    wall: WallClock


def sign(ask: SignPledge, operator: OperatorFact, entry: Entry) -> Outcome | Refusal:
    """Put on record that these people signed the pledge in its present text."""
    condition = entry.condition
    if condition is None:
        return Refusal(Code.SUBJECT, "body.pledge")
    if ask.version != condition.version:
        return Refusal(Code.SUBJECT, "body.version")
    if ask.sha256 != condition.sha256:
        return Refusal(Code.SUBJECT, "body.sha256")
    if ask.occasion not in condition.occasions:
        return Refusal(Code.SUBJECT, "body.occasion")
    refusal = _unfit(entry, operator, ask.signed_on, "body.signed_on")
    if refusal is not None:
        return refusal
    until = until_of(condition, date.fromisoformat(ask.signed_on), entry.wall)
    records = [
        PledgeSigned(
            number, one.person, ask.pledge, ask.version, ask.sha256, ask.signed_on, ask.occasion, until,
            operator.operator, _ref(note), "recorded",
        )
        for number, (one, note) in enumerate(zip(entry.people, entry.notes, strict=True), entry.number)
    ]  # fmt: skip
    return Outcome(tuple(records), private=_rows(entry.notes))


def complete(ask: CompleteTraining, operator: OperatorFact, entry: Entry) -> Outcome | Refusal:
    """Put on record that these people attended the course."""
    condition = entry.condition
    if condition is None:
        return Refusal(Code.SUBJECT, "body.course")
    refusal = _unfit(entry, operator, ask.completed_on, "body.completed_on")
    if refusal is not None:
        return refusal
    until = until_of(condition, date.fromisoformat(ask.completed_on), entry.wall)
    records = [
        TrainingCompleted(
            number, one.person, ask.course, ask.completed_on, until, operator.operator, _ref(note), "recorded"
        )
        for number, (one, note) in enumerate(zip(entry.people, entry.notes, strict=True), entry.number)
    ]
    return Outcome(tuple(records), private=_rows(entry.notes))


def until_of(condition: Condition, day: date, wall: WallClock) -> str | None:
    """Until when it holds if it was signed or attended on this day; as in records."""
    if not condition.valid_days:
        return None
    return timestamp(wall.end_of(day + timedelta(days=condition.valid_days)))


def withdraw(
    sort: str, found: Recorded | None, operator: OperatorFact, zones: Sequence[str], reason: PrivateRow
) -> Outcome | Refusal:
    """Let what was recorded by mistake count no more; `zones` require it. Nobody looks after their own."""
    if found is None or found.state != "recorded" or found.condition.partition(":")[0] != sort:
        return Refusal(Code.SUBJECT, "body.fulfilment")
    if operator.person == found.person:
        return Refusal(Code.SECOND_PERSON, "fulfilment.person")
    if zones and (refusal := within(operator, *zones)):
        return refusal
    kind = {PLEDGE: PledgeWithdrawn, TRAINING: TrainingWithdrawn}[sort]
    record = kind(found.fulfilment, found.person, found.condition, operator.operator, reason.ref(), "withdrawn")
    return Outcome((record,), private=(reason,))


def _unfit(entry: Entry, operator: OperatorFact, day: str, place: str) -> Refusal | None:
    """What is wrong with the day, the operator's scope, or one of the people; nothing of it is recorded then."""
    on = _day(day)
    if on is None or on < EARLIEST:
        return Refusal(Code.FORM, place)
    if on > entry.wall.today:
        return Refusal(Code.VALIDITY, place)
    for zone in entry.zones:
        if refusal := within(operator, zone):
            return refusal
    seen: set[int] = set()
    for n, one in enumerate(entry.people):
        if one.state in (None, "erased") or one.again or one.person in seen:
            return Refusal(Code.SUBJECT, f"body.people[{n}]")
        if operator.person == one.person:
            return Refusal(Code.SECOND_PERSON, f"body.people[{n}]")
        seen.add(one.person)
    return None


def _day(text: str) -> date | None:
    """The day, if it is written as in records."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _ref(note: PrivateRow | None) -> PrivateRef | None:
    return None if note is None else note.ref()


def _rows(notes: Iterable[PrivateRow | None]) -> tuple[PrivateRow, ...]:
    return tuple(note for note in notes if note is not None)
