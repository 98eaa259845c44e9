"""The site's parts, opened by device URL: the only place, called by `app.py` alone, that picks drivers.

A part that is absent is an alarm; it is never replaced in silence by a simulated one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from controller.facility import (
    EVACUATION_INPUT,
    TETHER_INPUT,
    AnnunciatorForm,
    CabinetAt,
    Facility,
    FacilityForm,
    ReaderAt,
    StationAt,
    device_urls,
)
from hardware import address, gpio, signals
from hardware.card_keys import CardKeys
from hardware.key_cabinet import GpioKeyCabinet, OneWireSocket, SlotPins, TagSocket
from hardware.keypad import GpioKeypad
from hardware.nfc_reader import NfcReader
from hardware.protocols import Annunciator, Contact, HardwareFault, KeyCabinet, Keypad, Lock, Reader
from hardware.simulated.keypad import SimulatedKeypad
from hardware.simulated.pins import SimulatedFactory
from hardware.simulated.tag_socket import SimulatedSocket


@dataclass
class Parts:
    """Everything on the wall, by portal, reader or station id."""

    locks: dict[str, Lock] = field(default_factory=dict)
    contacts: list[tuple[str, str, Contact]] = field(default_factory=list)
    readers: dict[str, Reader] = field(default_factory=dict)
    annunciators: dict[str, Annunciator] = field(default_factory=dict)
    keypads: dict[str, Keypad] = field(default_factory=dict)
    cabinets: dict[str, KeyCabinet] = field(default_factory=dict)
    factories: list[Any] = field(default_factory=list)

    def secure(self) -> None:
        """Commands every lock and slot secure, also when one of them does not answer."""
        for lock in self.locks.values():
            _even_if_faulty(lock.secure)
        for cabinet in self.cabinets.values():
            for slot in cabinet.slots:
                _even_if_faulty(partial(cabinet.secure, slot))

    def close(self) -> None:
        """Secures locks and slots and gives everything back. Readers and keypads are closed by their own feeds."""
        for lock in self.locks.values():
            _even_if_faulty(lock.close)
        for cabinet in self.cabinets.values():
            _even_if_faulty(cabinet.close)
        for _, _, contact in self.contacts:
            _even_if_faulty(contact.close)
        for annunciator in self.annunciators.values():
            _even_if_faulty(annunciator.close)
        for factory in self.factories:
            factory.close()


def _even_if_faulty(act: Callable[[], None]) -> None:
    """One part that does not answer must not keep the others from being secured."""
    try:
        act()
    except HardwareFault:
        return


class _Pins:
    """One pin factory of each sort, made when the first pin of its sort is opened."""

    def __init__(self, building: str, parts: Parts) -> None:
        self._building = building
        self._parts = parts
        self._made: dict[bool, Any] = {}

    def factory(self, pin: address.KeypadAddress) -> Any:  # noqa: ANN401 - gpiozero's factories are untyped
        """The factory for this pin, or for these. Raises HardwareFault."""
        simulated = isinstance(pin, address.PinAddress) and pin.simulated
        if simulated not in self._made:
            made = SimulatedFactory(self._building) if simulated else gpio.pin_factory()
            self._made[simulated] = made
            self._parts.factories.append(made)
        return self._made[simulated]


def open_parts(facility: Facility, keys: CardKeys) -> Parts:
    """Opens every part of the site; locks first, secure from their first moment. Raises HardwareFault, and keeps none open."""
    parts = Parts()
    try:
        _open_all(parts, facility, keys)
    except HardwareFault:
        parts.close()
        raise
    return parts


def _open_all(parts: Parts, facility: Facility, keys: CardKeys) -> None:
    pins = _Pins(facility.building, parts)
    for portal in facility.portals.values():
        pin = address.parse_pin(portal.lock)
        parts.locks[portal.id] = gpio.GpioLock(pin, pins.factory(pin))
    for cabinet in facility.cabinets.values():
        parts.cabinets[cabinet.id] = _cabinet(cabinet, pins)
    for portal in facility.portals.values():
        for which, url in (("leaf", portal.contact), ("exit", portal.exit_button)):
            if url:
                pin = address.parse_pin(url)
                parts.contacts.append((portal.id, which, gpio.GpioContact(pin, pins.factory(pin))))
        for reader in portal.readers:
            _open_antenna(parts, reader, pins, keys)
    for station in facility.stations.values():
        _open_antenna(parts, station, pins, keys)
    for tether in facility.tethers.values():
        pin = address.parse_pin(tether.input)
        parts.contacts.append((tether.id, TETHER_INPUT, gpio.GpioContact(pin, pins.factory(pin))))
    if facility.evacuation is not None:
        pin = address.parse_pin(facility.evacuation.input)
        parts.contacts.append(("", EVACUATION_INPUT, gpio.GpioContact(pin, pins.factory(pin))))


def _open_antenna(parts: Parts, at: ReaderAt | StationAt, pins: _Pins, keys: CardKeys) -> None:
    """A reader with what is beside it."""
    parts.readers[at.id] = NfcReader(address.parse_reader(at.device), keys)
    if at.annunciator is not None:
        parts.annunciators[at.id] = _annunciator(at.annunciator, pins)
    if at.keypad:
        parts.keypads[at.id] = _keypad(at.keypad, pins)


def _cabinet(at: CabinetAt, pins: _Pins) -> KeyCabinet:
    wanted = {
        slot.number: SlotPins(
            address.parse_pin(slot.release), address.parse_pin(slot.present), _socket(slot.tag, pins) if slot.tag else None
        )
        for slot in at.slots.values()
    }
    return GpioKeyCabinet(wanted, pins.factory)


def _socket(url: str, pins: _Pins) -> TagSocket:
    where = address.parse_tag(url)
    if isinstance(where, address.OneWireAddress):
        return OneWireSocket(where)
    return SimulatedSocket(where, pins.factory(where))


def _annunciator(form: AnnunciatorForm, pins: _Pins) -> Annunciator:
    lamps = {
        lamp: address.parse_pin(url) for lamp in ("red", "green", "blue", "buzzer") if (url := getattr(form, lamp))
    }
    factory = pins.factory(next(iter(lamps.values())))
    return gpio.GpioAnnunciator(factory, signals.load(), **lamps)


def _keypad(url: str, pins: _Pins) -> Keypad:
    where = address.parse_keypad(url)
    factory = pins.factory(where)
    return GpioKeypad(where, factory) if isinstance(where, address.MatrixAddress) else SimulatedKeypad(where, factory)


_READ: dict[str, Callable[[str], object]] = {
    "device": address.parse_reader, "keypad": address.parse_keypad, "tag": address.parse_tag,
}  # fmt: skip
"""By the last word of a device's key path, how its URL is read; any other is a pin."""


def device_mistakes(form: FacilityForm) -> Iterator[str]:
    """What is wrong with the device URLs of a site, with their key paths; opens nothing."""
    for place, url in device_urls(form):
        try:
            _READ.get(place.rpartition(".")[2], address.parse_pin)(url)
        except ValueError as error:
            yield f"{place}: {error}"
    yield from _shared_pins(form)


def _shared_pins(form: FacilityForm) -> Iterator[str]:
    """Pins of a keypad's matrix that something else is on; single pins are compared where the form is read."""
    seen: dict[str, str] = {}
    for place, url in device_urls(form):
        pins = address.pins_of(url)
        for pin in pins:
            other = seen.setdefault(pin, place)
            if other != place and ("keypad" in place or "keypad" in other):
                yield f"{place}: {pin} is already {other}"
