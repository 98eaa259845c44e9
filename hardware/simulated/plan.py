"""The building's plan: what its TOML file may say. Read once, strictly; a mistake is one sentence with its place."""

from pathlib import Path

import msgspec

from hardware.address import PinAddress, parse_pin


class ReaderPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One antenna. Port 0 takes a free one."""

    id: str
    port: int = 0
    keypad: str | None = None
    """The keypad beside it, as in `site.toml`: `simulated:160`."""


class DoorPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One door and what hangs on it. Pins are written as in `site.toml`: `simulated:17?active_low`."""

    id: str
    lock: str
    dps: str
    reader_in: str | None = None
    reader_out: str | None = None
    rex: str | None = None
    red: str | None = None
    green: str | None = None
    blue: str | None = None
    buzzer: str | None = None
    limit_s: float = 10.0
    """The lock's timer relay; 0 for none."""

    def outputs(self) -> dict[str, str]:
        """The pins that a controller drives, by what they are."""
        named = {"lock": self.lock, "red": self.red, "green": self.green, "blue": self.blue, "buzzer": self.buzzer}
        return {what: url for what, url in named.items() if url is not None}

    def inputs(self) -> dict[str, str]:
        """The pins that a controller reads, by what they are."""
        return {what: url for what, url in {"dps": self.dps, "rex": self.rex}.items() if url is not None}


class SlotPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One slot of a key cabinet. `key` hangs there in the beginning."""

    number: int
    release: str
    present: str
    tag: str | None = None
    """What tells the key, as in `site.toml`: `simulated:1003`."""
    key: str = ""
    limit_s: float = 30.0
    """The latch's timer relay; 0 for none."""

    def outputs(self) -> dict[str, str]:
        """The pins that a controller drives, by what they are."""
        return {"release": self.release}

    def inputs(self) -> dict[str, str]:
        """The pins that a controller reads, by what they are."""
        return {"present": self.present}


class CabinetPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key cabinet."""

    id: str
    slot: tuple[SlotPlan, ...]

    def slots(self) -> dict[str, SlotPlan]:
        """The slots by what the log calls them: `main/7`."""
        return {f"{self.id}/{slot.number}": slot for slot in self.slot}


class TetherPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wire that holds a thing in its place. Its input is active while it is whole."""

    id: str
    input: str

    def outputs(self) -> dict[str, str]:
        """None: it is only read."""
        return {}

    def inputs(self) -> dict[str, str]:
        """The pin that a controller reads."""
        return {"tether": self.input}


class KeyPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key, or ring of keys, and the number on its fob; empty without one."""

    name: str
    tag: str = ""


class CardPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One card. `key` (32 hexadecimal digits) is for a FeliCa Lite-S; without it the card is blank."""

    name: str
    kind: str
    idm: str = ""
    uid: str = ""
    key: str = ""
    version: int | None = None


class BuildingPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `log`, `state` and `hung` are paths; without them cards and keys' places are forgotten at the end."""

    log: str
    listen: str = "127.0.0.1:0"
    state: str | None = None
    hung: str | None = None
    """The file that says in which slot each key hangs."""
    reader: tuple[ReaderPlan, ...] = ()
    door: tuple[DoorPlan, ...] = ()
    card: tuple[CardPlan, ...] = ()
    cabinet: tuple[CabinetPlan, ...] = ()
    key: tuple[KeyPlan, ...] = ()
    tether: tuple[TetherPlan, ...] = ()

    def slots(self) -> dict[str, SlotPlan]:
        """The slots of all cabinets."""
        return {name: slot for cabinet in self.cabinet for name, slot in cabinet.slots().items()}


def load(path: Path) -> BuildingPlan:
    """Reads and checks a plan. Raises ValueError."""
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=BuildingPlan)
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    check(plan)
    return plan


def check(plan: BuildingPlan) -> None:
    """Raises ValueError if two things share a name or a pin, or a door names a reader that is not there."""
    for what, names in (
        ("reader", [reader.id for reader in plan.reader]),
        ("door", [door.id for door in plan.door]),
        ("card", [card.name for card in plan.card]),
        ("slot", [f"{cabinet.id}/{slot.number}" for cabinet in plan.cabinet for slot in cabinet.slot]),
        ("key", [key.name for key in plan.key]),
        ("place of one key", [slot.key for slot in plan.slots().values() if slot.key]),
        ("tether", [tether.id for tether in plan.tether]),
        ("pin", [str(pin(url).number) for url in _pins(plan)]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one {what} is called {', '.join(twice)}")
    readers = {reader.id for reader in plan.reader}
    for door in plan.door:
        missing = {door.reader_in, door.reader_out} - readers - {None}
        if missing:
            raise ValueError(f"door {door.id} names a reader that is not in the plan: {', '.join(map(str, missing))}")


def _pins(plan: BuildingPlan) -> list[str]:
    slots = (slot for cabinet in plan.cabinet for slot in cabinet.slot)
    fixtures: list[DoorPlan | SlotPlan | TetherPlan] = [*plan.door, *slots, *plan.tether]
    urls = [url for fixture in fixtures for url in (*fixture.outputs().values(), *fixture.inputs().values())]
    urls += [reader.keypad for reader in plan.reader if reader.keypad]
    return urls + [slot.tag for slot in plan.slots().values() if slot.tag]


def pin(url: str) -> PinAddress:
    """A pin of the building. Raises ValueError for any other."""
    address = parse_pin(url)
    if not address.simulated:
        raise ValueError(f"{url!r} is not a pin of a simulated building; expected simulated:{address.number}")
    return address
