"""Key cabinets in `site.toml`: what they become, and each mistake with its key path."""

from pathlib import Path

import pytest
from sites import CABINET_TOML, small_facility

from controller.facility.forms import FacilityForm
from controller.facility.settings import BadSettings, load_settings
from controller.parts import device_mistakes


def test_a_cabinet_stands_beside_its_station(tmp_path: Path) -> None:
    """A cabinet loads with its zone, its station and its slots by the numbers that are written over them."""
    cabinet = small_facility(tmp_path, CABINET_TOML).cabinets["main"]

    assert (cabinet.zone, cabinet.station, cabinet.take_s) == ("lab", "desk", 20)
    assert list(cabinet.slots) == [1, 2, 3, 4]
    assert (cabinet.slots[3].tag, cabinet.slots[3].fob) == ("simulated:63", "01-3")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('id = "main"', 'id = "Main"', "cabinet[1].id: 'Main'"),
        ('zone = "lab"\nstation', 'zone = "labb"\nstation', "cabinet[1].zone: no zone 'labb' (did you mean 'lab'?)"),
        ('zone = "lab"\nstation', 'zone = "lobby"\nstation', "cabinet[1].station: 'desk' stands in 'lab'"),
        ('station = "desk"', 'station = "dusk"', "cabinet[1].station: no [[station]] 'dusk' (did you mean 'desk'?)"),
        ('station = "desk"', 'station = "desk"\ntake_s = 90', "cabinet[1].take_s: 90; from 5 to 50 seconds"),
        ("number = 2", "number = 1", "cabinet[1].slot[2].number: 1 stands twice"),
        ("number = 2", "number = 0", "cabinet[1].slot[2].number: 0; from 1 to 9999"),
        ('fob = "01-4"', 'fob = "01-3"', "cabinet[1].slot[4].fob: '01-3' is that of cabinet[1].slot[3] already"),
        ('tag = "simulated:64"\n', "", "cabinet[1].slot[4].fob: nothing reads it; name the socket in tag"),
        ('release = "simulated:52"', 'release = "simulated:51"', "cabinet[1].slot[2].release: simulated:51 is already"),
    ],
)
def test_each_mistake_names_its_place(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    """A mistake in a cabinet is one line with its key path, and what was probably meant."""
    assert CABINET_TOML.count(was) == 1

    with pytest.raises(BadSettings) as raised:
        small_facility(tmp_path, CABINET_TOML.replace(was, becomes))

    assert raised.value.mistakes[0].startswith(said)


def test_devices_are_of_their_sort(tmp_path: Path) -> None:
    """A socket is a 1-Wire bus and a latch a pin, before anything is opened."""
    text = CABINET_TOML.replace('tag = "simulated:63"', 'tag = "gpio:4"').replace("simulated:52", "w1:2")
    (tmp_path / "site.toml").write_text(text, "utf-8")

    places = [line.partition(":")[0] for line in device_mistakes(load_settings(tmp_path / "site.toml", FacilityForm))]
    assert places == ["cabinet[1].slot[2].release", "cabinet[1].slot[3].tag"]
