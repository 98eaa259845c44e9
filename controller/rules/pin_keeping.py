"""Choosing, clearing and unlocking PINs: who may have it done, and what becomes of it.

A PIN is typed at a keypad of the site or at its console, and never crosses the wire: an operator at a dashboard can only let
somebody choose one, after tapping their own badge. Nobody lifts their own lock-out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks import EnrolPin
from controller.record.canonical import timestamp
from controller.record.kinds.pin import PinCleared, PinEnrolmentClosed, PinEnrolmentOpened, PinSet, PinUnlocked
from controller.record.refusals import Code
from controller.rules.access import BadgeFact
from controller.rules.authority import OperatorFact
from controller.rules.effects import AskPin, ForgetPin, PlaySignal
from controller.rules.hashed import HashedPin, KeptPin
from controller.rules.outcome import Outcome, Refusal
from controller.rules.pin_choice import Taste

ENROLMENT_S = 180
"""To walk to the reader, tap, and type four times."""
_SLACK_S = 2
_GRACE_S = 5


@dataclass(frozen=True, slots=True)
class PinEnrolment:
    """An open enrolment: this person may choose a PIN at this reader, until then."""

    reader: str
    portal: str
    person: int
    until_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether the reader still waits. Not when the clock was set back behind the beginning."""
        return 0 < self.left_s(now) <= ENROLMENT_S + _SLACK_S + _GRACE_S

    def left_s(self, now: datetime) -> float:
        """Seconds until it is over: a little later than what is typed has to be."""
        return (self.until_at - now).total_seconds() + _GRACE_S


@dataclass(frozen=True, slots=True)
class Chosen:
    """A PIN number `pin` of the person as it stands: its state (empty for none ever), and until when it is locked."""

    person: int
    pin: int
    state: str
    locked_until: datetime | None
    failures: int
    seq: int = 0
    """The record that made it so."""


def open_enrolment(
    ask: EnrolPin, operator: OperatorFact, *, portal: str | None, busy: bool, person_state: str | None, now: datetime
) -> Outcome | Refusal:
    """Let the person choose a PIN. `portal` is that of a reader with a keypad, None for any other.

    Nobody has their own chosen: a new one ends the lock-out of the old. Another administrator does, or the console.
    """
    if person_state != "active":
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == ask.person:
        return Refusal(Code.SECOND_PERSON, "body.person")
    if portal is None:
        return Refusal(Code.SUBJECT, "body.reader")
    if busy:
        return Refusal(Code.BUSY, "body.reader")
    until = timestamp(now + timedelta(seconds=ENROLMENT_S))
    record = PinEnrolmentOpened(ask.reader, ask.person, operator.operator, until)
    return Outcome((record,), (PlaySignal(portal, "enrol", ask.reader),))


def begin(enrolment: PinEnrolment, badge: BadgeFact, ticket: int, length: int, now: datetime) -> Outcome:
    """The person has come and tapped their own badge: what they type next is their PIN."""
    left_s = max(1, int((enrolment.until_at - now).total_seconds()))
    taste = Taste(length, (badge.person, badge.badge))
    ask = AskPin(enrolment.reader, ticket, left_s, taste=taste)
    return Outcome(effects=(PlaySignal(enrolment.portal, "pin", enrolment.reader), ask))


def chosen(enrolment: PinEnrolment, number: int, hashed: HashedPin) -> Outcome:
    """A good PIN was typed twice: it holds, as number `number`, and the one before counts no more."""
    kept = KeptPin(enrolment.person, number, hashed)
    record = PinSet(enrolment.person, number, enrolment.reader, "set")
    return Outcome((record,), (PlaySignal(enrolment.portal, "enrol_done", enrolment.reader),), pins=(kept,))


def ended(enrolment: PinEnrolment, code: str) -> Outcome:
    """No PIN came of it."""
    failed = PlaySignal(enrolment.portal, "enrol_failed", enrolment.reader)
    record = PinEnrolmentClosed(enrolment.reader, enrolment.person, code)
    return Outcome((record,), (ForgetPin(enrolment.reader), failed))


def set_at_console(person: int, person_state: str | None, number: int, hashed: HashedPin) -> Outcome | Refusal:
    """A PIN typed at the console, where its hash was made."""
    if person_state != "active":
        return Refusal(Code.SUBJECT, "person")
    return Outcome((PinSet(person, number, "", "set"),), pins=(KeptPin(person, number, hashed),))


def clear(standing: Chosen) -> Outcome | Refusal:
    """Let the PIN count no more."""
    if standing.state != "set":
        return Refusal(Code.SUBJECT, "body.person")
    return Outcome((PinCleared(standing.person, standing.pin, "cleared"),))


def unlock(standing: Chosen, operator: OperatorFact) -> Outcome | Refusal:
    """End a lock-out, or a count of wrong tries, before its time; nobody their own."""
    if standing.state != "set" or (standing.locked_until is None and not standing.failures):
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == standing.person:
        return Refusal(Code.SECOND_PERSON, "body.person")
    return Outcome((PinUnlocked(standing.person, operator.operator),))
