"""The change of a lock's number as its people ask for it: planned, begun, broken off, ended (C8.3, C8.4).

What badges confirm between the beginning and the end is in `confirmation.py`. A change is the affair of the lock's custodian
as a person: no role stands in for them. No two accounts do either: an operator of whom nobody knows which human they are plans
and begins nothing, and the witness is another person than the custodian, by the badges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks.combination import FinishChange, PlanChange
from controller.record.canonical import timestamp
from controller.record.kinds.change import (
    BROKEN_OFF,
    DONE,
    PLANNED,
    RUNNING,
    ChangeCalled,
    ChangePlanned,
    CombinationChanged,
    CombinationDrawn,
    EnvelopeListed,
    Known,
)
from controller.record.kinds.combination import IN_SERVICE, RETIRED, RETIRING
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.record.schedule import WallClock
from controller.rules.authority import OperatorFact
from controller.rules.combination import Place, Who, bare, covered, fit, secret
from controller.rules.knower import Knower
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Change, Lock, break_off
from controller.rules.trigger import too_old_at

WINDOW = timedelta(seconds=120)
"""Within this both badges come (C8.3)."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A change, its lock and place, and who asks."""

    operator: OperatorFact
    lock: Lock | None
    change: Change | None
    place: Place | None


def _own(at: Workplace) -> Refusal | None:
    """Whether the operator is the custodian of the change's lock."""
    if at.change is None or at.change.state == DONE or at.lock is None:
        return Refusal(Code.SUBJECT, "body.change")
    if refusal := covered(at.operator, at.lock, at.place):
        return refusal
    return None if at.operator.person == at.lock.custodian else Refusal(Code.CUSTODIAN, "operator.person")


def plan(ask: PlanChange, at: Workplace, people: Mapping[int, Who]) -> Outcome | Refusal:
    """Name the witness and who shall know the number. Whatever was confirmed before is void, and every badge comes again."""
    refusal = _own(at)
    if refusal or at.lock is None or at.change is None:
        return refusal or Refusal(Code.SUBJECT)
    lock, change = at.lock, at.change
    if change.state == RUNNING:
        return Refusal(Code.BUSY, "change.state")
    if ask.witness == lock.custodian:
        return Refusal(Code.SECOND_PERSON, "body.witness")
    knowers = tuple(dict.fromkeys(one for one in ask.knowers if one not in (ask.witness, lock.custodian)))
    if knowers and lock.state == RETIRING:
        return Refusal(Code.SUBJECT, "body.knowers")
    named = [(lock.custodian, "combination.custodian"), (ask.witness, "body.witness")]
    for person, place in (*named, *((one, "body.knowers") for one in knowers)):
        if refusal := fit(people[person], place):
            return refusal
    dropped = tuple(one for one in (*change.expected, *change.confirmed) if one not in knowers)
    record = ChangePlanned(
        change.change, lock.combination, lock.custodian, ask.witness, knowers, dropped, at.operator.operator, PLANNED
    )
    return Outcome((record,))


def call(at: Workplace, others: Sequence[Change], people: Mapping[int, Who], now: datetime) -> Outcome | Refusal:
    """Await both at the lock's station. `others`: what is awaited or runs at that station; one at a time, so that a badge
    held to it can mean one change only."""
    refusal = _own(at)
    if refusal or at.lock is None or at.change is None:
        return refusal or Refusal(Code.SUBJECT)
    lock, change = at.lock, at.change
    if change.state not in (PLANNED, BROKEN_OFF) or change.witness is None or change.custodian != lock.custodian:
        return Refusal(Code.SUBJECT, "change.state")
    if any(_occupies(other, now) for other in others if other.change != change.change):
        return Refusal(Code.BUSY, "combination.station")
    for person, place in ((lock.custodian, "change.custodian"), (change.witness, "change.witness")):
        if refusal := fit(people[person], place):
            return refusal
    until = timestamp(now + WINDOW)
    record = ChangeCalled(change.change, lock.station, lock.custodian, change.witness, until, at.operator.operator)
    return Outcome((record,))


def _occupies(change: Change, now: datetime) -> bool:
    return change.state == RUNNING or (change.called_until is not None and now < change.called_until)


def draw(at: Workplace) -> Outcome | Refusal:
    """A number is drawn for the custodian: once, when both stand at the lock, and before one is set."""
    refusal = _own(at)
    if refusal or at.lock is None or at.change is None:
        return refusal or Refusal(Code.SUBJECT)
    change = at.change
    if (change.state, change.step) != (RUNNING, "begun") or change.manner is not None or at.lock.state == RETIRING:
        return Refusal(Code.SUBJECT, "change.step")
    return Outcome((CombinationDrawn(change.change, at.lock.custodian, at.operator.operator, "drawn"),))


def stop(at: Workplace, reason: PrivateRow | None) -> Outcome | Refusal:
    """Let a running change stand still. By its custodian, its witness, or a manager: stopping is nobody's privilege."""
    if at.change is None or at.lock is None or at.change.state != RUNNING:
        return Refusal(Code.SUBJECT, "body.change")
    if refusal := covered(at.operator, at.lock, at.place):
        return refusal
    if at.operator.person not in at.change.people and "manager" not in at.operator.roles:
        return Refusal(Code.CUSTODIAN, "operator.person")
    if reason is not None and (refusal := secret(reason.text, at.lock.digits)):
        return refusal
    ref = None if reason is None else reason.ref()
    record = break_off(at.change, "asked", at.operator.operator, keep=True, reason=ref)
    return Outcome((record,), private=() if reason is None else (reason,))


def finish(
    ask: FinishChange,
    at: Workplace,
    knowers: Sequence[Knower],
    number: int,
    wall: WallClock,
    people: Mapping[int, Who],
) -> Outcome | Refusal:
    """List the envelopes and end the change. `knowers`: all who know or knew the number of before; `number`: the next one's.

    It only counts what badges have confirmed: custodian and witness each by their own, and so everybody else who knows it.
    Nobody gets it who may not have it by now (`people`): that change is broken off, and does not end.
    """
    refusal = _own(at)
    if refusal or at.lock is None or at.change is None:
        return refusal or Refusal(Code.SUBJECT)
    lock, change = at.lock, at.change
    if (change.state, change.step) != (RUNNING, "dead") or change.witness is None:
        return Refusal(Code.SUBJECT, "change.step")
    if change.custodian != lock.custodian or change.witness == lock.custodian:
        return Refusal(Code.SECOND_PERSON, "change.witness")
    refusal = next((found for who in people.values() if (found := fit(who, "change.knowers"))), None)
    if refusal := refusal or _sealed(ask, lock):
        return refusal
    retires = lock.state == RETIRING
    seal = "" if retires else ask.seal
    known = () if retires else _known(change, knowers, number)
    kept = {one.knower for one in known}
    due = None if retires else timestamp(too_old_at(lock.max_age_days, wall))
    listed = EnvelopeListed(change.change, lock.combination, ask.void_seal, seal, at.operator.operator)
    changed = CombinationChanged(
        change.change, lock.combination, lock.place, lock.custodian, change.witness, known,
        tuple(one.knower for one in knowers if one.knower not in kept), due, RETIRED if retires else IN_SERVICE, DONE,
    )  # fmt: skip
    return Outcome((listed, changed))


def _sealed(ask: FinishChange, lock: Lock) -> Refusal | None:
    """Whether the void envelope is the one that is on record, and neither seal is the number itself."""
    if ask.void_seal != lock.seal:
        return Refusal(Code.ENVELOPE, "body.void_seal")
    if ask.seal and ask.seal == lock.seal:
        return Refusal(Code.ENVELOPE, "body.seal")
    return Refusal(Code.SECRECY, "body.seal") if bare(ask.seal, lock.digits) else None


def _known(change: Change, knowers: Sequence[Knower], number: int) -> tuple[Known, ...]:
    """Who knows the new number; whoever knew the one before keeps their line in the ledger."""
    before = {one.person: one for one in knowers}
    known: list[Known] = []
    for person in dict.fromkeys((*change.people, *change.confirmed)):
        one, told_by = before.get(person), change.custodian or 0
        if one is None:
            known.append(Known(number, person, told_by, None))
            number += 1
        else:
            known.append(Known(one.knower, person, told_by, one.since_at if one.state == "knows" else None))
    return tuple(known)
