"""Rights: requested by one operator, effective after another approved it; none without purpose or end (C7.1, C7.3)."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks import RequestRight
from controller.record.canonical import moment, timestamp
from controller.record.kinds.right import (
    MANNERS,
    RightApproved,
    RightDeclined,
    RightRequested,
    RightRevoked,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.group import MOST_RIGHTS, Team
from controller.rules.outcome import Outcome, Refusal

LONGEST = timedelta(days=3 * 366)
"""A right ends; one that ends after a working life does not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A right as recorded, with what its decision needs."""

    access_right: int
    person: int | None
    zone: str
    state: str
    until_at: datetime
    requested_by: int
    requester: int | None = None
    """The person who is that operator, if the site knows."""
    team: int | None = None
    """The group whose right it is; None for a person's."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose the right would be: the person's state and leaving time, or the group."""

    person_state: str | None = None
    leaves_at: datetime | None = None
    team: Team | None = None


def request(
    ask: RequestRight,
    operator: OperatorFact,
    *,
    number: int,
    purpose: PrivateRow,
    holder: Holder,
    zones: Container[str],
    schedules: Container[str],
    now: datetime,
) -> Outcome | Refusal:
    """Ask for right `number`: for somebody known, to a zone and a schedule that are configured, with an end in the future."""
    if refusal := _nobody(ask, holder):
        return refusal
    if ask.manner not in MANNERS:
        return Refusal(Code.FORM, "body.manner")
    if ask.zone not in zones:
        return Refusal(Code.SUBJECT, "body.zone")
    if ask.schedule not in schedules:
        return Refusal(Code.SUBJECT, "body.schedule")
    span = _span(ask, now, holder.leaves_at)
    if isinstance(span, Refusal):
        return span
    if refusal := within(operator, ask.zone):
        return refusal
    from_at, until_at = span
    record = RightRequested(
        number,
        ask.person,
        ask.zone,
        ask.schedule,
        timestamp(from_at),
        timestamp(until_at),
        purpose.ref(),
        operator.operator,
        "requested",
        ask.team,
        ask.manner,
    )
    return Outcome((record,), private=(purpose,))


def _nobody(ask: RequestRight, holder: Holder) -> Refusal | None:
    """Why there is nobody who could have the right; None when there is."""
    if (ask.person is None) == (ask.team is None):
        return Refusal(Code.FORM, "body.person")
    if ask.person is not None:
        return None if holder.person_state == "active" else Refusal(Code.SUBJECT, "body.person")
    team = holder.team
    known = team is not None and team.state == "active" and len(team.rights) < MOST_RIGHTS
    return None if known else Refusal(Code.SUBJECT, "body.team")


def _span(ask: RequestRight, now: datetime, leaves_at: datetime | None) -> tuple[datetime, datetime] | Refusal:
    try:
        from_at, until_at = moment(ask.from_at), moment(ask.until_at)
    except ValueError:
        return Refusal(Code.FORM, "body.from_at")
    if until_at <= from_at or until_at <= now:
        return Refusal(Code.VALIDITY, "body.until_at")
    if until_at - max(from_at, now) > LONGEST:
        return Refusal(Code.PURPOSE, "body.until_at")
    if leaves_at is not None and until_at > leaves_at:  # a later date ends it too: `access.py`, and `leaving.py` at its day
        return Refusal(Code.VALIDITY, "body.until_at")
    return from_at, until_at


def approve(
    right: Standing | None, operator: OperatorFact, now: datetime, in_group: bool = False,
    despite: tuple[str, ...] = (),
) -> Outcome | Refusal:
    """Let a requested right hold. Not by who asked for it, not for oneself, not outside one's scope, not after its end.

    `in_group`: the operator is in the group whose right it is, or waits to join it: then it would be for oneself.
    `despite`: what is open against the person, for the record.
    """
    refusal = _undecidable(right, operator)
    if refusal or right is None:
        return refusal or Refusal(Code.SUBJECT, "body.access_right")
    if operator.operator == right.requested_by:
        return Refusal(Code.SECOND_PERSON, "right.requested_by")
    if operator.person is not None and operator.person in (right.requester, right.person):
        return Refusal(Code.SECOND_PERSON, "right.person")
    if right.team is not None and in_group:
        return Refusal(Code.SECOND_PERSON, "right.team")
    if right.until_at <= now:
        return Refusal(Code.VALIDITY, "right.until_at")
    return Outcome((RightApproved(right.access_right, operator.operator, "active", despite),))


def decline(right: Standing | None, operator: OperatorFact) -> Outcome | Refusal:
    """Say no to a requested right; the one who asked may also take it back so."""
    refusal = _undecidable(right, operator)
    if refusal or right is None:
        return refusal or Refusal(Code.SUBJECT, "body.access_right")
    return Outcome((RightDeclined(right.access_right, operator.operator, "declined"),))


def revoke(right: Standing | None, operator: OperatorFact) -> Outcome | Refusal:
    """End a right that holds or was requested."""
    if right is None or right.state not in ("active", "requested", "suspended"):
        return Refusal(Code.SUBJECT, "body.access_right")
    if refusal := within(operator, right.zone):
        return refusal
    return Outcome((RightRevoked(right.access_right, operator.operator, "revoked"),))


def _undecidable(right: Standing | None, operator: OperatorFact) -> Refusal | None:
    if right is None or right.state != "requested":
        return Refusal(Code.SUBJECT, "body.access_right")
    return within(operator, right.zone)
