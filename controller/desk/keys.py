"""Requests about keys and key loans. Each gathers the facts and asks the rule."""

from dataclasses import replace

from controller import borrowing
from controller.desk.asked import Asked, Rule
from controller.desk.freshness import CLOCK_SLACK
from controller.record.asks.key import ChangeKey, RegisterKey
from controller.record.kinds.key_loan import HAND
from controller.record.refusals import Code
from controller.rules import key as rule
from controller.rules import key_audit, key_by_hand, key_loan, key_loss, key_reservation
from controller.rules.effects import PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import key_audits, keys
from controller.storage_facts.places import Places


def _site(asked: Asked, body: RegisterKey | ChangeKey) -> rule.Site:
    """What stands in the way of keeping a key so."""
    connection = asked.facts.connection
    there = keys.in_slot(connection, body.cabinet, body.slot) if body.cabinet else ()
    hanging = [one.leader for one in there if not isinstance(body, ChangeKey) or one.key != body.key]
    return rule.Site(
        Places(connection),
        {cabinet.id: cabinet.slots for cabinet in asked.facility.cabinets.values()},
        keys.labels(connection, body.label),
        {(body.cabinet, body.slot): hanging[0]} if hanging else {},
        keys.key(connection, body.ring) if body.ring else None,
        keys.followers(connection, body.ring) if body.ring else 0,
        isinstance(body, ChangeKey) and keys.followers(connection, body.key) > 0,
        keys.key(connection, body.copy_of) if body.copy_of else None,
    )


def _register(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("lock_key")
    return rule.register(asked.body, number, asked.private(f"key-{number}"), asked.operator, _site(asked, asked.body))


def _change(asked: Asked) -> Outcome | Refusal:
    found = keys.key(asked.facts.connection, asked.body.key)
    text = asked.private(f"key-{asked.body.key}", 1 if found is None else found.version + 1)
    return rule.change(asked.body, found, text, asked.operator, _site(asked, asked.body))


def _retire(asked: Asked) -> Outcome | Refusal:
    connection, number = asked.facts.connection, asked.body.key
    follows, ends = keys.followers(connection, number) > 0, _reservations(asked, number)
    return rule.retire(keys.key(connection, number), asked.private(f"reason-{asked.id}"), asked.operator, follows, ends)


def _seal(asked: Asked) -> Outcome | Refusal:
    connection, body = asked.facts.connection, asked.body
    used = keys.sealed_with(connection, body.seal) or keys.followers(connection, body.key) > 0
    return rule.seal(keys.key(connection, body.key), body.seal, body.place, asked.operator, Places(connection), used)


def _unseal(asked: Asked) -> Outcome | Refusal:
    found = keys.key(asked.facts.connection, asked.body.key)
    return rule.unseal(found, asked.private(f"reason-{asked.id}"), asked.operator)


def _limit(asked: Asked) -> Outcome | Refusal:
    body = asked.body
    return rule.limit(body.person, asked.facts.person_state(body.person), body.most, asked.operator)


# Loans ------------------------------------------------------------------------------------------------------------------


def _lend(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    bunch = keys.bunch(facts.connection, body.key)
    purpose = asked.private(f"loan-{facts.next('key_loan')}")
    terms = borrowing.terms(asked.facility, facts, bunch, purpose, asked.now, asked.operator.operator, HAND)
    borrower = borrowing.borrower(asked.facility, facts, body.person, bunch, asked.now)
    said = key_by_hand.lend(bunch, borrower, terms, asked.operator)
    return said if isinstance(said, Refusal) else replace(said, private=(purpose,))


def _authorise(asked: Asked) -> Outcome | Refusal:
    loan = keys.loan(asked.facts.connection, asked.body.loan)
    bunch = () if loan is None else keys.bunch(asked.facts.connection, loan.key)
    person = asked.operator.person
    may = borrowing.may_agree(asked.facility, asked.facts, person, bunch, asked.now)
    return key_by_hand.agree(loan, person, may, asked.operator, asked.now)


def _hand_out(asked: Asked) -> Outcome | Refusal:
    facts = asked.facts
    loan = keys.loan(facts.connection, asked.body.loan)
    if loan is None:
        return Refusal(Code.SUBJECT, "body.loan")
    bunch = keys.bunch(facts.connection, loan.key)
    borrower = borrowing.borrower(asked.facility, facts, loan.person, bunch, asked.now, loan.loan)
    terms = key_loan.Terms(
        loan.loan,
        loan.purpose,
        asked.now,
        borrowing.business_days(asked.facility, facts),
        keys.bookings(facts.connection, (key.key for key in bunch)),
        loan.authorisers,
        asked.operator.operator,
        HAND,
    )
    return key_by_hand.hand_out(loan, bunch, borrower, terms, asked.operator)


def _call_off(asked: Asked) -> Outcome | Refusal:
    return key_by_hand.call_off(keys.loan(asked.facts.connection, asked.body.loan), asked.operator)


def _return(asked: Asked) -> Outcome | Refusal:
    body = asked.body
    if body.returned_by is not None and asked.facts.person_state(body.returned_by) is None:
        return Refusal(Code.SUBJECT, "body.returned_by")
    back = keys.together(asked.facts.connection, body.key)
    lent_at = keys.lent_at(asked.facts.connection, back[0].loan) if back else None
    if lent_at is not None and asked.issued_at + CLOCK_SLACK < lent_at <= asked.now:
        return Refusal(Code.FRESHNESS, "issued_at")  # of a loan before: this one's keys are still out
    return key_loan.give_back(back, body.returned_by, operator=asked.operator.operator, how=HAND)


def _hand_over(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    bunch = keys.together(facts.connection, body.key)
    purpose = asked.private(f"loan-{facts.next('key_loan')}")
    terms = borrowing.terms(asked.facility, facts, bunch, purpose, asked.now, asked.operator.operator, HAND)
    taker = borrowing.borrower(asked.facility, facts, body.person, bunch, asked.now)
    said = key_loan.hand_over(bunch, taker, terms, asked.operator)
    return said if isinstance(said, Refusal) else replace(said, private=(purpose,))


def _report_lost(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    found = keys.key(facts.connection, body.key)
    if body.lock_down and (found is None or found.opens not in asked.facility.zones):
        return Refusal(Code.SUBJECT, "key.opens")
    loan = 0 if found is None else found.loan
    others = [one.key for one in keys.of_loan(facts.connection, loan) if one.key != body.key] if loan else []
    outcome = key_loss.report(
        found,
        asked.operator,
        asked.private(f"reason-{asked.id}"),
        asked.now,
        others=others,
        reservations=_reservations(asked, body.key),
        lock_down=body.lock_down,
        locked=found is not None and found.opens in facts.orders().lockdowns,
    )
    if isinstance(outcome, Refusal) or not body.lock_down or found is None:
        return outcome
    concerned = [p.id for p in asked.facility.portals.values() if found.opens in p.unlocking.zones]
    return replace(outcome, effects=tuple(PlaySignal(portal, "lockdown") for portal in concerned))


def _reservations(asked: Asked, number: int) -> tuple[int, ...]:
    return tuple(one.reservation for one in keys.bookings(asked.facts.connection, (number,)))


def _replace(asked: Asked) -> Outcome | Refusal:
    found = keys.key(asked.facts.connection, asked.body.key)
    keepers = frozenset() if found is None else borrowing.keepers(asked.facts, found.place)
    return key_loss.replace(found, asked.operator, keepers)


def _change_lock(asked: Asked) -> Outcome | Refusal:
    body, connection = asked.body, asked.facts.connection
    new = keys.key(connection, body.new_key) if body.new_key else None
    found, ends = keys.key(connection, body.key), _reservations(asked, body.key)
    return key_loss.change_lock(found, body.lock, new, bool(body.new_key), asked.operator, ends)


# Reservations -----------------------------------------------------------------------------------------------------------


def _reserve(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    bunch = keys.bunch(facts.connection, body.key)
    times = key_reservation.read_span((body.from_at, body.until_at), asked.now)
    begins = asked.now if isinstance(times, Refusal) else max(times[0], asked.now)
    number = facts.next("key_reservation")
    return key_reservation.reserve(
        bunch,
        borrowing.borrower(asked.facility, facts, body.person, bunch, begins),
        (body.from_at, body.until_at),
        keys.bookings(facts.connection, (one.key for one in bunch)),
        asked.operator,
        number=number,
        purpose=asked.private(f"reservation-{number}"),
        own=keys.reserved_by(facts.connection, body.person),
        now=asked.now,
    )


def _cancel_reservation(asked: Asked) -> Outcome | Refusal:
    found = keys.booking(asked.facts.connection, asked.body.reservation)
    key = None if found is None else keys.key(asked.facts.connection, found[1])
    return key_reservation.call_off(None if found is None else found[0], key, asked.operator)


# Inventory rounds -------------------------------------------------------------------------------------------------------


def _begin_audit(asked: Asked) -> Outcome | Refusal:
    place, connection = asked.body.place, asked.facts.connection
    return key_audit.begin(
        place,
        key_audits.kept_at(connection, place),
        key_audits.running(connection, place),
        asked.operator,
        asked.facts.next("key_audit"),
        asked.facility.keys.audit_by_two,
        asked.now,
    )


def _count(asked: Asked) -> Outcome | Refusal:
    found = key_audits.audit(asked.facts.connection, asked.body.audit)
    known = {} if found is None else key_audits.kept_at(asked.facts.connection, found.place)
    return key_audit.count(found, known, asked.body.counts, asked.operator)


def _end_audit(asked: Asked) -> Outcome | Refusal:
    found = key_audits.audit(asked.facts.connection, asked.body.audit)
    known = {} if found is None else key_audits.kept_at(asked.facts.connection, found.place)
    return key_audit.end(found, known, asked.operator)


RULES: dict[str, Rule] = {
    "key.register": _register,
    "key.change": _change,
    "key.retire": _retire,
    "key.seal": _seal,
    "key.unseal": _unseal,
    "key.limit": _limit,
    "key.lend": _lend,
    "key.authorise": _authorise,
    "key.hand_out": _hand_out,
    "key.call_off": _call_off,
    "key.return": _return,
    "key.hand_over": _hand_over,
    "key.report_lost": _report_lost,
    "key.replace": _replace,
    "key.change_lock": _change_lock,
    "key.reserve": _reserve,
    "key.cancel_reservation": _cancel_reservation,
    "key_audit.begin": _begin_audit,
    "key_audit.count": _count,
    "key_audit.end": _end_audit,
}
