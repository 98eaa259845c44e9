"""People: registered, suspended, reinstated (C7.4)."""

from controller.record.kinds.person import PersonRegistered, PersonReinstated, PersonSuspended
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal


def register(number: int, text: PrivateRow) -> Outcome:
    """Make person `number` known by the texts in the private store."""
    return Outcome((PersonRegistered(number, text.ref(), "active"),), private=(text,))


def suspend(person: int, state: str | None, reason: PrivateRow) -> Outcome | Refusal:
    """Let no badge of this person open anything."""
    if state != "active":
        return Refusal(Code.SUBJECT, "body.person")
    return Outcome((PersonSuspended(person, "suspended", reason.ref()),), private=(reason,))


def reinstate(person: int, state: str | None, reason: PrivateRow, operator: OperatorFact) -> Outcome | Refusal:
    """End a suspension; nobody ends their own."""
    if state != "suspended":
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == person:
        return Refusal(Code.SECOND_PERSON, "body.person")
    return Outcome((PersonReinstated(person, "active", reason.ref()),), private=(reason,))
