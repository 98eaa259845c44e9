"""What is wrong with the key cabinets of a `site.toml`, and which devices they are on."""

from collections.abc import Iterator

from controller.facility.cabinets import CabinetForm, SlotForm
from controller.facility.forms import FacilityForm
from controller.facility.settings import did_you_mean

MOST_CABINETS, MOST_SLOTS = 16, 200
_HIGHEST = 9999
_SECONDS = {"take_s": (5, 50), "session_s": (10, 120)}
"""A latch is secured after a minute by the cabinet itself, so nobody may have longer to take a key."""
_FOB_LENGTH = 40


def cabinet_mistakes(form: FacilityForm) -> Iterator[str]:
    """Every mistake in them that a struct cannot say, with its key path."""
    if len(form.cabinet) > MOST_CABINETS:
        yield f"cabinet: {len(form.cabinet)} of them; at most {MOST_CABINETS}"
    stations = {station.id: station.zone for station in form.station}
    used: dict[str, str] = {}
    fobs: dict[str, str] = {}
    for n, cabinet in enumerate(form.cabinet, 1):
        place = f"cabinet[{n}]"
        yield from _standing_mistakes(place, cabinet, [zone.id for zone in form.zone], stations)
        if (other := used.setdefault(cabinet.station, place)) != place:
            yield f"{place}.station: {cabinet.station!r} is that of {other} already; each cabinet has its own"
        yield from _slot_mistakes(place, cabinet, fobs)


def _standing_mistakes(
    place: str, cabinet: CabinetForm, zones: list[str], stations: dict[str, str]
) -> Iterator[str]:
    if cabinet.zone not in zones:
        yield f"{place}.zone: no zone {cabinet.zone!r}{did_you_mean(cabinet.zone, zones)}"
    if cabinet.station not in stations:
        yield f"{place}.station: no [[station]] {cabinet.station!r}{did_you_mean(cabinet.station, stations)}"
    elif stations[cabinet.station] != cabinet.zone:
        yield f"{place}.station: {cabinet.station!r} stands in {stations[cabinet.station]!r}; it has to be beside the cabinet"
    for key, (least, most) in _SECONDS.items():
        if not least <= getattr(cabinet, key) <= most:
            yield f"{place}.{key}: {getattr(cabinet, key)}; from {least} to {most} seconds"


def _slot_mistakes(place: str, cabinet: CabinetForm, fobs: dict[str, str]) -> Iterator[str]:
    if not 1 <= len(cabinet.slot) <= MOST_SLOTS:
        yield f"{place}.slot: {len(cabinet.slot)} of them; 1 to {MOST_SLOTS}"
    numbers = [slot.number for slot in cabinet.slot]
    for m, slot in enumerate(cabinet.slot, 1):
        here = f"{place}.slot[{m}]"
        if not 1 <= slot.number <= _HIGHEST:
            yield f"{here}.number: {slot.number}; from 1 to {_HIGHEST}"
        if slot.number in numbers[: m - 1]:
            yield f"{here}.number: {slot.number} stands twice"
        yield from _fob_mistakes(here, slot, fobs)


def _fob_mistakes(here: str, slot: SlotForm, fobs: dict[str, str]) -> Iterator[str]:
    if slot.fob and not slot.tag:
        yield f"{here}.fob: nothing reads it; name the socket in tag"
    if not slot.fob.isprintable() or len(slot.fob) > _FOB_LENGTH:
        yield f"{here}.fob: {slot.fob[:_FOB_LENGTH]!r} is no number of a fob"
    if slot.fob and (other := fobs.setdefault(slot.fob, here)) != here:
        yield f"{here}.fob: {slot.fob!r} is that of {other} already"


def cabinet_devices(form: FacilityForm) -> Iterator[tuple[str, str]]:
    """Every device of theirs with its key path."""
    for n, cabinet in enumerate(form.cabinet, 1):
        for m, slot in enumerate(cabinet.slot, 1):
            for key in ("release", "present", "tag"):
                if url := getattr(slot, key):
                    yield f"cabinet[{n}].slot[{m}].{key}", url
