"""A key cabinet on pins: a latch and a sensor for each slot, and where there is one a socket that tells the key.

Rule 1: what holds for a lock holds for each latch: secure when constructed, off when closed (F1, F2).
Rule 2: a released latch is secured after `limit_s` by a thread of the cabinet's own, whatever became of who released it.
Where the process is killed instead, the latch needs a timer relay of its own or falls with its line, as the wiring plan says.
Rule 3: a fault names the part that has it: the latch's URL, the sensor's or the socket's.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from hardware.address import OneWireAddress, PinAddress
from hardware.gpio import GpioContact, GpioLock
from hardware.protocols import HardwareFault

LIMIT_S = 60.0
"""The longest that a latch is released at a time; a cabinet's own time to take a key is shorter."""

_W1 = Path("/sys/bus/w1/devices")


class TagSocket(Protocol):
    """What tells the key that hangs in a slot."""

    def tag(self) -> str | None:
        """Its number, or None for no key. Raises HardwareFault."""


class OneWireSocket:
    """A 1-Wire bus with one socket, as the kernel's driver sees it: the iButton on the key's fob. A `TagSocket`."""

    def __init__(self, address: OneWireAddress, root: Path = _W1) -> None:
        """Opens nothing: an absent bus is reported by the first use."""
        self._part = address.url
        self._slaves = root / f"w1_bus_master{address.master}" / "w1_master_slaves"

    def tag(self) -> str | None:
        """The one number on the bus. Two of them are a fault: nobody knows which is the key's. Raises HardwareFault."""
        try:
            said = self._slaves.read_text(encoding="ascii", errors="replace").split("\n")
        except FileNotFoundError as error:
            raise HardwareFault(self._part, "absent", str(error)) from None
        except OSError as error:
            raise HardwareFault(self._part, "silent", str(error)) from None
        numbers = [line.strip() for line in said if line[:1].isalnum() and not line.startswith("not found")]
        if len(numbers) > 1:
            raise HardwareFault(self._part, "garbled", f"{len(numbers)} keys in one socket")
        return numbers[0][:40] if numbers else None


@dataclass(frozen=True, slots=True)
class SlotPins:
    """What is screwed on at one slot."""

    release: PinAddress
    present: PinAddress
    socket: TagSocket | None = None


@dataclass(slots=True)
class _Slot:
    latch: GpioLock
    sensor: GpioContact
    socket: TagSocket | None
    expiry: threading.Timer | None = None


class GpioKeyCabinet:
    """A cabinet on gpiozero pins, of a real board or of the simulated building. A `KeyCabinet`. May be used from any thread."""

    def __init__(
        self, wanted: Mapping[int, SlotPins], factory: Callable[[PinAddress], Any], limit_s: float = LIMIT_S
    ) -> None:
        """Every latch holds at once, all of them before the first sensor is opened. Raises HardwareFault, and keeps none."""
        self._limit_s = limit_s
        self._using = threading.RLock()
        latches: dict[int, GpioLock] = {}
        sensors: dict[int, GpioContact] = {}
        try:
            for number, pins in wanted.items():
                latches[number] = GpioLock(pins.release, factory(pins.release))
            for number, pins in wanted.items():
                sensors[number] = GpioContact(pins.present, factory(pins.present))
        except HardwareFault:
            _close_all([*latches.values()])
            _close_all([*sensors.values()])
            raise
        self._slots = {n: _Slot(latches[n], sensors[n], pins.socket) for n, pins in wanted.items()}

    @property
    def slots(self) -> tuple[int, ...]:
        """The numbers of its slots."""
        return tuple(self._slots)

    def release(self, slot: int) -> None:
        """Lets the key be taken, for the limit at most; each command begins it anew. Raises HardwareFault."""
        with self._using:
            found = self._slots[slot]
            self._forget(found)
            found.expiry = threading.Timer(self._limit_s, partial(self._expire, slot))
            found.expiry.daemon = True
            found.expiry.start()
            found.latch.release()

    def secure(self, slot: int) -> None:
        """Holds the key. Raises HardwareFault."""
        with self._using:
            self._slots[slot].latch.secure()
            self._forget(self._slots[slot])  # only now: a latch that could not be secured is tried again by its limit

    def present(self, slot: int) -> bool:
        """The sensor's level now. Raises HardwareFault."""
        return self._slots[slot].sensor.active()

    def identifies(self, slot: int) -> bool:
        """Whether the slot has a socket that tells its key."""
        return self._slots[slot].socket is not None

    def tag(self, slot: int) -> str | None:
        """What its socket says now; None without one. Raises HardwareFault."""
        socket = self._slots[slot].socket
        return None if socket is None else socket.tag()

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed` at each edge of any sensor. Raises HardwareFault."""
        for slot in self._slots.values():
            slot.sensor.watch(changed)

    def close(self) -> None:
        """Secures every slot and gives the pins back, also when one of them does not answer."""
        with self._using:
            for slot in self._slots.values():
                self._forget(slot)
            _close_all([slot.latch for slot in self._slots.values()])
            _close_all([slot.sensor for slot in self._slots.values()])

    def _expire(self, slot: int) -> None:
        with self._using:
            if self._slots[slot].expiry is not threading.current_thread():
                return  # released again, or secured, since
            try:
                self._slots[slot].latch.secure()
            except HardwareFault:
                return  # a latch whose line is gone has fallen with it; the next use tells of it

    def _forget(self, slot: _Slot) -> None:
        if slot.expiry is not None:
            slot.expiry.cancel()
            slot.expiry = None


def _close_all(parts: Sequence[GpioLock] | Sequence[GpioContact]) -> None:
    for part in parts:
        try:
            part.close()
        except HardwareFault:
            continue  # the others have to be closed as well
