"""From a person and some keys to what the rules of loans ask: gathers the facts for `rules/key_loan.py` (C8.2).

The desk, the console and the cabinet gather here, so that a key is lent by the same rules whoever hands it out.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from controller import days, person_facts, review_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.private import PrivateRow
from controller.rules import borrowing as rule
from controller.rules.access import BadgeFact, Case, RightFact
from controller.rules.key_due import BusinessDays
from controller.rules.key_loan import Borrower, Bunch, Terms
from controller.rules.outcome import Refusal
from controller.rules.review import Review, overdue
from controller.rules.zone import ZoneRules
from controller.storage_facts import in_force, keys
from controller.storage_facts import keepers as kept_by
from controller.storage_facts.places import Places


def borrower(facility: Facility, facts: Facts, person: int, bunch: Bunch, now: datetime, but: int = 0) -> Borrower:
    """Somebody who would have these keys at that time; `but`: the loan of theirs by which they would."""
    own = keys.limit(facts.connection, person)
    return Borrower(
        person,
        {place: lacking(facility, facts, person, place, now) for place in {key.place for key in bunch}},
        keys.open_loans(facts.connection, person, but),
        facility.keys.most_per_person if own is None else own,
        own == 0,
    )


def lacking(facility: Facility, facts: Facts, person: int, place: str, now: datetime) -> Refusal | None:
    """What the person lacks to have a key of this place then; None: nothing."""
    profile = person_facts.profile(facts.connection, person)
    state, leaves_at = ("", None) if profile is None else (profile.state, profile.leaves_at)
    found = Places(facts.connection).find(place)
    known = in_force.zones(facts.connection, facility).get(place) or ZoneRules(place)
    zone = known if found is None else replace(known, around=found.around)
    case = Case(
        rule.NO_TAP,
        BadgeFact(0, person, "active", state, leaves_at=leaves_at),
        zone,
        now,
        days.schedules(facility, days.in_force(facts.connection)),
        _reviewed(facts.rights(person, place), place, review_facts.open_reviews(facts.connection), now),
        facts.orders().lockdowns_of(place, *zone.around),
        fulfilments=facts.conditions.of(person, zone.conditions),
        accompanied=False,
    )
    return rule.lacking(case)


def _reviewed(
    rights: tuple[RightFact, ...], place: str, reviews: Iterable[Review], now: datetime
) -> tuple[RightFact, ...]:
    """The rights that were reviewed in time, or are not late: one that is late lets nobody in (C7.4)."""
    late = overdue(place, reviews, now)
    return tuple(right for right in rights if not (late and right.state == "active" and right.judged_seq < late))


def may_agree(facility: Facility, facts: Facts, person: int | None, bunch: Bunch, now: datetime) -> bool:
    """Whether this person may agree to a loan of these keys: they may enter each place themselves, or answer for it."""
    if person is None or facts.person_state(person) != "active":
        return False
    return all(
        person in keepers(facts, place) or lacking(facility, facts, person, place, now) is None
        for place in {key.place for key in bunch}
    )


def keepers(facts: Facts, place: str) -> frozenset[int]:
    """Who answers for the place."""
    return frozenset(person for person in kept_by.of(facts.connection, place) if person is not None)


def business_days(facility: Facility, facts: Facts) -> BusinessDays:
    """The days on which the site works."""
    special = days.in_force(facts.connection)
    calendar = facility.calendar.with_special(special) if special else facility.calendar
    return BusinessDays(facility.timezone, calendar, days.schedules(facility, special).get(facility.due_schedule))


def terms(
    facility: Facility,
    facts: Facts,
    bunch: Bunch,
    purpose: PrivateRow,
    now: datetime,
    operator: int | None,
    how: str,
    authorisers: tuple[int, ...] = (),
) -> Terms:
    """What a new loan of these keys begins with."""
    return Terms(
        facts.next("key_loan"),
        purpose.ref(),
        now,
        business_days(facility, facts),
        keys.bookings(facts.connection, (key.key for key in bunch)),
        authorisers,
        operator,
        how,
    )
