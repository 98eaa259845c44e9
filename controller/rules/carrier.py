"""Companies that carry (C8.6): registered, assessed by one person and approved by another, pledged, withdrawn.

A company is in force while it is not withdrawn and both its approved assessment and its pledge hold. Both hold through whole
days of the site's calendar. A company carries for the whole site: who decides on one has the whole site in scope.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.record.asks.carrier import AssessCarrier, PledgeCarrier
from controller.record.canonical import timestamp
from controller.record.kinds.carrier import (
    CarrierApproved,
    CarrierAssessed,
    CarrierDeclined,
    CarrierPledged,
    CarrierRegistered,
    CarrierWithdrawn,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock

LONGEST = timedelta(days=3 * 366)
"""An assessment or a pledge that nobody looks at for longer is none."""
EARLIEST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A company as recorded, with the ends of what holds; None: it never had that."""

    carrier: int
    state: str
    assessment_until: datetime | None
    pledge_until: datetime | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment as recorded, and which human made it."""

    assessment: int
    carrier: int
    state: str
    until_at: datetime
    operator: int
    assessor: int | None


def missing(carrier: Carrier | None, now: datetime) -> Refusal | None:
    """What the company lacks to carry anything now; None: nothing."""
    if carrier is None or carrier.state != "active":
        return Refusal(Code.SUBJECT, "carrier.state")
    if carrier.assessment_until is None or carrier.assessment_until <= now:
        return Refusal(Code.ASSESSMENT, "carrier.assessment")
    if carrier.pledge_until is None or carrier.pledge_until <= now:
        return Refusal(Code.PLEDGE, "carrier.pledge")
    return None


def register(number: int, text: PrivateRow, operator: OperatorFact) -> Outcome | Refusal:
    """Make company `number` known."""
    if refusal := within(operator, "*"):
        return refusal
    return Outcome((CarrierRegistered(number, text.ref(), operator.operator, "active"),), private=(text,))


def assess(
    ask: AssessCarrier, carrier: Carrier | None, operator: OperatorFact, number: int, wall: WallClock
) -> Outcome | Refusal:
    """Put assessment `number` on record, for another to approve. Who assesses is somebody the site knows."""
    if refusal := _undecidable(carrier, operator):
        return refusal
    until = _until(ask.assessed_on, ask.valid_until, "assessed_on", wall)
    if isinstance(until, Refusal):
        return until
    if not _is_digest(ask.sha256):
        return Refusal(Code.FORM, "body.sha256")
    record = CarrierAssessed(
        number, ask.carrier, ask.assessed_on, timestamp(until), ask.sha256, operator.operator, "requested"
    )
    return Outcome((record,))


def approve(
    assessment: Assessment | None, carrier: Carrier | None, operator: OperatorFact, now: datetime
) -> Outcome | Refusal:
    """Let the assessment hold. Not by who made it."""
    refusal = _undecidable(carrier, operator)
    if refusal or carrier is None:
        return refusal or Refusal(Code.SUBJECT, "body.carrier")
    if assessment is None or assessment.state != "requested":
        return Refusal(Code.SUBJECT, "body.assessment")
    if operator.operator == assessment.operator or operator.person in (None, assessment.assessor):
        return Refusal(Code.SECOND_PERSON, "assessment.operator")
    if assessment.until_at <= now:
        return Refusal(Code.VALIDITY, "assessment.until_at")
    until = timestamp(assessment.until_at)
    due = timestamp(_nearest(assessment.until_at, carrier.pledge_until))
    record = CarrierApproved(assessment.assessment, carrier.carrier, until, due, operator.operator, "active")
    return Outcome((record,))


def decline(assessment: Assessment | None, operator: OperatorFact) -> Outcome | Refusal:
    """Say no to an assessment; who made it may take it back so."""
    if assessment is None or assessment.state != "requested":
        return Refusal(Code.SUBJECT, "body.assessment")
    if refusal := within(operator, "*"):
        return refusal
    return Outcome((CarrierDeclined(assessment.assessment, assessment.carrier, operator.operator, "declined"),))


def pledge(ask: PledgeCarrier, carrier: Carrier | None, operator: OperatorFact, wall: WallClock) -> Outcome | Refusal:
    """Put the company's pledge on record, in the place of an earlier one."""
    refusal = _undecidable(carrier, operator)
    if refusal or carrier is None:
        return refusal or Refusal(Code.SUBJECT, "body.carrier")
    until = _until(ask.signed_on, ask.valid_until, "signed_on", wall)
    if isinstance(until, Refusal):
        return until
    if not _is_digest(ask.sha256):
        return Refusal(Code.FORM, "body.sha256")
    due = timestamp(_nearest(until, carrier.assessment_until))
    record = CarrierPledged(
        carrier.carrier, ask.version, ask.sha256, ask.signed_on, timestamp(until), due, operator.operator
    )
    return Outcome((record,))


def withdraw(carrier: Carrier | None, operator: OperatorFact, reason: PrivateRow) -> Outcome | Refusal:
    """Let the company carry nothing any more."""
    if carrier is None or carrier.state != "active":
        return Refusal(Code.SUBJECT, "body.carrier")
    if refusal := within(operator, "*"):
        return refusal
    record = CarrierWithdrawn(carrier.carrier, operator.operator, reason.ref(), "withdrawn")
    return Outcome((record,), private=(reason,))


def _undecidable(carrier: Carrier | None, operator: OperatorFact) -> Refusal | None:
    if carrier is None or carrier.state != "active":
        return Refusal(Code.SUBJECT, "body.carrier")
    if operator.person is None:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    return within(operator, "*")


def _until(since: str, until: str, place: str, wall: WallClock) -> datetime | Refusal:
    """The end of the last day on which it holds: from a day that has come, to one that is not over."""
    begin, end = _day(since), _day(until)
    if begin is None or begin < EARLIEST:
        return Refusal(Code.FORM, f"body.{place}")
    if end is None:
        return Refusal(Code.FORM, "body.valid_until")
    if begin > wall.today:
        return Refusal(Code.VALIDITY, f"body.{place}")
    if end < wall.today or end - begin > LONGEST:
        return Refusal(Code.VALIDITY, "body.valid_until")
    return wall.end_of(end)


def _nearest(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else min(one, other)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def _day(text: str) -> date | None:
    """The day, if it is written as in records."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and day.year < 9000 else None
