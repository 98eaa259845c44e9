"""Requests about days with other hours. Each gathers the facts and asks the rule."""

from controller import days
from controller.desk.asked import Asked, Rule
from controller.rules import special_day
from controller.rules.outcome import Outcome, Refusal


def _set(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    return special_day.ask(
        facts.next("special_day"),
        body.schedule,
        body.day,
        body.hours,
        operator=asked.operator,
        reason=asked.private(f"reason-{asked.id}"),
        known=days.hours(asked.facility, facts),
        replaced=days.set_there(facts.connection, body.day, body.schedule),
        now=asked.now,
    )


def _approve(asked: Asked) -> Outcome | Refusal:
    waits = days.standing(asked.facts.connection, asked.body.special_day)
    replaced = () if waits is None else days.set_there(asked.facts.connection, waits.day, waits.schedule)
    known = days.hours(asked.facility, asked.facts)
    return special_day.approve(waits, asked.operator, known, replaced, asked.now)


def _decline(asked: Asked) -> Outcome | Refusal:
    return special_day.decline(days.standing(asked.facts.connection, asked.body.special_day), asked.operator)


def _clear(asked: Asked) -> Outcome | Refusal:
    return special_day.clear(days.standing(asked.facts.connection, asked.body.special_day), asked.operator)


RULES: dict[str, Rule] = {
    "special_day.set": _set,
    "special_day.approve": _approve,
    "special_day.decline": _decline,
    "special_day.clear": _clear,
}
