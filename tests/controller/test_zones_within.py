"""Orders for a zone hold in the zones that lie in it, at every door of them, also at one straight from the street (C8.9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, leaf, make_site, people, tap

from controller.record.asks import BeginEvacuation, BeginLockdown, EndLockdown, OverridePortal, ReleasePortal
from controller.record.canonical import timestamp
from controller.rules.effects import PlaySignal

INSIDE = SITE_TOML.replace('id = "lab"\n', 'id = "lab"\ninside = "lobby"\n')
STREET = """
[[portal]]
id = "yard"
name = { ja = "裏口", en = "Yard door" }
inner = "lab"
evacuation = "release"
unlock = "office"
first_card = false
lock = "simulated:21"
contact = "simulated:22"
exit_button = "simulated:23"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54329"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The lab lies in the lobby, and has a door to the yard that stands unlocked in office hours. Tuesday, 09:00."""
    made = people(make_site(tmp_path, text=INSIDE + STREET))
    made.turn(*(leaf(portal, False) for portal in ("front", "lab-door", "vault-door", "yard")))
    yield made
    assert made.actuator.unrecorded == []
    made.close()


def status(site: TestSite, portal: str = "yard") -> str:
    """How the portal stands."""
    return str(site.loop.portals[portal].status)


def refusal(site: TestSite, reader: str) -> str:
    """What is missing of person 1's tap; empty for nothing."""
    record = next(record for record in site.turn(tap(reader, "card:1")) if record.kind.startswith("entry."))
    return str(record.body.code) if record.kind == "entry.refused" else ""


def test_lockdown_holds_in_the_zones_within(site: TestSite) -> None:
    """Under a lockdown of the lobby nobody comes into the lab: by no badge, no hours and no operator's release."""
    assert status(site) == "standing"

    assert site.asks(BeginLockdown("lobby"), 2) is None

    assert status(site) == "secure"
    assert PlaySignal("yard", "lockdown") in site.actuator.performed
    assert [refusal(site, reader) for reader in ("yard/in", "lab-door/in")] == ["lockdown", "lockdown"]
    assert site.asks(ReleasePortal("yard"), 2) == "lockdown"
    assert status(site) == "secure"

    assert site.asks(EndLockdown("lobby"), 2) is None
    assert status(site) == "standing"
    assert refusal(site, "lab-door/in") == ""


def test_lockdown_of_a_zone_within_leaves_the_one_around_open(site: TestSite) -> None:
    """Under a lockdown of the lab people still come into the lobby."""
    assert site.asks(BeginLockdown("lab"), 2) is None

    assert refusal(site, "front/in") == ""


def test_evacuation_reaches_the_zones_within(site: TestSite) -> None:
    """In an evacuation of the lobby the marked door of the lab stands open for it, and nobody enters the lab by a badge."""
    until = timestamp(site.clock.now().replace(hour=8))
    assert site.asks(OverridePortal("yard", "locked", until), 2) is None
    assert status(site) == "secure"

    assert site.asks(BeginEvacuation("lobby"), 2) is None

    assert status(site) == "standing"
    assert [refusal(site, reader) for reader in ("yard/in", "lab-door/in")] == ["evacuation", "evacuation"]
