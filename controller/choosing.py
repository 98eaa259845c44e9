"""What somebody at a key cabinet may choose, and what comes of it: gathers the facts for `rules/cabinet_session.py` (C8.2).

Whether it is typed at the cabinet's keypad or asked for at the screen beside it, it is decided here and by the same rules as a
loan by hand.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller import borrowing
from controller.facility import CabinetAt, Facility
from controller.facts import Facts
from controller.record.kinds.key import MISPLACED
from controller.record.kinds.key_loan import CABINET
from controller.record.private import PrivateRef, PrivateRow
from controller.record.refusals import Code
from controller.rules import cabinet_session as rule
from controller.rules import key_by_hand
from controller.rules.cabinet import Slot
from controller.rules.cabinet_session import Session
from controller.rules.key_loan import Bunch, Loan, Terms, missing, needed
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import cabinets, keys


@dataclass(frozen=True, slots=True)
class Counter:
    """A cabinet at a moment, and where to find what the rules need to know."""

    facility: Facility
    facts: Facts
    at: CabinetAt
    now: datetime

    def session(self) -> Session:
        """Who stands there."""
        return cabinets.session(self.facts.connection, self.at.id, self.at.zone, self.at.station)

    def until(self, seconds: float) -> datetime:
        """The end of a step that begins now."""
        return self.now + timedelta(seconds=seconds)


def slot_of(facts: Facts, at: CabinetAt, number: int) -> Slot:
    """A slot, and what the ledger says of it."""
    own = keys.in_slot(facts.connection, at.id, number)
    guests, stray = cabinets.guests(facts.connection, at.id, number), cabinets.stray(facts.connection, at.id, number)
    return Slot(at.id, number, at.zone, at.station, own, guests, stray, bool(at.slots[number].tag))


def choose(counter: Counter, session: Session, key: int, purpose: PrivateRow | PrivateRef | None) -> Outcome | Refusal:
    """The session's person wants this key; without a purpose, for the only one that is known, or they are asked."""
    connection, at, person = counter.facts.connection, counter.at, session.person
    bunch = keys.bunch(connection, key)
    if person is None or not bunch or bunch[0].cabinet != at.id or bunch[0].slot not in at.slots:
        return Refusal(Code.SUBJECT, "body.key")
    asked = cabinets.asked(connection, person, key)
    lacks = _lacks(counter, person, bunch, asked)
    if lacks is not None:
        return lacks
    if bunch[0].state == MISPLACED:
        return _put_right(counter, session, bunch)
    if asked is not None:
        return _go_on(counter, session, bunch, asked)
    if purpose is None:
        options = cabinets.purposes(connection, person, key, {one.place for one in bunch})
        if len(options) != 1:
            return rule.ask_purpose(session, bunch, options, counter.until(at.session_s))
        purpose = next(iter(options.values()))
    private = (purpose,) if isinstance(purpose, PrivateRow) else ()
    terms = _terms(counter, bunch, counter.facts.next("key_loan"), _ref(purpose), ())
    said = _chosen(counter, session, bunch, terms)
    return said if isinstance(said, Refusal) else replace(said, private=private)


def choose_purpose(counter: Counter, session: Session, place: int) -> Outcome | Refusal:
    """The session's key, for the purpose at this place (from 1) of those that were offered."""
    if session.person is None or not 1 <= place <= len(session.options):
        return Refusal(Code.PURPOSE, "body.option")
    found = cabinets.purpose(counter.facts.connection, session.person, session.options[place - 1])
    if found is None:
        return Refusal(Code.PURPOSE, "body.option")
    return choose(counter, session, session.key, found)


def authorise(counter: Counter, session: Session, person: int) -> Outcome | Refusal:
    """Another person held their badge there, and agrees to the loan that waits for it."""
    connection = counter.facts.connection
    loan = keys.loan(connection, session.loan)
    bunch = () if loan is None else keys.bunch(connection, loan.key)
    may = borrowing.may_agree(counter.facility, counter.facts, person, bunch, counter.now) if bunch else False
    said = key_by_hand.agree(loan, person, may, None, counter.now)
    if isinstance(said, Refusal) or loan is None:
        return said if isinstance(said, Refusal) else Refusal(Code.SUBJECT, "body.loan")
    agreed = replace(loan, authorisers=(*loan.authorisers, person))
    then = _go_on(counter, session, bunch, agreed)
    if isinstance(then, Refusal):
        then = rule.refused(session, session.person or 0, then, loan.key)
    return said.followed_by(then)


def _lacks(counter: Counter, person: int, bunch: Bunch, asked: Loan | None) -> Refusal | None:
    """What is missing for this person to have these keys out of their slot now."""
    facts, key = counter.facts, bunch[0]
    there = key.state != MISPLACED
    if not there and (key.at[0] != counter.at.id or key.at[1] not in counter.at.slots):
        return Refusal(Code.KEY, f"key.{key.state}")
    borrower = borrowing.borrower(counter.facility, facts, person, bunch, counter.now, 0 if asked is None else asked.loan)
    bookings = keys.bookings(facts.connection, (one.key for one in bunch))
    lacks = missing(bunch, borrower, bookings, counter.now, there=there)
    sensor = counter.at.slots[key.slot if there else key.at[1]].present
    if lacks is None and sensor in facts.failed_parts():
        return Refusal(Code.PART, "slot.present")
    return lacks


def _put_right(counter: Counter, session: Session, bunch: Bunch) -> Outcome:
    return rule.put_right(session, bunch, counter.until(counter.at.take_s + counter.at.session_s))


def _go_on(counter: Counter, session: Session, bunch: Bunch, loan: Loan) -> Outcome | Refusal:
    """A loan that was asked for before: as soon as enough others have agreed, its slot is released."""
    terms = _terms(counter, bunch, loan.loan, loan.purpose, loan.authorisers)
    return _chosen(counter, replace(session, loan=loan.loan), bunch, terms)


def _chosen(counter: Counter, session: Session, bunch: Bunch, terms: Terms) -> Outcome | Refusal:
    person = session.person or 0
    borrower = borrowing.borrower(counter.facility, counter.facts, person, bunch, counter.now, terms.number)
    waits = counter.at.session_s if len(terms.authorisers) < needed(bunch) else counter.at.take_s
    return rule.choose(session, bunch, borrower, terms, counter.until(waits))


def _terms(counter: Counter, bunch: Bunch, number: int, purpose: PrivateRef, authorisers: tuple[int, ...]) -> Terms:
    days = borrowing.business_days(counter.facility, counter.facts)
    bookings = keys.bookings(counter.facts.connection, (key.key for key in bunch))
    return Terms(number, purpose, counter.now, days, bookings, authorisers, None, CABINET)


def terms_of(counter: Counter, bunch: Bunch, loan: Loan) -> Terms:
    """What a loan whose slot is open begins with, now that its keys are out."""
    return _terms(counter, bunch, loan.loan, loan.purpose, loan.authorisers)


def _ref(purpose: PrivateRow | PrivateRef) -> PrivateRef:
    return purpose.ref() if isinstance(purpose, PrivateRow) else purpose
