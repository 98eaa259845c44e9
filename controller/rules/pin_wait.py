"""What a typed PIN leads to: the entry, or a refusal that is counted, up to the lock-out.

A tap that misses nothing but the PIN waits: an `Awaited`, one a reader, in memory alone, so that a restart loses nothing but a
tap to be made again. What was typed is judged beside the loop, and comes back as a `Typed`; then everything is decided anew
on the facts of that moment. A wrong PIN is counted by person, in records, so that neither a restart nor another door gives
further tries. The PIN for duress opens as the right one does, by the same records and signals, and calls for help by one more.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.pin import PinDuress, PinLocked, PinMissed, PinRecovered
from controller.record.refusals import Code
from controller.rules.access import BadgeFact, Grant, Tap
from controller.rules.effects import AskPin, ForgetPin, PlaySignal
from controller.rules.hashed import HashedPin
from controller.rules.outcome import Outcome, Refusal
from controller.rules.pin import PinFact, PinRules

GRACE_S = 5.0
"""So long after the time for typing the verdict on what was typed is waited for."""


class Typed(StrEnum):
    """What the digits turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    DURESS = "duress"


@dataclass(frozen=True, slots=True)
class Awaited:
    """A tap that waits for its PIN."""

    ticket: int
    """Names this wait: what was typed for an earlier one is for nobody."""
    reader: str
    portal: str
    zone: str
    tap: Tap
    badge: BadgeFact
    pin: int
    """The number of the PIN that is asked for; another one was not typed."""
    until_s: float


def wait(awaited: Awaited, hashed: HashedPin, rules: PinRules) -> Outcome:
    """Ask for the PIN at the reader."""
    ask = AskPin(awaited.reader, awaited.ticket, rules.wait_s, hashed=hashed)
    return Outcome(effects=(PlaySignal(awaited.portal, "pin", awaited.reader), ask))


def forget(reader: str) -> tuple[ForgetPin, ...]:
    """What is typed there from now on is for nobody."""
    return (ForgetPin(reader),)


def settled(
    awaited: Awaited,
    typed: Typed,
    fact: PinFact | None,
    rules: PinRules,
    decision: Grant | Refusal,
    outcome: Outcome,
    now: datetime,
) -> Outcome:
    """What the tap comes to (`outcome`), with what the PIN adds to it; the record that opens stays the last.

    A call for help is heard, whether it opens or not, and changes nothing else. A wrong PIN is counted, up to the lock-out;
    but not where something else is missing by now, or another PIN was set: then it was not what kept them out.
    """
    person, before = awaited.badge.person, list[msgspec.Struct]()
    if isinstance(decision, Grant) and fact is not None and fact.failures:
        before.append(PinRecovered(person, awaited.portal))
    if typed is Typed.DURESS:
        before.append(PinDuress(person, awaited.portal, awaited.reader))
    behind: tuple[msgspec.Struct, ...] = ()
    wrong = typed is Typed.WRONG and isinstance(decision, Refusal) and decision.code == Code.PIN
    if wrong and fact is not None and fact.pin == awaited.pin:
        behind = (_missed(person, awaited.portal, fact.failures + 1, rules, now),)
    return replace(outcome, records=(*before, *outcome.records, *behind))


def _missed(person: int, portal: str, failures: int, rules: PinRules, now: datetime) -> PinMissed | PinLocked:
    if failures < rules.tries:
        return PinMissed(person, portal, failures)
    return PinLocked(person, portal, failures, timestamp(now + rules.lockout))
