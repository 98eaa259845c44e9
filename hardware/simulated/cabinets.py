"""The building's key cabinets: which key hangs in which slot, and what a hand does there. Called under the building's lock.

Where keys hang is in a file before anybody goes on, if the plan names one: keys do not move because a program ended.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from hardware.simulated.key_slot import KeySlot
from hardware.simulated.plan import BuildingPlan, SlotPlan, pin

Motion = Callable[[KeySlot, float], list[str]]


class Cabinets:
    """All slots of the building, by `cabinet/number`."""

    def __init__(self, plan: BuildingPlan) -> None:
        """Raises ValueError if the file is damaged, OSError."""
        self.plans: dict[str, SlotPlan] = plan.slots()
        self._path = Path(plan.hung) if plan.hung else None
        self._tags = {key.name: key.tag for key in plan.key}
        self._known = {slot.key for slot in self.plans.values() if slot.key} | set(self._tags)
        hung = {name: slot.key or None for name, slot in self.plans.items()}
        if self._path is not None and self._path.exists():
            try:
                hung |= msgspec.json.decode(self._path.read_bytes(), type=dict[str, str | None])
            except msgspec.DecodeError as error:
                raise ValueError(f"{self._path} is damaged: {error}") from None
        self.slots = {name: KeySlot(plan.limit_s, hung[name]) for name, plan in self.plans.items()}
        self._socket_of = {pin(plan.tag).number: name for name, plan in self.plans.items() if plan.tag}

    def slot(self, cabinet: str, number: int) -> str:
        """What the log calls a slot. Raises ValueError for none."""
        name = f"{cabinet}/{number}"
        if name not in self.slots:
            raise ValueError(f"there is no slot {name} in this building")
        return name

    def hang(self, name: str, key: str, now: float) -> list[str]:
        """A hand hangs a key there. Raises ValueError for a key that is not in its hand."""
        if key not in self._known:
            raise ValueError(f"there is no key {key!r} in this building")
        where = self.where(key)
        if where is not None:
            raise ValueError(f"key {key!r} hangs in {where}")
        return self._moved(self.slots[name].hang(now, key))

    def pull(self, name: str, force: bool, now: float) -> list[str]:
        """A hand pulls at what hangs there."""
        return self._moved(self.slots[name].pull(now, force))

    def where(self, key: str) -> str | None:
        """In which slot a key hangs; None: it is in somebody's hand."""
        return next((name for name, slot in self.slots.items() if slot.key == key), None)

    def tag(self, number: int) -> str | None:
        """What the socket of this number reads now. Raises ValueError for no socket."""
        if number not in self._socket_of:
            raise ValueError(f"socket {number} is of no slot")
        key = self.slots[self._socket_of[number]].key
        return (self._tags.get(key) or None) if key is not None else None

    def due_at(self) -> list[float]:
        """When something happens next by itself, slot by slot."""
        return [at for slot in self.slots.values() if (at := slot.due_at()) is not None]

    def _moved(self, events: list[str]) -> list[str]:
        if self._path is not None:
            draft = self._path.with_name(self._path.name + ".new")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode({name: slot.key for name, slot in self.slots.items()}))
            draft.replace(self._path)
        return events
