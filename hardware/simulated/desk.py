"""What people do in the simulated building: tap, walk, press, force, lose cards, take keys. One function a request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic, monotonic_ns
from typing import Any

from hardware.simulated.building import Building
from hardware.simulated.field import Field
from hardware.simulated.wire import (
    AddCard,
    CutTether,
    DeskRequest,
    Fault,
    HangKey,
    Look,
    MoveLeaf,
    Place,
    PressRex,
    PullKey,
    Remove,
    StickSensor,
    Tap,
    TapOutcome,
    TypeKeys,
    Walk,
)

LONGEST_WAIT_S = 60.0
SETTLED_POLLS = 3
"""So many polls show that the reader is done with the card."""
EMPTY_POLLS = 7
"""So many polls of nothing show that the reader has noticed: two rounds of three technologies, and the one after them."""
SETTLE_S = 1.0


def perform(building: Building, request: DeskRequest) -> Any:  # noqa: ANN401 (each request has its own value)
    """Does it, and returns the reply's value. Raises KeyError and ValueError for what is not there."""
    match request:
        case Tap():
            return tap(building, request)
        case TypeKeys():
            return type_keys(building, request)
        case Place(card=card, reader=reader):
            _let_settle(building.fields[reader], SETTLE_S)
            _place(building, card, reader)
        case Remove(reader=reader):
            _take_away(building, reader)
        case Walk(door=door, pass_s=pass_s):
            return "pushed_in_vain" not in building.move(door, lambda it, now: it.walk(now, pass_s))
        case PressRex() | MoveLeaf() | CutTether():
            _by_hand(building, request)
        case PullKey() | HangKey() | StickSensor():
            return at_slot(building, request)
        case AddCard():
            building.wallet.add(request.name, request.kind, request.number, request.key, request.version)
        case Fault(reader=reader, kind=kind, count=count):
            _fault(building.fields[reader], kind, count)
        case Look(since=since, timeout_s=timeout_s):
            building.wait(lambda: building.version > since, min(timeout_s, LONGEST_WAIT_S))
            return building.snapshot()
    return None


def _by_hand(building: Building, request: PressRex | MoveLeaf | CutTether) -> None:
    """What a hand does at a door or to a wire."""
    match request:
        case PressRex(door=door, hold_s=hold_s):
            building.move(door, lambda it, now: it.press_rex(now, hold_s))
        case MoveLeaf(door=door, open=opened):
            building.move(door, lambda it, now: it.force(now) if opened else it.close_leaf(now))
        case CutTether(tether=tether, cut=cut):
            building.cut(tether, cut)


def tap(building: Building, request: Tap) -> TapOutcome:
    """Holds the card there until it is read or the lock lets go, then walks, if asked to and if the door opens."""
    field, door = building.fields[request.reader], building.door_at(request.reader)
    deadline = monotonic() + min(request.timeout_s, LONGEST_WAIT_S)
    _let_settle(field, min(SETTLE_S, request.timeout_s))
    since_ns, wall = _place(building, request.card, request.reader), datetime.now(UTC)
    released = _released_since(building, door, since_ns)
    if request.hold_s > 0:
        building.wait(lambda: False, min(request.hold_s, LONGEST_WAIT_S))
    read = field.wait_read(SETTLED_POLLS, deadline - monotonic(), also=released)
    _take_away(building, request.reader)
    if door is None:
        return TapOutcome(wall, None, False, None, read)
    in_time = building.wait(released, max(0.0, deadline - monotonic()))
    opened = request.walk and _walks(building, door, request.pass_s)
    if not in_time:
        return TapOutcome(wall, None, opened, None, read)
    took = timedelta(microseconds=(building.commanded_ns(door) - since_ns) / 1000)
    return TapOutcome(wall, wall + took, opened, took / timedelta(milliseconds=1), read)


def type_keys(building: Building, request: TypeKeys) -> bool:
    """Waits until somebody is asked to type, presses the keys, and waits until they are taken; whether anybody was asked."""
    number, keypads = building.keypad_at(request.reader), building.keypads
    deadline = monotonic() + min(request.timeout_s, LONGEST_WAIT_S)
    if not building.wait(lambda: keypads.wanted(number), deadline - monotonic()):
        return False
    building.press(number, request.keys)
    building.note("keys_pressed", reader=request.reader)
    return building.wait(lambda: keypads.empty(number), max(0.0, deadline - monotonic()))


def at_slot(building: Building, request: PullKey | HangKey | StickSensor) -> bool | str | None:
    """What a hand does at a slot of a key cabinet."""
    cabinets = building.cabinets
    name = cabinets.slot(request.cabinet, request.slot)
    match request:
        case PullKey(force=force):
            held = cabinets.slots[name].key
            events = building.handle(name, lambda now: cabinets.pull(name, force, now))
            return held if "taken" in events or "torn_out" in events else None
        case HangKey(key=key):
            return "hung" in building.handle(name, lambda now: cabinets.hang(name, key, now))
        case StickSensor(level=level):
            building.handle(name, lambda now: cabinets.slots[name].stick(now, level))
    return None


def _released_since(building: Building, door: str | None, since_ns: int) -> Callable[[], bool]:
    return lambda: door is not None and building.commanded_ns(door) > since_ns


def _walks(building: Building, door: str, pass_s: float) -> bool:
    if not building.doors[door].released:
        return False
    return "pushed_in_vain" not in building.move(door, lambda it, now: it.walk(now, pass_s))


def _let_settle(field: Field, most_s: float) -> None:
    """A hand is slower than the reader: the card before this one has been noticed to be gone."""
    if field.card is None:
        field.wait_empty(EMPTY_POLLS, most_s)


def _place(building: Building, card: str, reader: str) -> int:
    field, held = building.fields[reader], building.wallet[card]
    building.note("card_placed", reader=reader)
    at_ns = monotonic_ns()
    field.place(held)
    return at_ns


def _take_away(building: Building, reader: str) -> None:
    building.fields[reader].remove()
    building.note("card_removed", reader=reader)


def _fault(field: Field, kind: str, count: int) -> None:
    if kind in ("tear", "tear_losing_answer"):
        field.tear_after(count, lose_answer=kind == "tear_losing_answer")
    else:
        field.garble(kind, count)
