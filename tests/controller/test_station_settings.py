"""Stations and tethers in `site.toml`: what they become, and each mistake with its key path."""

from pathlib import Path

import pytest
from sites import SITE_TOML, STATION_TOML, small_facility

from controller.facility.forms import FacilityForm
from controller.facility.settings import BadSettings, load_settings
from controller.parts import device_mistakes

TETHER = """
[[tether]]
id = "pc-1"
name = { ja = "測定用PC", en = "Measuring PC" }
zone = "lab"
input = "simulated:41"
"""
GOOD = STATION_TOML + TETHER


def test_a_station_stands_in_a_zone_and_is_no_reader_of_a_portal(tmp_path: Path) -> None:
    """A station loads with its zone, device, keypad and least assurance, which is mutual unless something else is said."""
    facility = small_facility(tmp_path, GOOD)

    station = facility.stations["desk"]
    assert (station.zone, station.keypad, station.least_assurance) == ("lab", "simulated:31", 2)
    assert "desk" not in facility.readers and "desk" in facility.antennas
    assert (facility.portal_of("desk"), facility.portal_of("front/in")) == ("", "front")
    assert facility.device_of("pc-1", "tether") == "simulated:41"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('id = "desk"', 'id = "Desk"', "station[1].id: 'Desk'"),
        ('id = "desk"', 'id = "front"', "station[1].id: 'front' is a portal already"),
        ('en = "Key desk" }\nzone = "lab"', 'en = "Key desk" }\nzone = "labb"', "station[1].zone: no zone 'labb'"),
        (
            'keypad = "simulated:31"',
            'least_assurance = "mutal"',
            "station[1].least_assurance: 'mutal' is none of 'id only', 'one way', 'mutual', 'aes' (did you mean 'mutual'?)",
        ),
        ('keypad = "simulated:31"', "annunciator = { }", "station[1].annunciator: has no pin"),
        (":54331", ":54321", "station[1].device: nfc+udp://127.0.0.1:54321 is already portal[1].reader[1].device"),
        ('keypad = "simulated:31"', 'keypad = "simulated:5"', "station[1].keypad: simulated:5 is already portal[2].contact"),
        ('zone = "lab"\ninput', 'zone = "cellar"\ninput', "tether[1].zone: no zone 'cellar'"),
        ('input = "simulated:41"', 'input = "simulated:4"', "tether[1].input: simulated:4 is already portal[2].lock"),
        ('input = "simulated:41"', 'input = "simulated:41"\nactive = "open"', "tether[1].active: 'open' is none of"),
    ],
)
def test_each_mistake_names_its_place(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    """A mistake in a station or a tether is one line with its key path, and what was probably meant."""
    assert GOOD.count(was) == 1

    with pytest.raises(BadSettings) as raised:
        small_facility(tmp_path, GOOD.replace(was, becomes))

    assert len(raised.value.mistakes) == 1 and raised.value.mistakes[0].startswith(said)


def test_an_id_twice_and_a_url_of_nothing_are_mistakes(tmp_path: Path) -> None:
    """Two stations of one id, and a device that is none, are found before anything is opened."""
    twice = STATION_TOML + STATION_TOML.removeprefix(SITE_TOML).replace("54331", "54332").replace(":31", ":32")
    with pytest.raises(BadSettings) as raised:
        small_facility(tmp_path, twice)
    assert raised.value.mistakes == ["station[2].id: 'desk' stands twice"]

    (tmp_path / "site.toml").write_text(GOOD.replace('device = "nfc+udp://127.0.0.1:54331"', 'device = "usb"'), "utf-8")
    form = load_settings(tmp_path / "site.toml", FacilityForm)
    assert [line.partition(":")[0] for line in device_mistakes(form)] == ["station[1].device"]
