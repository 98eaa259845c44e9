"""Inventory rounds: the keys of a place are counted, each month and when another answers for it (C8.2, C7.4).

What is counted is put right in the ledger at once: a key that is not where it should be is missing from then on, one that was
missing and is there is in its place, and one that is there although it is lent was brought back by nobody knows whom. It
counts as a deviation all the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from controller.record.asks.key import Count
from controller.record.canonical import timestamp
from controller.record.kinds.key import LENT, LOST, MISSING, OUT, RELEASED, SEALED
from controller.record.kinds.key_audit import (
    ABSENT,
    ASKED,
    BROKEN_SEAL,
    PRESENT,
    SEEN,
    KeyAuditBegun,
    KeyAuditEnded,
    KeyCounted,
)
from controller.record.kinds.key_loan import HAND
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.key import Key, gone
from controller.rules.key_loan import give_back
from controller.rules.outcome import Outcome, Refusal

TIME = timedelta(days=7)
"""How long a round may take."""
ELSEWHERE = frozenset({LENT, RELEASED, LOST, MISSING})
"""The states of a key that is not expected to be there."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was counted of one key: the state in which the ledger had it at first, what was seen last, and by which operator."""

    expected: str
    seen: str
    operator: int

    @property
    def deviates(self) -> bool:
        """Whether what was seen is not what the ledger said before anybody looked."""
        return self.seen == BROKEN_SEAL or (self.seen == PRESENT) == (self.expected in ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Round:
    """A round as recorded, with what was counted of it."""

    audit: int
    place: str
    by_two: bool
    state: str
    counted: Mapping[int, Line]
    """By key."""
    counters: Collection[int | None]
    """The people who are the operators that counted; None among them: one of whom the site does not know it."""


def begin(
    place: str, keys: Collection[int], running: bool, operator: OperatorFact, number: int, by_two: bool, now: datetime
) -> Outcome | Refusal:
    """Let the keys of a place be counted; not where there are none, nor while that is being done."""
    if not keys or running:
        return Refusal(Code.SUBJECT, "body.place")
    if refusal := within(operator, place):
        return refusal
    return Outcome((opened(number, place, ASKED, by_two, now + TIME, operator.operator),))


def opened(number: int, place: str, cause: str, by_two: bool, due_at: datetime, operator: int = 0) -> KeyAuditBegun:
    """A round begins."""
    return KeyAuditBegun(number, place, cause, by_two, timestamp(due_at), operator, "open")


def count(
    found: Round | None, keys: Mapping[int, Key], counts: Sequence[Count], operator: OperatorFact
) -> Outcome | Refusal:
    """What was seen of some keys of a round; `keys`: those of the place that are not retired, as they stand."""
    if found is None or found.state != "open":
        return Refusal(Code.SUBJECT, "body.audit")
    if refusal := within(operator, found.place):
        return refusal
    named = {one.key for one in counts}
    if len(named) != len(counts) or not named <= set(keys):
        return Refusal(Code.SUBJECT, "body.counts")
    if any(one.seen not in SEEN or (one.seen == BROKEN_SEAL and keys[one.key].state != SEALED) for one in counts):
        return Refusal(Code.FORM, "body.counts")
    records: list[msgspec.Struct] = []
    standing = dict(keys)
    for one in counts:
        key, before = standing[one.key], found.counted.get(one.key)
        line = Line(key.state if before is None else before.expected, one.seen, operator.operator)
        records.append(KeyCounted(found.audit, key.key, line.expected, line.seen, line.deviates, line.operator))
        records += _righted(key, one.seen, operator, _others_out(key, standing))
        if one.seen == PRESENT:
            standing[one.key] = replace(key, loan=0)
    return Outcome(tuple(records))


def _others_out(key: Key, standing: Mapping[int, Key]) -> bool:
    """Whether more keys are out by the same loan, as far as this round has counted."""
    loan = key.loan
    return any(one.loan == loan and one.key != key.key and one.state in OUT for one in standing.values() if loan)


def _righted(key: Key, seen: str, operator: OperatorFact, others_out: bool) -> tuple[msgspec.Struct, ...]:
    """What the ledger says of the key from now on."""
    if seen == ABSENT and key.state not in ELSEWHERE:
        return gone((key,)).records
    if seen == PRESENT and key.state in ELSEWHERE:
        there = (key.cabinet, key.slot) if key.cabinet else None
        back = give_back((key,), None, operator=operator.operator, how=HAND, at=there, others_out=others_out)
        return () if isinstance(back, Refusal) else back.records
    return ()


def end(found: Round | None, keys: Collection[int], operator: OperatorFact) -> Outcome | Refusal:
    """Every key was counted. By somebody who counted none of them, where two are asked for (C7.3)."""
    if found is None or found.state != "open":
        return Refusal(Code.SUBJECT, "body.audit")
    if refusal := within(operator, found.place):
        return refusal
    if left := sorted(set(keys) - set(found.counted)):
        return Refusal(Code.KEY, f"key.{left[0]}")
    if found.by_two and _counted_by(operator, found):
        return Refusal(Code.SECOND_PERSON, "operator.person")
    lines = [line for number, line in found.counted.items() if number in keys]
    expected = sum(line.expected not in ELSEWHERE for line in lines)
    there = sum(line.seen != ABSENT for line in lines)
    deviations = sum(line.deviates for line in lines)
    return Outcome((KeyAuditEnded(found.audit, expected, there, deviations, operator.operator, "ended"),))


def _counted_by(operator: OperatorFact, found: Round) -> bool:
    """Whether the operator counted, or cannot be told from somebody who did."""
    if operator.operator in {line.operator for line in found.counted.values()}:
        return True
    return operator.person is None or operator.person in found.counters or None in found.counters
