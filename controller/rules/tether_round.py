"""The check list of tethered equipment, and rounds over it (C8.13). One round at a time, and each thing has its own due date.

A thing that was not looked at stays due, however often rounds are ended; one that was found missing or damaged is due soon, and
chased until somebody has found it in order.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks.tether import OK, RESULTS, BeginTetherRound, CheckTether, RegisterTether
from controller.record.canonical import timestamp
from controller.record.kinds.tether_round import (
    TetherChecked,
    TetherDeviated,
    TetherRegistered,
    TetherRetired,
    TetherRoundBegun,
    TetherRoundEnded,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal

MOST = 2000
"""Things on the list of a site: a round names each of them in one record."""
MOST_DAYS = 3660
SOON = timedelta(days=7)
"""What was found missing or damaged is to be in order by then."""
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Tethered:
    """A thing on the list, or one that was."""

    tethered: int
    place: str
    every_days: int
    state: str


@dataclass(frozen=True, slots=True)
class Round:
    """A round, and by thing what was found of it; empty: nothing yet."""

    tether_round: int
    place: str
    state: str
    found: Mapping[int, str]


def register(
    ask: RegisterTether, operator: OperatorFact, *, number: int, name: PrivateRow, taken: bool, listed: int,
    places: Container[str], around: Sequence[str], days: int, now: datetime,
) -> Outcome | Refusal:  # fmt: skip
    """Put a thing on the list. `taken`: another is called so; `around`: the place and what it lies in; `days`: the site's."""
    if not _WORD.fullmatch(ask.equipment) or not 0 <= ask.every_days <= MOST_DAYS:
        return Refusal(Code.FORM, "body.every_days" if _WORD.fullmatch(ask.equipment) else "body.equipment")
    if ask.place not in places:
        return Refusal(Code.SUBJECT, "body.place")
    if (refusal := within(operator, *around)) is not None:
        return refusal
    if taken or listed >= MOST:
        return Refusal(Code.SUBJECT, "body.equipment")
    every = ask.every_days or days
    due = timestamp(now + timedelta(days=every))
    record = TetherRegistered(
        number, ask.equipment, ask.place, every, name.ref(), operator.operator, due, "registered"
    )
    return Outcome((record,), private=(name,))


def retire(thing: Tethered | None, operator: OperatorFact, around: Sequence[str], reason: PrivateRow) -> Outcome | Refusal:
    """Take a thing off the list."""
    if thing is None or thing.state != "registered":
        return Refusal(Code.SUBJECT, "body.tethered")
    if (refusal := within(operator, *around)) is not None:
        return refusal
    record = TetherRetired(thing.tethered, thing.place, operator.operator, reason.ref(), "retired")
    return Outcome((record,), private=(reason,))


def begin(
    ask: BeginTetherRound, operator: OperatorFact, *, number: int, running: bool, items: Sequence[int],
    places: Container[str], around: Sequence[str],
) -> Outcome | Refusal:  # fmt: skip
    """Set out. `items`: what is on the list there; `running`: another round has not ended."""
    if ask.place and ask.place not in places:
        return Refusal(Code.SUBJECT, "body.place")
    if (refusal := within(operator, *around)) is not None:
        return refusal
    if running:
        return Refusal(Code.BUSY, "tether_round")
    if not items:
        return Refusal(Code.SUBJECT, "body.place")
    return Outcome((TetherRoundBegun(number, ask.place, operator.operator, tuple(items), "open"),))


def check(
    ask: CheckTether, operator: OperatorFact, round: Round | None, thing: Tethered | None, around: Sequence[str],
    note: PrivateRow | None, now: datetime,
) -> Outcome | Refusal:  # fmt: skip
    """What was found of a thing, in a round that goes on; whoever goes the round has it in their scope."""
    if ask.result not in RESULTS:
        return Refusal(Code.FORM, "body.result")
    if round is None or round.state != "open":
        return Refusal(Code.SUBJECT, "body.tether_round")
    if thing is None or thing.state != "registered" or thing.tethered not in round.found:
        return Refusal(Code.SUBJECT, "body.tethered")
    if (refusal := within(operator, *around)) is not None:
        return refusal
    if ask.result != OK and note is None:
        return Refusal(Code.FORM, "private.note")
    kind = TetherChecked if ask.result == OK else TetherDeviated
    again = timedelta(days=thing.every_days) if ask.result == OK else min(SOON, timedelta(days=thing.every_days))
    ref = None if note is None else note.ref()
    record = kind(
        round.tether_round, thing.tethered, thing.place, ask.result, ref, operator.operator, timestamp(now + again)
    )
    return Outcome((record,), private=() if note is None else (note,))


def end(round: Round | None, operator: OperatorFact, around: Sequence[str]) -> Outcome | Refusal:
    """End a round, with its counts."""
    if round is None or round.state != "open":
        return Refusal(Code.SUBJECT, "body.tether_round")
    if (refusal := within(operator, *around)) is not None:
        return refusal
    found = list(round.found.values())
    ok, missing, damaged, unchecked = (found.count(result) for result in (*RESULTS, ""))
    record = TetherRoundEnded(
        round.tether_round, round.place, operator.operator, ok, missing, damaged, unchecked, "ended"
    )
    return Outcome((record,))
