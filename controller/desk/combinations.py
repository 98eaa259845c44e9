"""Requests about combination locks and their changes. Each gathers the facts and asks the rule."""

from collections.abc import Iterable

from controller.desk.asked import Asked, Rule
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.record.schedule import WallClock
from controller.rules import change, combination, knower
from controller.rules.change import Workplace
from controller.rules.combination import Place, Scene, Who
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Lock
from controller.storage_facts import combinations as facts
from controller.storage_facts.places import Places


def _wall(asked: Asked) -> WallClock:
    return WallClock(asked.facility.timezone, asked.now)


def _place(asked: Asked, id: str) -> Place | None:
    connection = asked.facts.connection
    return facts.place(connection, Places(connection), id)


def _who(asked: Asked, person: int, place: str) -> Who:
    return facts.who(asked.facts.connection, person, place, asked.now)


def _scene(asked: Asked, lock: Lock | None, place: str) -> Scene:
    found = None if lock is None else facts.open_change(asked.facts.connection, lock.combination)
    number = asked.facts.next("combination_change")
    return Scene(asked.operator, _place(asked, place), asked.facility.combinations, _wall(asked), found, number)


def _text(asked: Asked, noun: str) -> PrivateRow | None:
    return asked.private(f"{noun}-{asked.id}") if asked.text else None


def _lock(asked: Asked, number: int) -> tuple[Lock | None, Scene]:
    lock = facts.lock(asked.facts.connection, number)
    return lock, _scene(asked, lock, "" if lock is None else lock.place)


def _register(asked: Asked) -> Outcome | Refusal:
    ask, number = asked.body, asked.facts.next("combination")
    return combination.register(
        ask,
        number,
        asked.private(f"combination-{number}"),
        _scene(asked, None, ask.place),
        _who(asked, ask.custodian, ask.place),
        asked.facts.next("knower"),
        station=ask.station in asked.facility.stations,
    )


def _appoint(asked: Asked) -> Outcome | Refusal:
    lock, scene = _lock(asked, asked.body.combination)
    custodian = asked.body.custodian
    return combination.appoint(asked.body, lock, scene, _who(asked, custodian, "" if lock is None else lock.place))


def _relocate(asked: Asked) -> Outcome | Refusal:
    lock = facts.lock(asked.facts.connection, asked.body.combination)
    scene = _scene(asked, lock, asked.body.place)
    before = None if lock is None else _place(asked, lock.place)
    station = asked.body.station in asked.facility.stations
    return combination.relocate(asked.body, lock, scene, station=station, before=before)


def _retire(asked: Asked) -> Outcome | Refusal:
    return combination.retire(*_lock(asked, asked.body.combination), _text(asked, "retired"))


def _report(asked: Asked) -> Outcome | Refusal:
    return combination.report(asked.body, *_lock(asked, asked.body.combination), _text(asked, "report"))


def _add(asked: Asked) -> Outcome | Refusal:
    ask = asked.body
    lock, scene = _lock(asked, ask.combination)
    known = facts.knowers(asked.facts.connection, ask.combination)
    return knower.add(
        ask,
        lock,
        scene,
        asked.facts.next("knower"),
        _who(asked, ask.person, "" if lock is None else lock.place),
        next((one for one in known if one.person == ask.told_by), None),
        knows=any(one.person == ask.person for one in known),
    )


def _remove(asked: Asked) -> Outcome | Refusal:
    found = facts.knower(asked.facts.connection, asked.body.knower)
    return knower.remove(found, *_lock(asked, 0 if found is None else found.combination))


def _at(asked: Asked) -> Workplace:
    found = facts.change(asked.facts.connection, asked.body.change)
    lock = None if found is None else facts.lock(asked.facts.connection, found.combination)
    return Workplace(asked.operator, lock, found, None if lock is None else _place(asked, lock.place))


def _people(asked: Asked, at: Workplace, people: Iterable[int | None]) -> dict[int, Who]:
    place = "" if at.lock is None else at.lock.place
    named = {person for person in people if person is not None}
    return {person: _who(asked, person, place) for person in named}


def _plan(asked: Asked) -> Outcome | Refusal:
    at, ask = _at(asked), asked.body
    custodian = None if at.lock is None else at.lock.custodian
    return change.plan(ask, at, _people(asked, at, (custodian, ask.witness, *ask.knowers)))


def _begin(asked: Asked) -> Outcome | Refusal:
    at = _at(asked)
    if at.lock is None or at.change is None:
        return Refusal(Code.SUBJECT, "body.change")
    people = _people(asked, at, (at.lock.custodian, at.change.witness))
    others = facts.at_station(asked.facts.connection, at.lock.station)
    return change.call(at, others, people, asked.now)


def _draw(asked: Asked) -> Outcome | Refusal:
    return change.draw(_at(asked))


def _break_off(asked: Asked) -> Outcome | Refusal:
    return change.stop(_at(asked), _text(asked, "broken-off"))


def _finish(asked: Asked) -> Outcome | Refusal:
    at, connection = _at(asked), asked.facts.connection
    known = [] if at.lock is None else facts.knowers(connection, at.lock.combination)
    people = _people(asked, at, () if at.change is None else (*at.change.people, *at.change.confirmed))
    return change.finish(asked.body, at, known, asked.facts.next("knower"), _wall(asked), people)


RULES: dict[str, Rule] = {
    "combination.register": _register,
    "combination.appoint": _appoint,
    "combination.relocate": _relocate,
    "combination.retire": _retire,
    "combination.report": _report,
    "knower.add": _add,
    "knower.remove": _remove,
    "combination.plan": _plan,
    "combination.begin": _begin,
    "combination.draw": _draw,
    "combination.break_off": _break_off,
    "combination.finish": _finish,
}
