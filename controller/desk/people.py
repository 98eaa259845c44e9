"""Requests about people, their badges and their PINs. Each gathers the facts and asks the rule."""

from controller import bringing, person_facts
from controller.desk.asked import Asked, Rule
from controller.ledger.ledger import fresh_salt
from controller.record.refusals import Code
from controller.rules import badge, erasure, importing, leaving, person, pin_keeping
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock
from controller.storage_facts.places import Places


def _register_person(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("person")
    return person.register(number, asked.private(f"person-{number}"))


def _import_people(asked: Asked) -> Outcome | Refusal:
    rows = asked.body.rows
    stray = next((name for name in asked.text if int(name.partition(".")[2]) >= len(rows)), None)
    if stray is not None:
        return Refusal(Code.FORM, f"private.{stray}")
    lines = bringing.lines(rows, asked.text, asked.facts)
    return importing.bring_in(
        lines, asked.operator, Places(asked.facts.connection), asked.facility.schedules, asked.now
    )


def _change_person(asked: Asked) -> Outcome | Refusal:
    profile = person_facts.profile(asked.facts.connection, asked.body.person)
    text = profile.next_text(asked.text, fresh_salt()) if profile is not None and asked.text else None
    return person.change(asked.body, profile, text, asked.operator, WallClock(asked.facility.timezone, asked.now))


def _leave_person(asked: Asked) -> Outcome | Refusal:
    facts, number = asked.facts.connection, asked.body.person
    return leaving.leave(
        asked.body,
        person_facts.profile(facts, number),
        person_facts.held(facts, number),
        asked.operator,
        f"operator:{asked.operator.operator}",
        WallClock(asked.facility.timezone, asked.now),
    )


def _suspend_person(asked: Asked) -> Outcome | Refusal:
    state = asked.facts.person_state(asked.body.person)
    return person.suspend(asked.body.person, state, asked.private(f"reason-{asked.id}"))


def _reinstate_person(asked: Asked) -> Outcome | Refusal:
    state = asked.facts.person_state(asked.body.person)
    return person.reinstate(asked.body.person, state, asked.private(f"reason-{asked.id}"), asked.operator)


def _erase_person(asked: Asked) -> Outcome | Refusal:
    subject, by = asked.facts.subject(asked.body.person), f"operator:{asked.operator.operator}"
    return erasure.erase(subject, asked.body.reason, asked.operator, by)


def _enrol_badge(asked: Asked) -> Outcome | Refusal:
    facility, reader = asked.facility, asked.body.reader
    open_at = asked.facts.enrolments({})
    return badge.open_enrolment(
        asked.body,
        asked.operator,
        portal=facility.portal_of(reader) if reader in facility.antennas else None,
        busy=reader in open_at or reader in asked.facts.pins.enrolments({}),
        person_state=asked.facts.person_state(asked.body.person),
        now=asked.now,
    )


def _retire_badge(asked: Asked) -> Outcome | Refusal:
    return badge.retire(asked.facts.badge(asked.body.badge), asked.body.badge, asked.body.state)


def _enrol_pin(asked: Asked) -> Outcome | Refusal:
    at = asked.facility.readers.get(asked.body.reader)
    return pin_keeping.open_enrolment(
        asked.body,
        asked.operator,
        portal=None if at is None or not at.keypad else at.portal,
        busy=asked.body.reader in asked.facts.enrolments({}) or asked.body.reader in asked.facts.pins.enrolments({}),
        person_state=asked.facts.person_state(asked.body.person),
        now=asked.now,
    )


def _clear_pin(asked: Asked) -> Outcome | Refusal:
    return pin_keeping.clear(asked.facts.pins.standing(asked.body.person))


def _unlock_pin(asked: Asked) -> Outcome | Refusal:
    return pin_keeping.unlock(asked.facts.pins.standing(asked.body.person), asked.operator)


RULES: dict[str, Rule] = {
    "person.register": _register_person,
    "people.import": _import_people,
    "person.change": _change_person,
    "person.leave": _leave_person,
    "person.suspend": _suspend_person,
    "person.reinstate": _reinstate_person,
    "person.erase": _erase_person,
    "badge.enrol": _enrol_badge,
    "badge.retire": _retire_badge,
    "pin.enrol": _enrol_pin,
    "pin.clear": _clear_pin,
    "pin.unlock": _unlock_pin,
}
