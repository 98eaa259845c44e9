"""Training that a zone requires, from the card to the lock and through the days: refused, recorded, opened, lapsed (C5.1)."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from site_process import SiteProcess

from controller.record.asks import CompleteTraining
from controller.rules.schedule import WallClock

PROGRAM = Path(__file__).parents[1] / "faults" / "clocked_controller.py"
COURSE = """
[[course]]
id = "induction"
name = { ja = "導入教育", en = "Induction" }
valid_days = 3
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site whose laboratory requires a course, with somebody who has a right to it and nothing else."""
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        text, required = settings.read_text(encoding="utf-8"), 'requires = ["training:induction"]'
        settings.write_text(text.replace('id = "lab"\n', f'id = "lab"\n{required}\n', 1) + COURSE, encoding="utf-8")
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "lab")
            past.badge(yamada, "yamada")
        yield site


def start(site: SiteProcess, days: int = 0) -> None:
    """Starts the controller so many days from now."""
    clock = site.folder / "clock"
    clock.write_text(f"{days * 86400} synced")
    site.start([sys.executable, PROGRAM, site.data, clock])


def released(site: SiteProcess) -> bool:
    """Whether the laboratory's lock is released."""
    return bool(site.building.look().doors["lab"].released)


def refused(site: SiteProcess, place: str) -> None:
    """The badge opens nothing, for want of training; the record says which."""
    before = site.size()
    site.building.tap("yamada", "lab/in", walk=False)
    record = site.wait_record("entry.refused", before)
    assert (record.body.code, record.body.place) == ("training", place)
    assert not released(site)


def opened(site: SiteProcess) -> None:
    """The badge opens the door."""
    before = site.size()
    assert site.building.tap("yamada", "lab/in").opened
    site.wait_record("entry.granted", before, portal="lab", person=1)


def test_a_course_opens_until_it_lapses(site: SiteProcess) -> None:
    """Refused without the course; opens once it is on record; refused again when its last day is over (C5.1)."""
    start(site)
    refused(site, "training.induction")
    assert site.stop() == 0

    with site.past() as past:
        today = WallClock(past.timezone, datetime.now(UTC)).today
        past.ask(2, CompleteTraining((1,), "induction", today.isoformat()))
    start(site)
    opened(site)
    assert site.stop() == 0

    start(site, days=2)
    opened(site)
    assert site.stop() == 0
    (until,) = site.query("select until_at from fulfilment")[0]
    assert until == f"{today + timedelta(days=3)}T15:00:00.000000Z"

    start(site, days=4)
    refused(site, "training.induction.until_at")
    assert site.stop() == 0
