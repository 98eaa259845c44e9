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


class CardPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One card. `key` (32 hexadecimal digits) is for a FeliCa Lite-S; without it the card is blank."""

    name: str
    kind: str
    idm: str = ""
    uid: str = ""
    key: str = ""
    version: int | None = None


class BuildingPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `log` and `state` are paths; without `state` cards forget at the end."""

    log: str
    listen: str = "127.0.0.1:0"
    state: str | None = None
    reader: tuple[ReaderPlan, ...] = ()
    door: tuple[DoorPlan, ...] = ()
    card: tuple[CardPlan, ...] = ()


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
        (
            "pin",
            [
                *(str(pin(url).number) for door in plan.door for url in (*door.outputs().values(), *door.inputs().values())),
                *(str(pin(reader.keypad).number) for reader in plan.reader if reader.keypad),
            ],
        ),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one {what} is called {', '.join(twice)}")
    readers = {reader.id for reader in plan.reader}
    for door in plan.door:
        missing = {door.reader_in, door.reader_out} - readers - {None}
        if missing:
            raise ValueError(f"door {door.id} names a reader that is not in the plan: {', '.join(map(str, missing))}")


def pin(url: str) -> PinAddress:
    """A pin of the building. Raises ValueError for any other."""
    address = parse_pin(url)
    if not address.simulated:
        raise ValueError(f"{url!r} is not a pin of a simulated building; expected simulated:{address.number}")
    return address
