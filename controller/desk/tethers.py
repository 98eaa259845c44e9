"""Requests about tethered equipment and its rounds (C8.13). Each gathers the facts and asks the rule."""

from controller.desk.asked import Asked, Rule
from controller.rules import tether_round as rule
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import tethers
from controller.storage_facts.places import Places


def _around(asked: Asked, place: str) -> tuple[str, ...]:
    """The place and what it lies in; the whole site for none."""
    found = Places(asked.facts.connection).find(place)
    return (place or "*", *(() if found is None else found.around))


def _thing(asked: Asked) -> rule.Tethered | None:
    return tethers.thing(asked.facts.connection, asked.body.tethered)


def _register(asked: Asked) -> Outcome | Refusal:
    connection, number = asked.facts.connection, asked.facts.next("tethered")
    return rule.register(
        asked.body,
        asked.operator,
        number=number,
        name=asked.private(f"tethered-{number}"),
        taken=tethers.is_listed(connection, asked.body.equipment),
        listed=tethers.count(connection),
        places=Places(connection),
        around=_around(asked, asked.body.place),
        days=asked.facility.tether_days,
        now=asked.now,
    )


def _retire(asked: Asked) -> Outcome | Refusal:
    thing = _thing(asked)
    around = _around(asked, "" if thing is None else thing.place)
    return rule.retire(thing, asked.operator, around, asked.private(f"reason-{asked.id}"))


def _begin(asked: Asked) -> Outcome | Refusal:
    connection, place = asked.facts.connection, asked.body.place
    places = Places(connection)
    return rule.begin(
        asked.body,
        asked.operator,
        number=asked.facts.next("tether_round"),
        running=tethers.is_running(connection),
        items=tethers.listed(connection, (place, *places.within(place)) if place else None),
        places=places,
        around=_around(asked, place),
    )


def _check(asked: Asked) -> Outcome | Refusal:
    thing = _thing(asked)
    return rule.check(
        asked.body,
        asked.operator,
        tethers.round_of(asked.facts.connection, asked.body.tether_round),
        thing,
        _around(asked, "" if thing is None else thing.place),
        asked.private(f"note-{asked.id}") if asked.text else None,
        asked.now,
    )


def _end(asked: Asked) -> Outcome | Refusal:
    found = tethers.round_of(asked.facts.connection, asked.body.tether_round)
    return rule.end(found, asked.operator, _around(asked, "" if found is None else found.place))


RULES: dict[str, Rule] = {
    "tether.register": _register,
    "tether.retire": _retire,
    "tether.begin_round": _begin,
    "tether.check": _check,
    "tether.end_round": _end,
}
