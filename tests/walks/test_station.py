"""A station and a tether, from the card in the field and the wire's input to the ledger, over a restart by power cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import SiteProcess

from controller.console import ask

STATION = """
[[station]]
id = "desk"
name = {{ ja = "受付", en = "Desk" }}
zone = "office"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:980", green = "simulated:981", buzzer = "simulated:983" }}
keypad = "simulated:990"

[[tether]]
id = "pc-1"
name = {{ ja = "測定用PC", en = "Measuring PC" }}
zone = "lab"
input = "simulated:991"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    with SiteProcess(tmp_path) as made:
        path = made.data / "site.toml"
        path.write_text(path.read_text("utf-8") + STATION.format(port=made.ports["spare"]), "utf-8")
        with made.past() as past:
            yamada = past.person("山田 花子")
            past.badge(yamada, "yamada")
        made.start()
        yield made


def test_who_taps_at_a_station_is_known_and_nothing_opens(site: SiteProcess) -> None:
    """A badge, a plain tag and a blank card at a station: known, unknown, and enrolled there; no lock moves (C9.1)."""
    site.building.add_card("tag", "nfca", "04a1b2c3d4e5f0")

    site.building.tap("yamada", "spare")
    refused = site.wait_record("station.refused", code="nothing_waits").body
    assert (refused.station, refused.zone, refused.person, refused.assurance) == ("desk", "office", 1, 2)
    site.building.tap("tag", "spare")
    assert site.wait_record("station.refused", code="enrolment").body.assurance == 0

    assert site.building.type_keys("spare", "12#")
    assert ask(site.data, "enrol", {"person": 1, "reader": "desk"})["code"] is None
    site.building.tap("blank", "spare")
    assert site.wait_record("badge.enrolled", reader="desk").body.personalised
    assert not any(door.released for door in site.building.look().doors.values())
    assert not any(record.kind.startswith(("entry.", "portal.")) for record in site.records())


def test_a_wire_that_is_cut_while_nothing_runs_is_found_at_the_start(site: SiteProcess) -> None:
    """A cut is an alarm at once; one in a power cut is found at the start; whole again counts after a while (C8.13)."""
    site.wait_record("tether.observed", tether="pc-1")
    site.building.cut_tether("pc-1")
    site.wait_record("tether.cut", tether="pc-1", zone="lab")
    site.building.mend_tether("pc-1")
    site.wait_record("tether.restored", tether="pc-1")

    site.kill()
    site.building.cut_tether("pc-1")
    before = site.size()
    site.start()

    site.wait_record("tether.cut", before, tether="pc-1")
