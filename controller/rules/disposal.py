"""Disposal: an irreversible method that fits the medium, and a second person who watched (C4.2)."""

from datetime import datetime, timedelta

from controller.record.canonical import timestamp
from controller.record.handling import DISPOSE, KEEPER, METHODS_OF, need
from controller.record.kinds.custody import APPROVED, ENDED, UNWITNESSED
from controller.record.kinds.disposal import CustodyDestroyed, CustodyDisposed
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, for_whom
from controller.rules.custody import Carrier, Line, ready
from controller.rules.outcome import Outcome, Refusal

WITNESS_WITHIN = timedelta(days=1)
"""So soon another person has to say that they watched; else it is overdue."""


def dispose(
    line: Line | None, method: str, operator: OperatorFact, *, busy: bool, carrier: Carrier, now: datetime
) -> Outcome | Refusal:
    """Say that it is destroyed. `busy`: somebody else has the thing."""
    if line is None or line.act != DISPOSE or line.state != APPROVED:
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.dispose", operator, line.person):
        return refusal
    if refusal := ready(line, busy=busy, carrier=carrier, now=now):
        return refusal
    if method not in METHODS_OF.get(line.medium, ()):
        return Refusal(Code.FORM, "body.method")
    due_at = timestamp(now + WITNESS_WITHIN)
    record = CustodyDestroyed(
        line.custody, line.thing, line.person, method, line.kept.place, due_at, operator.operator, UNWITNESSED
    )
    return Outcome((record,))


def unfit(line: Line, supervisor: int | None) -> Refusal | None:
    """Why this person cannot be the one who watched; None: they can."""
    if supervisor is None or supervisor == line.person:
        return Refusal(Code.SECOND_PERSON, "custody.person")
    if need(line.class_, DISPOSE).supervisor == KEEPER and supervisor not in line.kept.keepers:
        return Refusal(Code.ROLE, "keeper")
    return None


def witness(line: Line | None, supervisor: int | None, *, station: str = "", operator: int = 0) -> Outcome | Refusal:
    """Say that one has watched: with the badges of both at a station, or by one's own request."""
    if line is None or line.state != UNWITNESSED:
        return Refusal(Code.SUBJECT, "body.custody")
    if (refusal := unfit(line, supervisor)) or supervisor is None:
        return refusal or Refusal(Code.SECOND_PERSON, "custody.person")
    record = CustodyDisposed(
        line.custody, line.thing, line.asset, line.person, supervisor, line.method, station, operator, ENDED
    )
    return Outcome((record,))
