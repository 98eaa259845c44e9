"""The controller is killed at every step of a tap, and at random: judged by the building's own log, which outlives it.

What must hold whatever happens: no lock let go without a record that allows it, none let go late after the restart, all secure
after it, and the ledger whole, its tables what its records fold to.
"""

import json
import random
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from site_process import SiteProcess, until
from sites import stored_tables

from controller.ledger.ledger import Ledger
from controller.ledger.verify import verify_file
from controller.record.envelope import Record

STEPS = ("taken", "appended", "decided", "committed", "performed", "told")
ALLOWING = ("entry.granted", "exit.requested", "portal.released")
PROGRAM = Path(__file__).with_name("killed_controller.py")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site with one right holder; nothing runs yet but the building."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.right(yamada, "lab")
            past.badge(yamada, "yamada")
        yield site


def releases(site: SiteProcess) -> list[tuple[datetime, str]]:
    """When the building saw which lock let go."""
    events = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    return [(datetime.fromisoformat(e["at"]), e["door"]) for e in events if e["event"] == "released"]


def allowed(records: list[Record]) -> list[tuple[datetime, str]]:
    """When which record allowed a door to be opened."""
    return [(datetime.fromisoformat(r.at), r.body.portal) for r in records if r.kind in ALLOWING]


def hold(site: SiteProcess) -> None:
    """Everything that must hold, with the controller stopped."""
    for at, door in releases(site):
        assert any(door == portal and when <= at for when, portal in allowed(site.records())), (at, door)
    report = verify_file(site.data / "ledger.sqlite3")
    assert report.ok, report.findings
    ledger = Ledger(site.data / "ledger.sqlite3", "works")
    try:
        live = stored_tables(ledger.connection)
        ledger.rebuild()
        assert stored_tables(ledger.connection) == live
    finally:
        ledger.close()


def secure(site: SiteProcess) -> None:
    """Waits until every lock is secure."""
    site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()))


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_a_tap(site: SiteProcess, step: str) -> None:
    """Killed at this step of a granted tap: a lock let go only if its record is durable, and not again after the restart."""
    armed = site.folder / "armed"
    site.start([sys.executable, str(PROGRAM), str(site.data), step, str(armed)])
    before = site.size()
    armed.touch()

    site.building.tap("yamada", "front/in", walk=False, timeout_s=1.0)
    assert site.controller is not None
    assert site.controller.wait(10) == -9
    secure(site)
    granted = [record for record in site.records(before) if record.kind == "entry.granted"]
    let_go = len(releases(site))
    armed.unlink()
    site.start()

    # Durable from the commit on, performed only after it.
    assert len(granted) == (step in ("committed", "performed", "told"))
    assert let_go == (step in ("performed", "told"))
    if granted:
        assert site.wait_record("release.abandoned", before).body.release == granted[0].seq
    site.building.tap("yamada", "lab/in", walk=False)
    site.wait_record("entry.granted", before, portal="lab")
    assert [door for _, door in releases(site)].count("front") == let_go
    assert site.stop() == 0
    secure(site)
    hold(site)


def test_killed_at_random(site: SiteProcess) -> None:
    """Killed eight times at random moments of taps and walks: nothing opens unrecorded, nothing recorded is lost."""
    chance = random.Random(20261123)
    pause = threading.Event()
    for _ in range(8):
        site.start()
        before = site.size()
        site.building.place("yamada", "front/in")
        pause.wait(chance.uniform(0.0, 0.06))
        site.kill()
        site.building.remove("front/in")
        secure(site)
        assert site.size() >= before

    site.start()
    site.building.tap("yamada", "front/in")
    until("somebody walked in", lambda: site.wait_record("door.closed", 0) or None)
    assert site.stop() == 0
    hold(site)


def test_killed_while_a_lock_is_released(site: SiteProcess) -> None:
    """Killed while a door waits for somebody: the lock falls back by itself, and the restart says what became of it."""
    site.start()
    before = site.size()
    site.building.tap("yamada", "front/in", walk=False)
    granted = site.wait_record("entry.granted", before)

    site.kill()
    secure(site)
    let_go = len(releases(site))
    site.start()

    assert site.wait_record("release.abandoned", before).body.release == granted.seq
    assert len(releases(site)) == let_go == 1
    assert site.query("select lock, release_seq from portal_state where portal = 'front'") == [("secure", None)]
    assert site.stop() == 0
    hold(site)
