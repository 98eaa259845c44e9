"""Key loans: who may borrow, who agrees, until when; who brought it back; from one person to another; reservations (C8.2).

The keys of a ring go together; the strictest of them counts. Whoever borrows does not agree to it, nor does who asked for it,
and nobody agrees twice. A return is never refused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.key import (
    IN_PLACE,
    LENT,
    LOST,
    MISPLACED,
    MISSING,
    RELEASED,
    SUSPECT,
    KeyFound,
    KeyReplaced,
)
from controller.record.kinds.key_loan import (
    HAND,
    TAKEN,
    KeyCancelled,
    KeyHandedOver,
    KeyLent,
    KeyReleased,
    KeyReservationEnded,
    KeyReturned,
)
from controller.record.private import PrivateRef
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.key import Key
from controller.rules.key_due import BusinessDays, due_at
from controller.rules.outcome import Outcome, Refusal

EARLY = timedelta(minutes=60)
"""How long before a reservation begins its own key may be fetched."""

Bunch = Sequence[Key]
"""A key with all on its ring, the one that was asked for first."""


@dataclass(frozen=True, slots=True)
class Borrower:
    """Somebody who would have a key: what each place lacks of letting them, how many keys they have, and may have."""

    person: int
    lacking: Mapping[str, Refusal | None]
    """By place: None where they may enter it now by a right of theirs."""
    held: int = 0
    """Loans of theirs that are not over, but for the one that would be lent now."""
    limit: int = 0
    """0: no limit."""
    barred: bool = False
    """They may have none at all."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A reservation that is not over."""

    reservation: int
    person: int
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as recorded."""

    loan: int
    key: int
    person: int
    state: str
    place: str
    purpose: PrivateRef
    needed: int = 0
    authorisers: tuple[int, ...] = ()
    asked_by: int = 0
    asker: int | None = None
    """The person who is that operator, if the site knows."""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a loan begins with: its number and purpose, who agreed, who hands out, and the times that count."""

    number: int
    purpose: PrivateRef
    now: datetime
    days: BusinessDays
    bookings: Sequence[Booking] = ()
    authorisers: tuple[int, ...] = ()
    operator: int | None = None
    how: str = HAND


@dataclass(frozen=True, slots=True)
class Due:
    """When a loan is due, and the reservation that makes it so early; 0: none does."""

    at: datetime
    yields_to: int = 0


# Who may borrow ---------------------------------------------------------------------------------------------------------


def missing(
    bunch: Bunch, borrower: Borrower, bookings: Sequence[Booking], now: datetime, *, there: bool = True
) -> Refusal | None:
    """What the person lacks to have these keys now; None: nothing. `there`: the keys have to be in their place."""
    for key in bunch:
        if there and key.state != IN_PLACE:
            return Refusal(Code.KEY, f"key.{key.state}")
        lacks = borrower.lacking.get(key.place, Refusal(Code.RIGHT, "right"))
        if lacks is not None:
            return lacks
    if borrower.barred or _over(borrower, bunch):
        return Refusal(Code.ALLOWANCE, "person.keys")
    taken = next((one for one in bookings if one.person != borrower.person and one.from_at <= now < one.until_at), None)
    return None if taken is None else Refusal(Code.RESERVATION, f"reservation.{taken.reservation}")


def _over(borrower: Borrower, bunch: Bunch) -> bool:
    limits = [limit for limit in (borrower.limit, *(key.most for key in bunch)) if limit > 0]
    return bool(limits) and borrower.held + 1 > min(limits)


def needed(bunch: Bunch) -> int:
    """How many others have to agree."""
    return max(key.authorisers for key in bunch)


def due(bunch: Bunch, person: int, bookings: Sequence[Booking], days: BusinessDays, now: datetime) -> Due:
    """When these keys are due that are lent now: by their own rules, or when somebody else's reservation begins."""
    own = due_at((key.due for key in bunch), days, now)
    coming = [one for one in bookings if one.person != person and now < one.from_at < own]
    if not coming:
        return Due(own)
    first = min(coming, key=lambda one: one.from_at)
    return Due(first.from_at, first.reservation)


def lent(bunch: Bunch, borrower: Borrower, terms: Terms) -> Outcome:
    """The keys are out: the loan, and the end of the borrower's own reservation for it."""
    own = [one for one in terms.bookings if one.person == borrower.person and one.from_at <= terms.now + EARLY]
    return Outcome(
        (
            KeyLent(*_body(bunch, borrower, terms), LENT),
            *(KeyReservationEnded(one.reservation, TAKEN, "ended") for one in own),
        )
    )


def release(bunch: Bunch, borrower: Borrower, terms: Terms) -> Outcome | Refusal:
    """The slot of these keys may open for the borrower: all that a loan asks for is there, but that the key was taken."""
    if not bunch:
        return Refusal(Code.SUBJECT, "body.key")
    refusal = missing(bunch, borrower, terms.bookings, terms.now) or unagreed(bunch, borrower, terms.authorisers)
    return refusal or Outcome((KeyReleased(*_body(bunch, borrower, terms), RELEASED),))


def _body(
    bunch: Bunch, borrower: Borrower, terms: Terms
) -> tuple[int, int, tuple[int, ...], str, str, int, PrivateRef, tuple[int, ...], str, int | None, str, int]:
    key, when = bunch[0], due(bunch, borrower.person, terms.bookings, terms.days, terms.now)
    return (
        terms.number, key.key, numbers(bunch), key.label, key.place, borrower.person, terms.purpose, terms.authorisers,
        timestamp(when.at), terms.operator, terms.how, when.yields_to,
    )  # fmt: skip


def unagreed(bunch: Bunch, borrower: Borrower, authorisers: Collection[int]) -> Refusal | None:
    """Whether too few others have agreed; None: enough, all different, and the borrower not among them."""
    if borrower.person in authorisers or len(set(authorisers)) != len(authorisers):
        return Refusal(Code.SECOND_PERSON, "loan.authorisers")
    return None if len(authorisers) >= needed(bunch) else Refusal(Code.AUTHORISER, "loan.authorisers")


def cancel(loan: Loan, bunch: Bunch, cause: str) -> Outcome:
    """Nobody took the keys out of their slot, which is shut again with them in it."""
    return Outcome((KeyCancelled(loan.loan, numbers(bunch), loan.person, cause, None, "cancelled"),))


def give_back(
    bunch: Bunch,
    returned_by: int | None,
    *,
    operator: int | None,
    how: str,
    at: tuple[str, int] | None = None,
    others_out: bool = False,
) -> Outcome | Refusal:
    """The keys are back, whoever brings them. Refused is only what does not change anything: they are there already.

    `bunch`: a key with those of its ring that come back with it, all by one loan; `others_out`: more are out by it; `at`: the
    slot they hang in, None for a hand. A key with a slot of its own is in its place when it hangs there, and not before.
    """
    if not bunch:
        return Refusal(Code.SUBJECT, "body.key")
    key = bunch[0]
    place, where = _where(key, at)
    back = numbers(bunch)
    if key.state in (LENT, RELEASED) and key.person is not None:
        over = not others_out
        return Outcome((KeyReturned(key.loan, back, key.person, returned_by, how, operator, *where, over, place),))
    if key.state == LOST:
        return Outcome((KeyFound(key.key, key.person, returned_by, operator, SUSPECT),))
    if key.state in (MISSING, MISPLACED) and place == IN_PLACE:
        return Outcome((KeyReplaced(back, operator, IN_PLACE),))
    return Refusal(Code.SUBJECT, f"key.{key.state}")


def _where(key: Key, at: tuple[str, int] | None) -> tuple[str, tuple[str, int]]:
    """In which state keys are that are now there, and where that is when it is not their place."""
    home = (key.cabinet, key.slot)
    if at is None:
        return (MISPLACED, ("", 0)) if key.cabinet else (IN_PLACE, ("", 0))
    return (IN_PLACE, ("", 0)) if at == home else (MISPLACED, at)


def hand_over(bunch: Bunch, taker: Borrower, terms: Terms, operator: OperatorFact | None) -> Outcome | Refusal:
    """The keys go from their borrower to the taker, who has to be allowed to have them; a new loan begins, due by itself.

    `bunch`: every key that is out by the loan; `operator` None: both held their badges to a reader.
    """
    if not bunch or bunch[0].state != LENT or bunch[0].person is None:
        return Refusal(Code.SUBJECT, "body.key")
    former = bunch[0].person
    if taker.person == former:
        return Refusal(Code.SUBJECT, "body.person")
    if operator is not None and (refusal := not_theirs(operator, taker.person, bunch)):
        return refusal
    refusal = missing(bunch, taker, terms.bookings, terms.now, there=False) or unagreed(bunch, taker, terms.authorisers)
    if refusal:
        return refusal
    own = [one for one in terms.bookings if one.person == taker.person and one.from_at <= terms.now + EARLY]
    records: tuple[msgspec.Struct, ...] = (KeyHandedOver(*_body(bunch, taker, terms), LENT, bunch[0].loan, former),)
    return Outcome((*records, *(KeyReservationEnded(one.reservation, TAKEN, "ended") for one in own)))


def not_theirs(operator: OperatorFact, person: int, bunch: Bunch) -> Refusal | None:
    """Nobody hands keys to themselves, nor outside their scope."""
    if operator.person == person:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    return within(operator, *(place for key in bunch for place in (key.opens, key.home)))


def numbers(bunch: Bunch) -> tuple[int, ...]:
    """The keys' numbers, in order."""
    return tuple(sorted(key.key for key in bunch))
