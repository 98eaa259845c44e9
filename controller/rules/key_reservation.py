"""Reservations of keys: a key is somebody's for a time to come; loans to others are due before it (C8.2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.record.canonical import moment, timestamp
from controller.record.kinds.key import LOST, RETIRED, SEALED, SUSPECT
from controller.record.kinds.key_loan import CALLED_OFF, UNUSED, KeyReservationEnded, KeyReserved
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import EMPLOYEE, OperatorFact, within
from controller.rules.key import Key
from controller.rules.key_loan import Booking, Borrower, Bunch
from controller.rules.outcome import Outcome, Refusal

AHEAD = timedelta(days=92)
LONGEST = timedelta(days=7)
MOST = 20
"""Reservations of one person, and of one key, at a time."""


def reserve(
    bunch: Bunch,
    borrower: Borrower,
    span: tuple[str, str],
    bookings: Sequence[Booking],
    operator: OperatorFact,
    *,
    number: int,
    purpose: PrivateRow,
    own: int,
    now: datetime,
) -> Outcome | Refusal:
    """Keep a key for a person. `borrower.lacking` is asked of when it begins; `own`: how many reservations they have."""
    if not bunch or bunch[0].state in (LOST, RETIRED, SEALED, SUSPECT):
        return Refusal(Code.SUBJECT, "body.key")
    key = bunch[0]
    if refusal := _not_theirs(operator, borrower.person, key):
        return refusal
    times = read_span(span, now)
    if isinstance(times, Refusal):
        return times
    for one in bunch:
        lacks = borrower.lacking.get(one.place, Refusal(Code.RIGHT, "right"))
        if lacks is not None:
            return lacks
    from_at, until_at = times
    if any(one.from_at < until_at and from_at < one.until_at for one in bookings):
        return Refusal(Code.RESERVATION, "body.from_at")
    if own >= MOST or len(bookings) >= MOST:
        return Refusal(Code.ALLOWANCE, "person.reservations")
    record = KeyReserved(
        number, key.key, key.label, key.place, borrower.person, timestamp(from_at), timestamp(until_at), purpose.ref(),
        operator.operator, "reserved",
    )  # fmt: skip
    return Outcome((record,), private=(purpose,))


def read_span(span: tuple[str, str], now: datetime) -> tuple[datetime, datetime] | Refusal:
    """From when until when, if that can be reserved."""
    try:
        from_at, until_at = map(moment, span)
    except ValueError:
        return Refusal(Code.FORM, "body.from_at")
    if not from_at < until_at or until_at <= now or from_at > now + AHEAD or until_at - from_at > LONGEST:
        return Refusal(Code.VALIDITY, "body.until_at")
    return from_at, until_at


def _not_theirs(operator: OperatorFact, person: int, key: Key) -> Refusal | None:
    """An employee reserves for nobody else; whoever reserves for others does so in their scope."""
    if operator.person == person:
        return None
    if operator.roles == {EMPLOYEE}:
        return Refusal(Code.SCOPE, "body.person")
    return within(operator, key.opens, key.home)


def call_off(booking: Booking | None, key: Key | None, operator: OperatorFact) -> Outcome | Refusal:
    """End a reservation before its time."""
    if booking is None or key is None:
        return Refusal(Code.SUBJECT, "body.reservation")
    if refusal := _not_theirs(operator, booking.person, key):
        return refusal
    return Outcome((KeyReservationEnded(booking.reservation, CALLED_OFF, "ended"),))


def over(reservations: Sequence[int]) -> Outcome:
    """Their time is over, and nobody fetched the key."""
    return Outcome(tuple(KeyReservationEnded(number, UNUSED, "ended") for number in reservations))
