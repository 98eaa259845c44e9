"""What a zone asks for is the strictest of `site.toml` and of the assets that are kept there (C1.2). Pure.

Each measure that goes beyond `site.toml` keeps the asset that asks for it, so that a refusal can name it. A pledge or a course
that the site has no more cannot be fulfilled by anybody: the zone refuses until either is put right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from controller.record.conditions import PLEDGE, TRAINING, Condition
from controller.record.measures import TWO_PERSON, Demand, assurance, sort_of
from controller.rules.zone import ZoneRules

_GONE = "removed"
"""The text of a pledge that is configured no more: nobody has signed that one."""


def in_force(rules: ZoneRules, demands: Iterable[Demand], conditions: Mapping[str, Condition]) -> ZoneRules:
    """The zone's rules with these demands; the very same ones for none. `conditions`: those that the site knows."""
    asked = tuple(demands)
    if not asked:
        return rules
    required = {one.id: one for one in rules.conditions}
    for demand in asked:
        if sort_of(demand.code) in (PLEDGE, TRAINING):
            gone = Condition(demand.code, version=_GONE, sha256=_GONE)
            required.setdefault(demand.code, conditions.get(demand.code, gone))
    return replace(
        rules,
        least_assurance=max(rules.least_assurance, *map(assurance, asked)),
        two_person=rules.two_person or any(sort_of(demand.code) == TWO_PERSON for demand in asked),
        conditions=tuple(required.values()),
        demands=tuple(demand for demand in asked if _adds(demand, rules)),
    )


def _adds(demand: Demand, rules: ZoneRules) -> bool:
    """Whether `site.toml` asks for less."""
    sort = sort_of(demand.code)
    if sort in (PLEDGE, TRAINING):
        return all(one.id != demand.code for one in rules.conditions)
    if sort == TWO_PERSON:
        return not rules.two_person
    return assurance(demand) > rules.least_assurance
