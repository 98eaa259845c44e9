"""What a badge at a lock's station confirms: one step after the other, each by whom it belongs to (C8.3).

Theory. Between `begun` and `dead` there is at any moment one step that is next, and `NEXT` says whose badge it takes: the
custodian's, the witness's, or both within two minutes. Nobody can be both, for they are compared as persons and not as badges,
and a new plan voids what was confirmed under the one before. So two people have seen to it, or it never ends.
"""

from dataclasses import dataclass

import msgspec

from controller.record.kinds.change import BROKEN_OFF, PLANNED, RUNNING
from controller.record.kinds.combination import RETIRING
from controller.record.kinds.confirmation import (
    ChangeBegun,
    ChangeResumed,
    ConfirmationRefused,
    KnowerConfirmed,
    NumberSet,
    NumberTried,
    NumberWitnessed,
    OldNumberDead,
)
from controller.record.refusals import Code
from controller.rules.outcome import Refusal
from controller.rules.required import Change, Lock

CUSTODIAN, WITNESS, BOTH, KNOWER = "custodian", "witness", "both", "knower"

NEXT: dict[str, tuple[str, str]] = {
    "": ("begun", BOTH),
    "begun": ("set", CUSTODIAN),
    "set": ("tried", CUSTODIAN),
    "tried": ("witnessed", WITNESS),
    "witnessed": ("dead", BOTH),
    "dead": ("shared", KNOWER),
}
"""By the last step that was confirmed, the next one and whose badge it takes."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge at a station, its person active."""

    station: str
    person: int
    badge: int


@dataclass(frozen=True, slots=True)
class Half:
    """The first of two badges that a step takes; the other is awaited."""

    badge: Badge


Answer = msgspec.Struct | Half | Refusal | None
"""A record, half of one, what is missing, or None: the badge is nothing to this change."""


def awaits_both(change: Change) -> bool:
    """Whether two badges are awaited: to begin, to go on, or for the old number."""
    return change.state in (PLANNED, BROKEN_OFF) or NEXT[change.step][1] == BOTH


def confirm(lock: Lock, change: Change, tap: Badge, first: Badge | None) -> Answer:
    """What the badge confirms. `first`: the other of two badges, where one came already and is not too long ago.

    Whoever has no part in the change gets no answer here: they may be at the station for something else.
    """
    if tap.person not in (*change.people, *change.expected, *change.confirmed):
        return None
    if awaits_both(change):
        return _both(lock, change, tap, first)
    turn = NEXT[change.step][1]
    if turn == KNOWER:
        return _knower(change, tap)
    due = change.custodian if turn == CUSTODIAN else change.witness
    if tap.person != due:
        return None if tap.person not in change.people else Refusal(Code.SECOND_PERSON, turn)
    return _alone(lock, change, tap)


def _both(lock: Lock, change: Change, tap: Badge, first: Badge | None) -> Answer:
    if tap.person not in change.people:
        return None
    if first is None:
        return Half(tap)
    if first.person == tap.person:
        return Refusal(Code.SECOND_PERSON, BOTH)
    custodian, witness = (tap, first) if tap.person == change.custodian else (first, tap)
    pair = (change.change, tap.station, custodian.person, custodian.badge, witness.person, witness.badge)
    if change.state in (PLANNED, BROKEN_OFF):
        again = change.step != ""
        return ChangeResumed(*pair, change.step, RUNNING) if again else ChangeBegun(*pair, "begun", RUNNING)
    return OldNumberDead(*pair, old=lock.changed, factory=lock.state != RETIRING, step="dead")


def _alone(lock: Lock, change: Change, tap: Badge) -> msgspec.Struct:
    by = (change.change, tap.station, tap.person, tap.badge)
    if change.step == "begun":
        return NumberSet(*by, "set", "reset" if lock.state == RETIRING else change.manner or "chosen")
    return NumberTried(*by, "tried") if change.step == "set" else NumberWitnessed(*by, "witnessed")


def _knower(change: Change, tap: Badge) -> Answer:
    if tap.person in change.expected:
        return KnowerConfirmed(change.change, tap.station, tap.person, tap.badge, "confirmed")
    return Refusal(Code.SUBJECT, "knower")


def refused(change: Change, tap: Badge, code: Code) -> ConfirmationRefused:
    """The record of a badge that confirmed nothing."""
    return ConfirmationRefused(change.change, tap.station, tap.person, tap.badge, code)
