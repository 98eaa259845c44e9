"""A door that stands unlocked in its hours, from the card to the lock: first to come in, power cut, lockdown (C8.8)."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from site_process import SiteProcess, until

from controller.record.asks import BeginLockdown

HOURS = """
[[schedule]]
id = "shift"
name = { ja = "交代勤務", en = "Shifts" }
hours = { every_day = "00:00-24:00", holidays = "00:00-24:00" }
"""
LIMIT_S = 10.0
"""After which the building's own timer relay secures a lock that nobody commands again."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site whose front door stands unlocked around the clock, once somebody has come in."""
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        text = settings.read_text(encoding="utf-8").replace('inner = "office"\n', 'inner = "office"\nunlock = "shift"\n', 1)
        settings.write_text(text + HOURS, encoding="utf-8")
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
        yield site


def released(site: SiteProcess) -> bool:
    """Whether the building's front lock is released."""
    return bool(site.building.look().doors["front"].released)


def test_door_stands_from_the_first_entry_on(site: SiteProcess) -> None:
    """It is locked until somebody came in, then stays unlocked beyond the lock's own limit, and again after a power cut."""
    site.start()
    assert not released(site)

    site.building.tap("yamada", "front/in")
    site.wait_record("zone.opened", zone="office")
    site.wait_record("portal.unlocked", portal="front", cause="schedule")
    begun = monotonic()
    until("the lock's own limit is past", lambda: monotonic() > begun + LIMIT_S + 1 or None)
    assert released(site)
    events = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    assert not [event for event in events if event["event"] == "secured_by_limit"]

    site.kill()
    until("the lock falls back by itself", lambda: not released(site) or None)
    before = site.size()
    site.start()
    site.wait_record("portal.unlocked", before, portal="front")
    until("it stands again", lambda: released(site) or None)

    assert site.stop() == 0
    until("a stopped controller leaves it locked", lambda: not released(site) or None)


def test_lockdown_outlives_the_controller(site: SiteProcess) -> None:
    """A lockdown that was ordered before the power cut holds after it: the badge of a right holder opens nothing."""
    with site.past() as past:
        past.ask(2, BeginLockdown("*"), {"reason": "不審者"})
    site.start()
    before = site.size()

    site.building.tap("yamada", "front/in", walk=False)

    assert site.wait_record("entry.refused", before).body.code == "lockdown"
    assert not released(site)
    assert site.stop() == 0
