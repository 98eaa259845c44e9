"""Badges: enrolled by tapping, and retired. One credential is one badge, for ever: a retired one is not enrolled again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks import EnrolBadge
from controller.record.canonical import timestamp
from controller.record.kinds.badge import BadgeEnrolled, BadgeRetired, EnrolmentClosed, EnrolmentOpened
from controller.record.refusals import Code
from controller.rules.access import BadgeFact, Tap
from controller.rules.authority import OperatorFact
from controller.rules.effects import ArmReader, PlaySignal
from controller.rules.outcome import Outcome, Refusal

ENROLMENT_S = 60
_SLACK_S = 2
"""What a clock that is kept may be put back by."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An open enrolment: the next card at this reader becomes this person's badge, until then."""

    reader: str
    portal: str
    person: int
    until_at: datetime


def is_open(enrolment: Enrolment, now: datetime) -> bool:
    """Whether the reader still waits. Not when the clock was set back behind the beginning: nobody waits there any more."""
    return 0 < (enrolment.until_at - now).total_seconds() <= ENROLMENT_S + _SLACK_S


def open_enrolment(
    ask: EnrolBadge, operator: OperatorFact, *, portal: str | None, busy: bool, person_state: str | None, now: datetime
) -> Outcome | Refusal:
    """Begin to wait for a card. `portal` is the reader's portal, None for an unknown reader; `busy` when it waits already."""
    if person_state != "active":
        return Refusal(Code.SUBJECT, "body.person")
    if portal is None:
        return Refusal(Code.SUBJECT, "body.reader")
    if busy:
        return Refusal(Code.BUSY, "body.reader")
    until = timestamp(now + timedelta(seconds=ENROLMENT_S))
    record = EnrolmentOpened(ask.reader, ask.person, operator.operator, until)
    return Outcome((record,), (ArmReader(ask.reader, ENROLMENT_S), PlaySignal(portal, "enrol", ask.reader)))


def enrol(
    enrolment: Enrolment, tap: Tap, known: BadgeFact | None, *, number: int, least_assurance: int, personalised: bool
) -> Outcome:
    """What a card at a waiting reader becomes: badge `number`, or the enrolment's end with what was missing."""
    code = _unfit(tap, known, least_assurance)
    disarm = ArmReader(enrolment.reader, 0)
    if code is not None:
        failed = PlaySignal(enrolment.portal, "enrol_failed", enrolment.reader)
        return Outcome((EnrolmentClosed(enrolment.reader, enrolment.person, code),), (disarm, failed))
    record = BadgeEnrolled(
        number, enrolment.person, enrolment.reader, tap.credential, tap.assurance, tap.label, "active", personalised
    )
    return Outcome((record,), (disarm, PlaySignal(enrolment.portal, "enrol_done", enrolment.reader)))


def _unfit(tap: Tap, known: BadgeFact | None, least_assurance: int) -> str | None:
    if tap.problem is not None:
        return tap.problem
    if not tap.credential:
        return Code.CARD
    if known is not None:
        return "enrolled" if known.state == "active" else Code.ACTIVE_BADGE
    return Code.ASSURANCE if tap.assurance < least_assurance else None


def lapse(enrolment: Enrolment) -> Outcome:
    """The time is over and no card came."""
    effects = (ArmReader(enrolment.reader, 0), PlaySignal(enrolment.portal, "enrol_failed", enrolment.reader))
    return Outcome((EnrolmentClosed(enrolment.reader, enrolment.person, "time"),), effects)


def retire(badge: BadgeFact | None, number: int, state: str) -> Outcome | Refusal:
    """Let the badge open nothing any more; `state` is `lost` or `retired`."""
    if state not in ("lost", "retired"):
        return Refusal(Code.FORM, "body.state")
    if badge is None or badge.state != "active":
        return Refusal(Code.SUBJECT, "body.badge")
    return Outcome((BadgeRetired(number, state),))
