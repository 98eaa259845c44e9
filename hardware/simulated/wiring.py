"""The building's pins: who owns which, at which level, and where each falls when nobody holds it.

Pure but for the journal. Called under the building's lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hardware.address import Pull
from hardware.simulated.plan import DoorPlan, SlotPlan, TetherPlan, pin

_INPUTS = ("dps", "rex", "present", "tether")


@dataclass(slots=True)
class _Pin:
    label: str
    fixture: str | None
    secure_level: bool
    level: bool
    owner: object | None = None
    output: bool = False


class PinRefused(Exception):
    """Somebody else owns the pin, or it is used as what it is not."""


class Wiring:
    """All pins of the building, by number."""

    def __init__(self, fixtures: Mapping[str, DoorPlan | SlotPlan | TetherPlan]) -> None:
        self._pins: dict[int, _Pin] = {}
        for name, fixture in fixtures.items():
            for label, url in (*fixture.outputs().items(), *fixture.inputs().items()):
                address = pin(url)
                self._pins[address.number] = _Pin(label, name, address.secure_level, address.secure_level)

    def levels(self) -> dict[int, bool]:
        """All levels, by pin."""
        return {number: self._pins[number].level for number in sorted(self._pins)}

    def fixture_and_label(self, number: int) -> tuple[str | None, str]:
        """Which door or slot a pin belongs to, and what it is there."""
        found = self._pins.get(number)
        return (found.fixture, found.label) if found else (None, "")

    def energised(self, number: int) -> bool:
        """Whether an output's level is the other than the secure one."""
        return self._pins[number].level != self._pins[number].secure_level

    def free(self, owner: object, number: int) -> bool:
        """Whether this owner may claim the pin."""
        found = self._pins.get(number)
        return found is None or found.owner in (None, owner)

    def claim_output(self, owner: object, number: int, level: bool) -> None:
        """Raises PinRefused."""
        found = self._claim(owner, number, level)
        if found.label in _INPUTS:
            found.owner = None
            raise PinRefused(f"pin {number} is the {found.label} of door {found.fixture}: an input")
        found.output, found.level = True, level

    def claim_input(self, owner: object, number: int, pull: Pull) -> bool:
        """The level that the input has. Raises PinRefused."""
        found = self._claim(owner, number, False)
        found.output = False
        if found.fixture is None or found.label not in _INPUTS:
            found.level = pull == "up"
        return found.level

    def write(self, owner: object, number: int, level: bool) -> None:
        """Raises PinRefused."""
        found = self._pins.get(number)
        if found is None or found.owner is not owner or not found.output:
            raise PinRefused(f"pin {number} is no output of yours")
        found.level = level

    def read(self, number: int) -> bool:
        """Raises PinRefused."""
        if number not in self._pins:
            raise PinRefused(f"pin {number} is not claimed")
        return self._pins[number].level

    def drive(self, number: int, level: bool) -> object | None:
        """The building sets an input. Returns the owner to be told, if the level is new and somebody owns it."""
        found = self._pins[number]
        if found.level == level:
            return None
        found.level = level
        return found.owner

    def release(self, owner: object, number: int) -> bool:
        """Gives one pin back; outputs fall to their pull. Whether it was an output of this owner."""
        found = self._pins.get(number)
        if found is None or found.owner is not owner:
            return False
        was_output, found.owner, found.output = found.output, None, False
        if was_output:
            found.level = found.secure_level
        return was_output

    def owned(self, owner: object) -> list[int]:
        """The pins of an owner."""
        return [number for number, found in self._pins.items() if found.owner is owner]

    def owners(self) -> int:
        """How many own an output."""
        return len({id(found.owner) for found in self._pins.values() if found.owner is not None and found.output})

    def _claim(self, owner: object, number: int, secure_level: bool) -> _Pin:
        found = self._pins.setdefault(number, _Pin("", None, secure_level, secure_level))
        if found.owner not in (None, owner):
            raise PinRefused(f"pin {number} is in use by another controller")
        found.owner = owner
        return found
