"""The request that ends a single-person start. Each gathers the facts and asks the rule."""

from controller.desk.asked import Asked, Rule
from controller.rules import start
from controller.rules.outcome import Outcome, Refusal


def _review(asked: Asked) -> Outcome | Refusal:
    facts = asked.facts
    acted, size = facts.acted(asked.operator.operator), facts.size()
    return start.review(asked.body, asked.operator, facts.start(), acted=acted, size=size)


RULES: dict[str, Rule] = {
    "start.review": _review,
}
