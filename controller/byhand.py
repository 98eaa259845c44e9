"""Who is where, by hand: gathers the facts for `rules/whereabouts.py`, for the desk and for the console."""

from datetime import datetime

from controller import presence_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.asks.presence import CorrectPresence, ForgivePresence, NoteEntry
from controller.record.private import PrivateRow
from controller.rules import whereabouts as rule
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.whereabouts import Passage


def correct(
    ask: CorrectPresence, operator: OperatorFact, facility: Facility, facts: Facts, reason: PrivateRow, now: datetime
) -> Outcome | Refusal:
    """Says where a person is."""
    known = presence_facts.whereabouts(facts.connection, ask.person, now)
    return rule.correct(ask, operator, facts.person_state(ask.person), known, facility.zones, reason)


def forgive(
    ask: ForgivePresence, operator: OperatorFact, facts: Facts, reason: PrivateRow, now: datetime
) -> Outcome | Refusal:
    """Lets no anti-passback keep a person out for a while."""
    known = presence_facts.whereabouts(facts.connection, ask.person, now)
    return rule.forgive(ask, operator, facts.person_state(ask.person), known, reason, now)


def note(
    ask: NoteEntry, operator: OperatorFact, facility: Facility, facts: Facts, reason: PrivateRow, now: datetime
) -> Outcome | Refusal:
    """Writes an entry down."""
    number = presence_facts.next_note(facts.connection)
    return rule.note(
        ask,
        operator,
        facts.person_state(ask.person),
        _passage(facility, ask.portal),
        number=number,
        reason=reason,
        now=now,
    )


def confirm(
    number: int, operator: OperatorFact, facility: Facility, facts: Facts, now: datetime
) -> Outcome | Refusal:
    """Stands by an entry that another wrote down."""
    noted = presence_facts.noted(facts.connection, number)
    if noted is None:
        return rule.confirm(None, operator, None, None, None)
    known = presence_facts.whereabouts(facts.connection, noted.person, now)
    doubted_at = presence_facts.doubted_at(facts.connection, noted.zone)
    return rule.confirm(noted, operator, _passage(facility, noted.portal), known, doubted_at)


def decline(number: int, operator: OperatorFact, facility: Facility, facts: Facts) -> Outcome | Refusal:
    """Says that an entry is not as it was written down."""
    noted = presence_facts.noted(facts.connection, number)
    return rule.decline(noted, operator, None if noted is None else _passage(facility, noted.portal))


def _passage(facility: Facility, portal: str) -> Passage | None:
    known = facility.portals.get(portal)
    return None if known is None else Passage(known.id, known.inner, known.outer)
