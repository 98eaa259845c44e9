"""Numbered copies: who has which, and that each comes back once (C4.2)."""

from collections.abc import Sequence
from dataclasses import replace

from controller.record.asks.custody import CollectCopies
from controller.record.handling import COLLECTED, FATES, HANDED
from controller.record.kinds.custody import ENDED, OPEN, CustodyEnded
from controller.record.kinds.handout import CustodyCollected, CustodyHandedOut
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, for_whom
from controller.rules.custody import Line
from controller.rules.outcome import Outcome, Refusal


def hand_out(
    line: Line | None, people: Sequence[tuple[int | None, PrivateRow | None]], operator: OperatorFact
) -> Outcome | Refusal:
    """Hand the next numbers to these people, never more than the line was asked for.

    Each is a person whom the site knows, or None with a name.
    """
    if line is None or line.state != OPEN or line.act not in HANDED:
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.hand_out", operator, line.person):
        return refusal
    if line.issued + len(people) > line.copies:
        return Refusal(Code.APPROVAL, "custody.copies")
    if any((person is None) == (name is None) for person, name in people):
        return Refusal(Code.FORM, "private.name")
    records = [
        CustodyHandedOut(
            line.custody, line.issued + n, person, None if name is None else name.ref(), line.person, operator.operator, "out"
        )
        for n, (person, name) in enumerate(people, 1)
    ]
    return Outcome(tuple(records), private=tuple(name for _, name in people if name is not None))


def collect(line: Line | None, ask: CollectCopies, operator: OperatorFact) -> Outcome | Refusal:
    """Say what became of copies that are out; with the last of all that were to be handed out the line is over."""
    if line is None or line.state != OPEN:
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.collect", operator, line.person):
        return refusal
    if ask.fate not in FATES:
        return Refusal(Code.FORM, "body.fate")
    numbers = tuple(dict.fromkeys(ask.numbers))
    if not set(numbers) <= line.out:
        return Refusal(Code.SUBJECT, "body.numbers")
    back = tuple(CustodyCollected(line.custody, number, ask.fate, operator.operator, "back") for number in numbers)
    left = replace(line, out=line.out - set(numbers))
    if left.out or left.issued < left.copies:
        return Outcome(back)
    over = CustodyEnded(
        line.custody, line.thing, line.person, operator.person, COLLECTED, "", operator.operator, None, None, ENDED
    )
    return Outcome((*back, over))
