"""Commands at the Pi's console: what only somebody with a shell there may do. One row of `COMMANDS` each.

They go through the loop like everything else while a controller runs, and are records like everything else. What a
command takes is a struct, so that a line of nonsense on the socket is a refusal and not the end of the loop.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from controller import person_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.key_commands import KEY_COMMANDS
from controller.ledger.ledger import fresh_salt
from controller.presence_commands import PRESENCE_COMMANDS
from controller.record.asks import EnrolBadge, ErasePerson
from controller.record.asks.person import LeavePerson
from controller.record.canonical import canonical, moment
from controller.record.keys import BadKey, PublicKeys
from controller.record.kinds.clock import ClockConfirmed
from controller.record.private import LONGEST_TEXT, PrivateRow
from controller.record.refusals import Code
from controller.record.requests import Number
from controller.rules import badge, clock, erasure, evacuation, leaving, pin_keeping, poison, start, trust
from controller.rules.access import Tap
from controller.rules.authority import CONSOLE
from controller.rules.badge import Enrolment
from controller.rules.hashed import FORMS, HashedPin
from controller.rules.outcome import Outcome, Refusal
from controller.rules.posture import SITE
from controller.rules.schedule import WallClock
from controller.timekeeper import Now


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Believe the dashboard with this key line."""

    key: str


class Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Believe the dashboard with this key id no more."""

    dashboard: str


class AddOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Register an operator; `scope` is zones, or `*`."""

    name: str
    roles: tuple[str, ...]
    scope: tuple[str, ...]
    person: Number | None = None


class ChangeOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give an operator other roles or another scope; None leaves them."""

    operator: Number
    roles: tuple[str, ...] | None = None
    scope: tuple[str, ...] | None = None


class RetireOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End an operator's say."""

    operator: Number


class StartAlone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let this operator begin alone, marked in every record until another person has reviewed it."""

    operator: Number


class Enrol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make the next card at this reader the person's badge."""

    person: Number
    reader: str


class EnrolCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card that a reader at the console has read: `credential` is its digest already."""

    person: Number
    credential: str
    assurance: Number
    label: str
    problem: str | None = None
    personalised: bool = False


class Forgive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Try an input again that stopped the controller before, by its digest."""

    poison: str


class Evacuate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lead everybody out of the zone; `*`: out of the site."""

    zone: str


class EvacuationOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let people in again."""

    zone: str


class ConfirmClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Believe the clock, which showed this time when somebody compared it with a watch."""

    shown_at: str


class SetPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let this be the person's PIN: its hashes in hex, made where it was typed; `form` says how."""

    person: Number
    form: Number
    own: str
    duress: str


class OfPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's PIN: cleared, or let out of its lock-out."""

    person: Number


def _trust(asked: Trust, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    try:
        keys = PublicKeys.parse(asked.key)
    except BadKey as error:
        return Refusal(Code.FORM, f"key: {error}")
    return trust.trust(keys, facts.dashboard(keys.id) is not None)


def _revoke(asked: Revoke, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return trust.revoke(asked.dashboard, facts.dashboard(asked.dashboard) is not None)


def _operator_add(asked: AddOperator, facts: Facts, facility: Facility, _now: Now) -> Outcome | Refusal:
    number = facts.next("operator")
    text = PrivateRow(f"operator-{number}", 1, {"name": asked.name.strip()[:LONGEST_TEXT]}, fresh_salt())
    if asked.person is not None and facts.person_state(asked.person) is None:
        return Refusal(Code.SUBJECT, "person")
    return trust.register_operator(number, text, asked.roles, asked.scope, asked.person, frozenset(facility.zones))


def _operator_change(asked: ChangeOperator, facts: Facts, facility: Facility, _now: Now) -> Outcome | Refusal:
    return trust.change_operator(facts.operator(asked.operator), asked.roles, asked.scope, frozenset(facility.zones))


def _operator_retire(asked: RetireOperator, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return trust.retire_operator(facts.operator(asked.operator))


def _start_alone(asked: StartAlone, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return start.begin(facts.next("start"), asked.operator, facts.operators(), facts.start())


def _enrol(asked: Enrol, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    return badge.open_enrolment(
        EnrolBadge(asked.person, asked.reader),
        CONSOLE,
        portal=facility.portal_of(asked.reader) if asked.reader in facility.antennas else None,
        busy=asked.reader in facts.enrolments({}),
        person_state=facts.person_state(asked.person),
        now=now.judged,
    )


def _enrol_card(asked: EnrolCard, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    if facts.person_state(asked.person) != "active":
        return Refusal(Code.SUBJECT, "person")
    outcome = badge.enrol(
        Enrolment("", "", asked.person, now.judged),
        Tap(asked.credential, asked.assurance, asked.problem, asked.label),
        facts.badge_of(asked.credential),
        number=facts.next("badge"),
        least_assurance=min(zone.least_assurance for zone in facility.zones.values()),
        personalised=asked.personalised,
    )
    return Outcome(outcome.records)


def _forgive(asked: Forgive, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return poison.forgive(facts.poison(), asked.poison)


def _person_erase(asked: ErasePerson, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return erasure.erase(facts.subject(asked.person), asked.reason, CONSOLE, "console")


def _person_leave(asked: LeavePerson, facts: Facts, facility: Facility, now: Now) -> Outcome | Refusal:
    found = person_facts.profile(facts.connection, asked.person)
    held = person_facts.held(facts.connection, asked.person)
    return leaving.leave(asked, found, held, CONSOLE, "console", WallClock(facility.timezone, now.judged))


def _pin_set(asked: SetPin, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    try:
        hashed = HashedPin(asked.form, bytes.fromhex(asked.own), bytes.fromhex(asked.duress))
    except ValueError:
        return Refusal(Code.FORM, "pin")
    if asked.form not in FORMS:
        return Refusal(Code.FORM, "form")
    return pin_keeping.set_at_console(asked.person, facts.person_state(asked.person), facts.next("pin"), hashed)


def _pin_clear(asked: OfPerson, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return pin_keeping.clear(facts.pins.standing(asked.person))


def _pin_unlock(asked: OfPerson, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return pin_keeping.unlock(facts.pins.standing(asked.person), CONSOLE)


def _clock_confirm(asked: ConfirmClock, _facts: Facts, _facility: Facility, now: Now) -> Outcome | Refusal:
    try:
        shown = moment(asked.shown_at)
    except ValueError:
        return Refusal(Code.FORM, "shown_at")
    return clock.confirm(now.clock, shown, now.at) or Outcome((ClockConfirmed(asked.shown_at),))


def _evacuation_begin(asked: Evacuate, facts: Facts, facility: Facility, _now: Now) -> Outcome | Refusal:
    if asked.zone != SITE and asked.zone not in facility.zones:
        return Refusal(Code.SUBJECT, "zone")
    return evacuation.begin(asked.zone, "console", CONSOLE, None, facts.orders())


def _evacuation_end(asked: EvacuationOver, facts: Facts, _facility: Facility, _now: Now) -> Outcome | Refusal:
    return evacuation.end(asked.zone, CONSOLE, None, facts.orders())


Rule = Callable[[Any, Facts, Facility, Now], Outcome | Refusal]

COMMANDS: dict[str, tuple[type[msgspec.Struct], Rule]] = {
    "trust": (Trust, _trust),
    "revoke": (Revoke, _revoke),
    "operator.add": (AddOperator, _operator_add),
    "operator.change": (ChangeOperator, _operator_change),
    "operator.retire": (RetireOperator, _operator_retire),
    "start.alone": (StartAlone, _start_alone),
    "person.erase": (ErasePerson, _person_erase),
    "person.leave": (LeavePerson, _person_leave),
    "enrol": (Enrol, _enrol),
    "enrol.card": (EnrolCard, _enrol_card),
    "forgive": (Forgive, _forgive),
    "evacuation.begin": (Evacuate, _evacuation_begin),
    "evacuation.end": (EvacuationOver, _evacuation_end),
    "pin.set": (SetPin, _pin_set),
    "pin.clear": (OfPerson, _pin_clear),
    "pin.unlock": (OfPerson, _pin_unlock),
    **PRESENCE_COMMANDS,
    **KEY_COMMANDS,
    "clock.confirm": (ConfirmClock, _clock_confirm),
}


def decide(
    command: str, arguments: dict[str, Any], facts: Facts, facility: Facility, now: Now
) -> Outcome | Refusal:
    """What becomes of a console command."""
    if command not in COMMANDS:
        return Refusal(Code.FORM, "command")
    form, rule = COMMANDS[command]
    try:
        canonical(arguments)  # a name with bytes that are no text could not be recorded
        asked = msgspec.convert(arguments, form)
    except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
        return Refusal(Code.FORM, str(error)[:200])
    return rule(asked, facts, facility, now)
