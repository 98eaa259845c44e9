"""The simulated building: doors, key cabinets, pins, antennas and cards, in a process that outlives any controller.

    python -m hardware.simulated FILE.toml

prints one JSON line with where it listens, and lives until SIGTERM or SIGINT. What happens is in its log before
anybody is told, so the log is a witness of what a controller had done when it was killed. When a controller's
connection ends, its outputs fall to their pulls: locks secure.

One lock guards doors and wiring. A thread a connection, one an antenna, and one that lets pass what is due.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from hardware.simulated.cabinets import Cabinets
from hardware.simulated.door import Door
from hardware.simulated.field import Field
from hardware.simulated.journal import Journal
from hardware.simulated.keys import Keypads
from hardware.simulated.plan import BuildingPlan, pin
from hardware.simulated.wallet import Wallet
from hardware.simulated.wire import (
    ClaimInput,
    ClaimOutput,
    DoorView,
    Edge,
    PinRequest,
    ReadLevel,
    ReadTag,
    ReleasePin,
    SlotView,
    Snapshot,
    TakeKey,
    WriteLevel,
)
from hardware.simulated.wiring import Wiring

TAKEOVER_S = 1.0
"""So long a claim waits for the end of a killed controller's connection."""


class Building:
    """All parts but the network. May be used from any thread."""

    def __init__(self, plan: BuildingPlan) -> None:
        """Opens the log, the antennas and the cards' file. Raises ValueError and OSError."""
        self._plans = {door.id: door for door in plan.door}
        self.doors = {door.id: Door(limit_s=door.limit_s) for door in plan.door}
        self._commands_ns: dict[str, int] = {}
        self.cabinets = Cabinets(plan)
        self._tethers = {f"tether/{tether.id}": tether for tether in plan.tether}
        self._cut: set[str] = set()
        self._wiring = Wiring({**self._plans, **self.cabinets.plans, **self._tethers})
        self.wallet = Wallet(Path(plan.state) if plan.state else None)
        for card in plan.card:
            if card.name not in self.wallet:
                self.wallet.add(card.name, card.kind, card.idm or card.uid, card.key, card.version)
        self.journal = Journal(Path(plan.log))
        self.fields = {reader.id: Field(reader.port, self.wallet.save) for reader in plan.reader}
        self.keypads = Keypads()
        self._keypad_of = {reader.id: pin(reader.keypad).number for reader in plan.reader if reader.keypad}
        self._door_of = {
            reader: door.id for door in plan.door for reader in (door.reader_in, door.reader_out) if reader
        }
        self._changed = threading.Condition()
        self._version = 0
        self._closed = False
        self._clockwork = threading.Thread(target=self._pass_time, name="building-clockwork", daemon=True)
        for _, _, number, level in self._inputs():
            self._wiring.drive(number, level)
        self._clockwork.start()

    def close(self) -> None:
        """Ends antennas and log."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._clockwork.join(2)
        for field in self.fields.values():
            field.close()
        self.journal.close()

    def door_at(self, reader: str) -> str | None:
        """The door beside a reader."""
        return self._door_of.get(reader)

    def keypad_at(self, reader: str) -> int:
        """The number of the keypad beside a reader. Raises KeyError for none."""
        return self._keypad_of[reader]

    def press(self, keypad: int, keys: str) -> None:
        """Somebody presses keys."""
        with self._changed:
            self.keypads.press(keypad, keys)

    def use_pin(self, owner: Callable[[Edge], None], request: PinRequest) -> bool | str | None:
        """What a controller does with a pin. Raises PinRefused. `owner` is also whom edges are told."""
        with self._changed:
            match request:
                case ClaimOutput(pin=number, level=level):
                    self._await_free(owner, number)
                    self._wiring.claim_output(owner, number, level)
                    self._output_set("claimed", number, level)
                case ClaimInput(pin=number, pull=pull):
                    self._await_free(owner, number)
                    return self._wiring.claim_input(owner, number, pull)
                case WriteLevel(pin=number, level=level):
                    self._wiring.write(owner, number, level)
                    self._output_set("level", number, level)
                case ReadLevel(pin=number):
                    return self._wiring.read(number)
                case TakeKey(pin=number, wanted=wanted):
                    return self._take_key(owner, number, wanted)
                case ReadTag(pin=number):
                    return self.cabinets.tag(number)
                case ReleasePin(pin=number):
                    self._release(owner, number, "given_back")
            return None

    def _take_key(self, owner: object, number: int, wanted: bool) -> str | None:
        before = self.keypads.wanted(number), self.keypads.empty(number)
        key = self.keypads.take(owner, number, wanted)
        if before != (wanted, self.keypads.empty(number)):
            self._changed.notify_all()  # who waits to type, and for it to have been taken; not those who look at doors
        return key

    def drop_owner(self, owner: object) -> None:
        """A connection has ended: everything it owned falls to its pull."""
        with self._changed:
            self.keypads.drop(owner)
            numbers = self._wiring.owned(owner)
            if numbers:
                self.journal.note("controller_gone", pins=len(numbers))
            for number in numbers:
                self._release(owner, number, "fell")

    def move(self, door: str, motion: Callable[[Door, float], list[str]]) -> list[str]:
        """Something happens to a door: `motion(door, now)`. Raises KeyError for an unknown door."""
        with self._changed:
            events = motion(self.doors[door], monotonic())
            self._tell(door, events)
            return events

    def cut(self, tether: str, cut: bool) -> None:
        """Somebody cuts a wire, or mends it. Raises KeyError for an unknown one."""
        name = f"tether/{tether}"
        with self._changed:
            _ = self._tethers[name]
            (self._cut.add if cut else self._cut.discard)(name)
            self.journal.note("cut" if cut else "mended", tether=tether)
            self._drive_inputs()
            self._touch()

    def handle(self, slot: str, motion: Callable[[float], list[str]]) -> list[str]:
        """A hand does something at a slot: `motion(now)`. Raises ValueError for what a hand cannot do."""
        with self._changed:
            events = motion(monotonic())
            self._tell_of(slot, events)
            return events

    def note(self, event: str, **what: str | int | float | bool | None) -> int:
        """Writes a line of the log, and wakes who waits. Returns its time in monotonic ns."""
        with self._changed:
            at_ns = self.journal.note(event, **what)
            self._touch()
            return at_ns

    def commanded_ns(self, door: str) -> int:
        """When a lock was last commanded to release, in monotonic ns; 0 for never.

        Takes no lock: an antenna asks while it holds its own.
        """
        return self._commands_ns.get(door, 0)

    def wait(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until something holds; it is asked again at each change."""
        with self._changed:
            return self._changed.wait_for(lambda: holds() or self._closed, timeout_s) and not self._closed

    def snapshot(self) -> Snapshot:
        """The whole building now."""
        cards = {reader: self.wallet.name_of(field.card) for reader, field in self.fields.items()}
        with self._changed:
            views = {name: DoorView(d.released, d.leaf_open, d.rex_pressed) for name, d in self.doors.items()}
            slots = {name: SlotView(slot.released, slot.key) for name, slot in self.cabinets.slots.items()}
            return Snapshot(self._version, views, self._wiring.levels(), cards, self._wiring.owners(), slots)

    @property
    def version(self) -> int:
        """Counts changes."""
        return self._version

    def _await_free(self, owner: object, number: int) -> None:
        # A controller that was killed and restarted may be faster than the news of its end.
        self._changed.wait_for(lambda: self._wiring.free(owner, number) or self._closed, TAKEOVER_S)

    def _output_set(self, event: str, number: int, level: bool) -> None:
        fixture, label = self._wiring.fixture_and_label(number)
        at_ns = self.journal.note(event, pin=number, level=level, door=fixture, part=label)
        if fixture is not None and label == "lock":
            energised = self._wiring.energised(number)
            if energised:
                self._commands_ns[fixture] = at_ns
            self._tell(fixture, self.doors[fixture].command(monotonic(), energised))
        elif fixture is not None and label == "release":
            slot = self.cabinets.slots[fixture]
            self._tell_of(fixture, slot.command(monotonic(), self._wiring.energised(number)))
        self._touch()

    def _release(self, owner: object, number: int, event: str) -> None:
        if self._wiring.release(owner, number):
            self._output_set(event, number, self._wiring.read(number))
        self._touch()

    def _tell(self, door: str, events: list[str]) -> None:
        for event in events:
            self.journal.note(event, door=door)
        self._drive_inputs()
        self._touch()

    def _tell_of(self, slot: str, events: list[str]) -> None:
        for event in events:
            self.journal.note(event, slot=slot)
        self._drive_inputs()
        self._touch()

    def _touch(self) -> None:
        self._version += 1
        self._changed.notify_all()
        for field in self.fields.values():
            field.wake()

    def _inputs(self) -> Iterator[tuple[str, str, int, bool]]:
        """Every input as it is now: of which fixture, what it is there, its pin and its level."""
        for name, plan in self._plans.items():
            state = {"dps": self.doors[name].leaf_open, "rex": self.doors[name].rex_pressed}
            for label, url in plan.inputs().items():
                address = pin(url)
                yield name, label, address.number, state[label] != address.active_low
        for name, slot in self.cabinets.slots.items():
            address = pin(self.cabinets.plans[name].present)
            yield name, "present", address.number, slot.seen != address.active_low
        for name, tether in self._tethers.items():
            address = pin(tether.input)
            yield name, "tether", address.number, (name not in self._cut) != address.active_low

    def _drive_inputs(self) -> None:
        for fixture, label, number, level in self._inputs():
            self._drive(fixture, label, number, level)

    def _drive(self, door: str, label: str, number: int, level: bool) -> None:
        if self._wiring.read(number) == level:
            return
        owner = self._wiring.drive(number, level)
        self.journal.note("level", pin=number, level=level, door=door, part=label)
        if callable(owner):
            owner(Edge(number, level))

    def _pass_time(self) -> None:
        with self._changed:
            while not self._closed:
                now = monotonic()
                for name, door in self.doors.items():
                    events = door.advance(now)
                    if events:
                        self._tell(name, events)
                for name, slot in self.cabinets.slots.items():
                    events = slot.advance(now)
                    if events:
                        self._tell_of(name, events)
                due = [at for door in self.doors.values() if (at := door.due_at()) is not None]
                due += self.cabinets.due_at()
                self._changed.wait(max(0.0, min(due) - monotonic()) if due else None)
