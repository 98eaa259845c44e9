"""Commands at the console about keys, for when the dashboard is away. Rows of `controller.commands` (C8.2).

Whoever stands there hands a key out by the same rules. Those who agree are named: the console cannot prove who they are, and
its records say that it was the console. What two people have to do at the dashboard, one cannot do here: a round that two are
asked for is ended there.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from controller import borrowing
from controller.facility import Facility
from controller.facts import Facts
from controller.ledger.ledger import fresh_salt
from controller.record.asks.key import Count
from controller.record.kinds.key_audit import ABSENT, ASKED, PRESENT, KeyCounted
from controller.record.kinds.key_loan import HAND
from controller.record.private import LONGEST_TEXT, PrivateRow
from controller.record.refusals import Code
from controller.record.requests import Number, Word
from controller.rules import key_audit, key_loan, key_loss
from controller.rules.authority import CONSOLE
from controller.rules.key_audit import Line, Round
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import key_audits, keys
from controller.timekeeper import Now


class LendKeyHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hand a key to a person; `agreed`: the people who agree to it."""

    key: Number
    person: Number
    purpose: str
    agreed: Annotated[tuple[Number, ...], msgspec.Meta(max_length=3)] = ()


class ReturnKeyHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a key back, whoever brings it; None: nobody said who."""

    key: Number
    returned_by: Number | None = None


class LoseKeyHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key is lost."""

    key: Number
    reason: str


class CountKeysHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All keys of a place were looked for. Each was as the ledger says, but for these."""

    place: Word
    absent: Annotated[tuple[Number, ...], msgspec.Meta(max_length=2000)] = ()
    present: Annotated[tuple[Number, ...], msgspec.Meta(max_length=2000)] = ()


def _lend(asked: LendKeyHere, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    if not asked.purpose.strip():
        return Refusal(Code.PURPOSE, "purpose")
    bunch = keys.bunch(facts.connection, asked.key)
    if not bunch:
        return Refusal(Code.SUBJECT, "key")
    for person in asked.agreed:
        if not borrowing.may_agree(facility, facts, person, bunch, now.judged):
            return Refusal(Code.RIGHT, f"agreed.{person}")
    text = {"purpose": asked.purpose.strip()[:LONGEST_TEXT]}
    purpose = PrivateRow(f"loan-{facts.next('key_loan')}", 1, text, fresh_salt())
    terms = borrowing.terms(facility, facts, bunch, purpose, now.judged, CONSOLE.operator, HAND, asked.agreed)
    borrower = borrowing.borrower(facility, facts, asked.person, bunch, now.judged)
    refusal = key_loan.missing(bunch, borrower, terms.bookings, now.judged)
    refusal = refusal or key_loan.unagreed(bunch, borrower, asked.agreed)
    return refusal or replace(key_loan.lent(bunch, borrower, terms), private=(purpose,))


def _return(asked: ReturnKeyHere, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    if asked.returned_by is not None and facts.person_state(asked.returned_by) is None:
        return Refusal(Code.SUBJECT, "returned_by")
    back = keys.together(facts.connection, asked.key)
    return key_loan.give_back(back, asked.returned_by, operator=CONSOLE.operator, how=HAND)


def _lost(asked: LoseKeyHere, facts: Facts, _facility: Facility, now: Now) -> Outcome | Refusal:
    if not asked.reason.strip():
        return Refusal(Code.PURPOSE, "reason")
    text = {"reason": asked.reason.strip()[:LONGEST_TEXT]}
    reason = PrivateRow(f"reason-{fresh_salt()[:26]}", 1, text, fresh_salt())
    found = keys.key(facts.connection, asked.key)
    out = keys.of_loan(facts.connection, found.loan) if found is not None and found.loan else ()
    reserved = keys.bookings(facts.connection, (asked.key,))
    return key_loss.report(
        found,
        CONSOLE,
        reason,
        now.judged,
        others=[one.key for one in out if one.key != asked.key],
        reservations=[one.reservation for one in reserved],
    )


def _count(asked: CountKeysHere, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    """A round of its own, or the one that is open there; ended at once, but where two are asked for."""
    there = key_audits.kept_at(facts.connection, asked.place)
    if not there:
        return Refusal(Code.SUBJECT, "place")
    if not {*asked.absent, *asked.present} <= set(there):
        return Refusal(Code.SUBJECT, "absent")
    begun, found = _round(asked.place, facts, facility, now)
    gone = {key for key, one in there.items() if one.state in key_audit.ELSEWHERE} - {*asked.present} | {*asked.absent}
    counts = [Count(key, ABSENT if key in gone else PRESENT) for key in there]
    counted = key_audit.count(found, there, counts, CONSOLE)
    if isinstance(counted, Refusal) or found.by_two:
        return counted if isinstance(counted, Refusal) else begun.followed_by(counted)
    lines = {
        body.key: Line(body.expected, body.seen, body.operator) for body in counted.records if isinstance(body, KeyCounted)
    }
    ended = key_audit.end(replace(found, counted={**found.counted, **lines}), there, CONSOLE)
    return ended if isinstance(ended, Refusal) else begun.followed_by(counted).followed_by(ended)


def _round(place: str, facts: Facts, facility: Facility, now: Now) -> tuple[Outcome, Round]:
    """The round that is open there, or one that begins now."""
    number = key_audits.open_at(facts.connection, place)
    if number is not None and (found := key_audits.audit(facts.connection, number)) is not None:
        return Outcome(), found
    number, by_two = facts.next("key_audit"), facility.keys.audit_by_two
    body = key_audit.opened(number, place, ASKED, by_two, now.judged + key_audit.TIME, CONSOLE.operator)
    return Outcome((body,)), Round(number, place, by_two, "open", {}, ())


Rule = Callable[[Any, Facts, Facility, Now], Outcome | Refusal]

KEY_COMMANDS: dict[str, tuple[type[msgspec.Struct], Rule]] = {
    "key.lend": (LendKeyHere, _lend),
    "key.return": (ReturnKeyHere, _return),
    "key.lost": (LoseKeyHere, _lost),
    "key_audit.count": (CountKeysHere, _count),
}
