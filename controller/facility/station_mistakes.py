"""What is wrong with the stations and tethers of a `site.toml`, and which devices they are on."""

from collections.abc import Iterator

from controller.facility.forms import FacilityForm
from controller.facility.settings import did_you_mean
from controller.facility.stations import LEVELS
from controller.facility.tables import ASSURANCES

MOST_STATIONS = 64
MOST_TETHERS = 256


def station_mistakes(form: FacilityForm) -> Iterator[str]:
    """Every mistake in them that a struct cannot say, with its key path."""
    zones, portals = [zone.id for zone in form.zone], [portal.id for portal in form.portal]
    if len(form.station) > MOST_STATIONS:
        yield f"station: {len(form.station)} of them; at most {MOST_STATIONS}"
    if len(form.tether) > MOST_TETHERS:
        yield f"tether: {len(form.tether)} of them; at most {MOST_TETHERS}"
    for n, station in enumerate(form.station, 1):
        place = f"station[{n}]"
        if station.id in portals:
            yield f"{place}.id: {station.id!r} is a portal already"
        if station.least_assurance not in ASSURANCES:
            words = ", ".join(map(repr, ASSURANCES))
            meant = did_you_mean(station.least_assurance, ASSURANCES)
            yield f"{place}.least_assurance: {station.least_assurance!r} is none of {words}{meant}"
        lamps = station.annunciator
        if lamps is not None and not (lamps.red or lamps.green or lamps.blue or lamps.buzzer):
            yield f"{place}.annunciator: has no pin; name one, or leave it out"
    for n, tether in enumerate(form.tether, 1):
        if tether.active not in LEVELS:
            yield f"tether[{n}].active: {tether.active!r} is none of {', '.join(map(repr, LEVELS))}"
    standing = [(f"station[{n}]", one.zone) for n, one in enumerate(form.station, 1)]
    standing += [(f"tether[{n}]", one.zone) for n, one in enumerate(form.tether, 1)]
    for place, zone in standing:
        if zone not in zones:
            yield f"{place}.zone: no zone {zone!r}{did_you_mean(zone, zones)}"


def station_devices(form: FacilityForm) -> Iterator[tuple[str, str]]:
    """Every device of theirs with its key path."""
    for n, station in enumerate(form.station, 1):
        place = f"station[{n}]"
        yield f"{place}.device", station.device
        if station.keypad:
            yield f"{place}.keypad", station.keypad
        lamps = station.annunciator
        for lamp in ("red", "green", "blue", "buzzer") if lamps else ():
            if url := getattr(lamps, lamp):
                yield f"{place}.annunciator.{lamp}", url
    for n, tether in enumerate(form.tether, 1):
        yield f"tether[{n}].input", tether.input
