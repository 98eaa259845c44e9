"""Requests to put pledges and training on record. Each gathers the facts and asks the rule."""

from controller.desk.asked import Asked, Rule
from controller.record.conditions import PLEDGE, TRAINING
from controller.rules import condition
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock
from controller.storage_facts.in_force import requiring


def _sign_pledge(asked: Asked) -> Outcome | Refusal:
    ask = asked.body
    return condition.sign(ask, asked.operator, _entry(asked, f"{PLEDGE}:{ask.pledge}", ask.signed_on))


def _withdraw_pledge(asked: Asked) -> Outcome | Refusal:
    return _withdraw(asked, PLEDGE)


def _complete_training(asked: Asked) -> Outcome | Refusal:
    ask = asked.body
    entry = _entry(asked, f"{TRAINING}:{ask.course}", ask.completed_on)
    return condition.complete(ask, asked.operator, entry)


def _withdraw_training(asked: Asked) -> Outcome | Refusal:
    return _withdraw(asked, TRAINING)


def _entry(asked: Asked, id: str, day: str) -> condition.Entry:
    """The facts for putting this condition on record of the people who are named."""
    known, number = asked.facility.conditions.get(id), asked.facts.next("fulfilment")
    people = [
        condition.Person(
            one,
            asked.facts.person_state(one),
            known is not None and asked.facts.conditions.recorded_on(one, known, day),
        )
        for one in asked.body.people
    ]
    notes = [asked.private(f"note-{number + n}") if asked.text else None for n in range(len(people))]
    wall = WallClock(asked.facility.timezone, asked.now)
    return condition.Entry(known, requiring(asked.facts.connection, asked.facility, id), people, number, notes, wall)


def _withdraw(asked: Asked, sort: str) -> Outcome | Refusal:
    found = asked.facts.conditions.fulfilment(asked.body.fulfilment)
    zones = () if found is None else requiring(asked.facts.connection, asked.facility, found.condition)
    return condition.withdraw(sort, found, asked.operator, zones, asked.private(f"reason-{asked.id}"))


RULES: dict[str, Rule] = {
    "pledge.sign": _sign_pledge,
    "pledge.withdraw": _withdraw_pledge,
    "training.complete": _complete_training,
    "training.withdraw": _withdraw_training,
}
