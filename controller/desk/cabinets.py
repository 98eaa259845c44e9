"""Requests from the screen beside a key cabinet. Each gathers the facts and asks the rule."""

from controller import choosing
from controller.choosing import Counter
from controller.desk.asked import Asked, Rule
from controller.record.kinds.cabinet import AUTHORISER, ENDED, KEY, PURPOSE
from controller.record.refusals import Code
from controller.rules import cabinet
from controller.rules import cabinet_session as rule
from controller.rules.authority import within
from controller.rules.cabinet_session import Session
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import cabinets


def _standing(asked: Asked, *steps: str) -> tuple[Counter, Session] | Refusal:
    """The cabinet, and the session of the person that the screen speaks for; refused when another stands there by now."""
    at = asked.facility.cabinets.get(asked.body.cabinet)
    if at is None:
        return Refusal(Code.SUBJECT, "body.cabinet")
    if refusal := within(asked.operator, at.zone):
        return refusal
    counter = Counter(asked.facility, asked.facts, at, asked.now)
    session = counter.session()
    if not session.open or session.person != asked.body.person or session.step not in steps:
        return Refusal(Code.NOTHING_WAITS, "cabinet.session")
    return counter, session


def _choose(asked: Asked) -> Outcome | Refusal:
    found = _standing(asked, KEY, PURPOSE)
    if isinstance(found, Refusal):
        return found
    counter, session = found
    if asked.body.option:
        if session.step != PURPOSE or session.key != asked.body.key:
            return Refusal(Code.PURPOSE, "body.option")
        return choosing.choose_purpose(counter, session, asked.body.option)
    purpose = asked.private(f"loan-{asked.facts.next('key_loan')}") if asked.text.get("purpose") else None
    return choosing.choose(counter, session, asked.body.key, purpose)


def _sign_out(asked: Asked) -> Outcome | Refusal:
    found = _standing(asked, KEY, PURPOSE, AUTHORISER)
    if isinstance(found, Refusal):
        return found
    _, session = found
    shown = cabinets.idle(asked.facts.connection, session.cabinet)
    ended = (*rule.withdrawn(session), *rule.sign_out(session, ENDED))
    return Outcome(ended, (session.play(shown),))


def _open_slot(asked: Asked) -> Outcome | Refusal:
    at = asked.facility.cabinets.get(asked.body.cabinet)
    if at is None or asked.body.slot not in at.slots:
        return Refusal(Code.SUBJECT, "body.slot")
    slot = choosing.slot_of(asked.facts, at, asked.body.slot)
    return cabinet.let_go(slot, asked.operator, asked.private(f"reason-{asked.id}"))


RULES: dict[str, Rule] = {"key.choose": _choose, "cabinet.sign_out": _sign_out, "cabinet.open_slot": _open_slot}
