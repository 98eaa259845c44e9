"""A half-day from the settings to the lock, and a controller that was off for days, by a clock that can be set (C8.8)."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from command_line import sekimori
from site_process import SiteProcess, until

from controller.record.asks import SetSpecialDay

PROGRAM = Path(__file__).parents[1] / "faults" / "clocked_controller.py"
TOKYO = ZoneInfo("Asia/Tokyo")
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).astimezone(TOKYO).date()
HOURS = f"""
[[schedule]]
id = "shift"
name = {{ ja = "毎日", en = "Every day" }}
hours = {{ every_day = "08:00-18:00", holidays = "as weekday" }}
[[calendar.special]]
date = {TOMORROW}
name = {{ ja = "半日操業", en = "Half-day" }}
hours = "09:00-12:00"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site whose front door stands unlocked in its hours; tomorrow is a half-day. Yamada may enter in those hours."""
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        text = settings.read_text(encoding="utf-8")
        door = 'inner = "office"\nunlock = "shift"\nfirst_card = false\n'
        settings.write_text(text.replace('inner = "office"\n', door, 1) + HOURS, encoding="utf-8")
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office", "shift")
            past.badge(yamada, "yamada")
        yield site
        assert site.stop() == 0


def set_clock(site: SiteProcess, day: int, wall: str) -> None:
    """The controller's clock shows this time on the wall, so many days after tomorrow, from now on."""
    shown = datetime.combine(TOMORROW + timedelta(days=day), time.fromisoformat(wall), TOKYO)
    new = site.folder / "clock.new"
    new.write_text(f"{(shown - datetime.now(UTC)).total_seconds()} synced")
    os.replace(new, site.folder / "clock")


def start(site: SiteProcess, day: int, wall: str) -> None:
    """Starts the controller at that time."""
    set_clock(site, day, wall)
    site.start([sys.executable, PROGRAM, site.data, site.folder / "clock"])


def stands(site: SiteProcess) -> bool:
    """Whether the building's front lock is released."""
    return bool(site.building.look().doors["front"].released)


def test_half_day(site: SiteProcess) -> None:
    """On the half-day the lock lets go at 09:00 and not at 08:00, secures at 12:00 and not at 18:00, and a badge for its hours
    opens nothing after; the command line says the same, and why."""
    start(site, 0, "08:59:57")
    assert not stands(site)
    unlocked = site.wait_record("portal.unlocked", portal="front", cause="schedule")
    noon = datetime.combine(TOMORROW, time(12), TOKYO).astimezone(UTC)
    assert datetime.fromisoformat(unlocked.body.until_at) == noon
    until("the lock lets go", lambda: stands(site) or None)

    set_clock(site, 0, "11:59:57")

    locked = site.wait_record("portal.locked", unlocked.seq, portal="front", cause="schedule")
    until("the lock is secure", lambda: not stands(site) or None)
    site.building.tap("yamada", "front/in", walk=False)
    assert site.wait_record("entry.refused", locked.seq).body.code == "schedule"
    told = sekimori("schedule", "front", "--at", f"{TOMORROW} 12:30", "--data", site.data, "--json")
    said = json.loads(told.out)
    assert (said["portals"][0]["open"], said["schedules"][0]["days"][0]["hours"]) == (False, ["09:00-12:00"])
    assert said["schedules"][0]["days"][0]["name_en"] == "Half-day"


@pytest.mark.long
def test_off_for_days(site: SiteProcess) -> None:
    """A controller that was off for days and wakes outside the hours leaves the lock secure, within them it lets it go; killed
    in its hours and woken a week later at night, it has forgotten nothing and opens nothing."""
    start(site, 0, "10:00:00")
    until("it stands in its hours", lambda: stands(site) or None)
    for day, wall, open in ((0, "12:30:00", False), (3, "08:30:00", True), (10, "23:00:00", False), (11, "17:00:00", True)):
        site.kill()
        until("the lock falls back by itself", lambda: not stands(site) or None)
        before = site.size()
        start(site, day, wall)
        if open:
            site.wait_record("portal.unlocked", before, portal="front", cause="schedule")
            until("it stands in its hours", lambda: stands(site) or None)
        else:
            site.building.tap("yamada", "front/in", walk=False)
            assert site.wait_record("entry.refused", before).body.code == "schedule"
            assert not stands(site)
            assert not [record for record in site.records(before) if record.kind == "portal.unlocked"]


def test_an_operators_closed_day_outlives_the_controller(site: SiteProcess) -> None:
    """A day that a manager closed stays closed after a power cut, at the lock and for the badge."""
    with site.past() as past:
        past.ask(1, SetSpecialDay(TOMORROW.isoformat(), "*", "-"), {"reason": "棚卸し"})
    start(site, 0, "10:00:00")
    before = site.size()

    site.building.tap("yamada", "front/in", walk=False)

    assert site.wait_record("entry.refused", before).body.code == "schedule"
    assert not stands(site)
