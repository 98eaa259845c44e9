"""Lost keys: the loss opens a change of the lock, and what is found again is not trusted until the keeper says so (C8.2)."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.key import (
    IN_PLACE,
    LENT,
    LOST,
    MISPLACED,
    MISSING,
    RELEASED,
    RETIRED,
    SUSPECT,
    KeyLockChanged,
    KeyLost,
    KeyReplaced,
)
from controller.record.kinds.key_loan import GONE, NOT_TAKEN, KeyCancelled, KeyReservationEnded
from controller.record.kinds.posture import LockdownBegun
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import EMPLOYEE, OperatorFact, authorise, within
from controller.rules.key import Key
from controller.rules.outcome import Outcome, Refusal

LOCK_CHANGE = timedelta(days=7)
"""How long after the loss of a key its lock has to be changed."""


def report(
    key: Key | None,
    operator: OperatorFact,
    reason: PrivateRow,
    now: datetime,
    *,
    others: Collection[int] = (),
    reservations: Collection[int] = (),
    lock_down: bool = False,
    locked: bool = False,
) -> Outcome | Refusal:
    """The key is lost. It waits for nobody, and not for the clock: only what is asked for beside it can be refused.

    `others`: those of its ring that are out by the same loan too; `reservations`: of the key, which end; `lock_down`: nobody
    shall enter what it opens; `locked`: nobody does already.
    """
    if key is None or key.state in (LOST, RETIRED):
        return Refusal(Code.SUBJECT, "body.key")
    if operator.roles == {EMPLOYEE} and (operator.person is None or operator.person != key.person):
        return Refusal(Code.SCOPE, "key.person")
    down: tuple[msgspec.Struct, ...] = ()
    if lock_down and not locked:
        refusal = authorise("lockdown.begin", operator) or within(operator, key.opens)
        if refusal:
            return refusal
        down = (LockdownBegun(key.opens, operator.operator, reason.ref()),)
    return Outcome((*_lost(key, operator, reason, now, others), *_ended(reservations), *down), private=(reason,))


def _lost(
    key: Key, operator: OperatorFact, reason: PrivateRow, now: datetime, others: Collection[int]
) -> tuple[msgspec.Struct, ...]:
    due = key.lock_due_at or timestamp(now + LOCK_CHANGE)
    loan = key.loan if key.state == LENT else 0
    before: tuple[msgspec.Struct, ...] = ()
    if (
        key.state == RELEASED
    ):  # nothing has seen who took it: the loan never began, and the others of the ring still hang there
        left = tuple(sorted(others))
        before = (KeyCancelled(key.loan, left, key.person or 0, NOT_TAKEN, operator.operator, "cancelled"),)
    over = bool(loan) and not others
    ref = reason.ref()
    lost = KeyLost(key.key, key.place, loan, over, key.person, operator.operator, ref, due, LOST)
    return (*before, lost)


def _ended(reservations: Collection[int]) -> tuple[msgspec.Struct, ...]:
    return tuple(KeyReservationEnded(number, GONE, "ended") for number in sorted(reservations))


def replace(key: Key | None, operator: OperatorFact, keepers: Collection[int]) -> Outcome | Refusal:
    """A key that was missing, elsewhere or suspect is in its place and may be lent again.

    Of a suspect one this is the keeper's decision, where the place has keepers, and else a manager's; never of who lost it:
    from then on its lock need not be changed.
    """
    if key is None or key.state not in (MISSING, MISPLACED, SUSPECT):
        return Refusal(Code.SUBJECT, "body.key")
    if refusal := within(operator, key.opens, key.home):
        return refusal
    if key.state == SUSPECT:
        if not _may_decide(operator, keepers):
            return Refusal(Code.KEEPER, "operator.person")
        if operator.person is not None and operator.person == key.person:
            return Refusal(Code.SECOND_PERSON, "operator.person")
    return Outcome((KeyReplaced((key.key,), operator.operator, IN_PLACE),))


def _may_decide(operator: OperatorFact, keepers: Collection[int]) -> bool:
    return operator.person in keepers if keepers else "manager" in operator.roles


def change_lock(
    key: Key | None, lock: str, new: Key | None, named: bool, operator: OperatorFact, reservations: Collection[int] = ()
) -> Outcome | Refusal:
    """The lock of a lost or suspect key was changed. `named`: a new key is named, which then has to be one that is known."""
    if key is None or not key.lock_due_at:
        return Refusal(Code.SUBJECT, "body.key")
    fits = new is not None and new.key != key.key and new.state != RETIRED and new.place == key.place
    if named and not fits:
        return Refusal(Code.SUBJECT, "body.new_key")
    if not lock.strip():
        return Refusal(Code.FORM, "body.lock")
    if refusal := within(operator, key.opens, key.home):
        return refusal
    number = new.key if named and new is not None else 0
    changed = KeyLockChanged(key.key, lock.strip(), number, operator.operator, RETIRED)
    return Outcome((changed, *_ended(reservations)))
