"""Key loans by hand: handed out by an operator, after others have agreed where the key asks for that (C8.2).

Whoever borrows does not agree to it, nor does who asked for it, and nobody agrees twice. Nobody hands out to themselves.
"""

from datetime import datetime, timedelta

from controller.record.kinds.key_loan import ASKED, LAPSED, WITHDRAWN, KeyAsked, KeyAuthorised, KeyCancelled
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.key_loan import Borrower, Bunch, Loan, Terms, lent, missing, needed, not_theirs, numbers, unagreed
from controller.rules.outcome import Outcome, Refusal

LAPSES = timedelta(hours=24)
"""How long a loan waits for those who have to agree, and for the hand-out."""


def lend(bunch: Bunch, borrower: Borrower, terms: Terms, operator: OperatorFact) -> Outcome | Refusal:
    """Hand the keys out, or, where others have to agree, ask for that first. Nobody hands out to themselves."""
    if not bunch:
        return Refusal(Code.SUBJECT, "body.key")
    if refusal := not_theirs(operator, borrower.person, bunch):
        return refusal
    if refusal := missing(bunch, borrower, terms.bookings, terms.now):
        return refusal
    if needed(bunch):
        key = bunch[0]
        record = KeyAsked(
            terms.number, key.key, numbers(bunch), key.label, key.place, borrower.person, terms.purpose, needed(bunch),
            operator.operator, ASKED,
        )  # fmt: skip
        return Outcome((record,))
    return lent(bunch, borrower, terms)


def agree(
    loan: Loan | None, person: int | None, may: bool, operator: OperatorFact | None, now: datetime
) -> Outcome | Refusal:
    """A person agrees to a loan that waits. `may`: they may enter the place themselves, or answer for it.

    `operator`: whose request it is; None: they held their badge to a reader.
    """
    if loan is None or loan.state != ASKED or _lapsed(loan, now):
        return Refusal(Code.SUBJECT, "body.loan")
    if person is None or person in (loan.person, loan.asker, *loan.authorisers):
        return Refusal(Code.SECOND_PERSON, "operator.person")
    if loan.asked_by and loan.asker is None:  # whoever asked cannot prove to be another person
        return Refusal(Code.SECOND_PERSON, "loan.asked_by")
    if operator is not None and operator.operator == loan.asked_by:
        return Refusal(Code.SECOND_PERSON, "loan.asked_by")
    if not may:
        return Refusal(Code.RIGHT, "operator.person")
    by = 0 if operator is None else operator.operator
    return Outcome((KeyAuthorised(loan.loan, person, (*loan.authorisers, person), by, ASKED),))


def hand_out(
    loan: Loan | None, bunch: Bunch, borrower: Borrower | None, terms: Terms, operator: OperatorFact
) -> Outcome | Refusal:
    """Hand out the keys of a loan to which enough others have agreed; everything is looked at again."""
    if loan is None or borrower is None or not bunch or loan.state != ASKED or _lapsed(loan, terms.now):
        return Refusal(Code.SUBJECT, "body.loan")
    if refusal := not_theirs(operator, loan.person, bunch):
        return refusal
    if refusal := missing(bunch, borrower, terms.bookings, terms.now) or unagreed(bunch, borrower, loan.authorisers):
        return refusal
    return lent(bunch, borrower, terms)


def _lapsed(loan: Loan, now: datetime) -> bool:
    return loan.asked_at is not None and now - loan.asked_at >= LAPSES


def call_off(loan: Loan | None, operator: OperatorFact) -> Outcome | Refusal:
    """End a loan that waits."""
    if loan is None or loan.state != ASKED:
        return Refusal(Code.SUBJECT, "body.loan")
    if refusal := within(operator, loan.place):
        return refusal
    return Outcome((KeyCancelled(loan.loan, (), loan.person, WITHDRAWN, operator.operator, "cancelled"),))


def lapse(loan: Loan) -> Outcome:
    """Nobody handed the keys out in time."""
    return Outcome((KeyCancelled(loan.loan, (), loan.person, LAPSED, None, "cancelled"),))
