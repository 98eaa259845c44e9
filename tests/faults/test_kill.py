"""The controller is killed at every step of a tap, and at random: judged by the building's own log, which outlives it.

What must hold whatever happens: no lock let go without a record that allows it, none let go late after the restart, all secure
after it, and the ledger whole, its tables what its records fold to.
"""

import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from broker import free_port, running_broker
from site_process import SITE, SiteProcess, until
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
        settle(site)
        yield site


def settle(site: SiteProcess) -> None:
    """One right holder, by requests and approvals."""
    with site.past() as past:
        yamada = past.person("山田 花子")
        past.right(yamada, "office")
        past.right(yamada, "lab")
        past.badge(yamada, "yamada")


@contextmanager
def dashboard_of(site: SiteProcess, broker: tuple[str, int]) -> Iterator[Path]:
    """A dashboard that follows the site, in a process; its database."""
    folder = site.folder / "dashboard"
    site.dashboard.save(folder / "dashboard.key")
    (folder / "dashboard.toml").write_text(
        f'listen = "127.0.0.1:{free_port()}"\n[broker]\nhost = "{broker[0]}"\nport = {broker[1]}\n'
        f'[sites]\n{SITE} = "{site.keys.site.public.text()}"\n'
    )
    program = Path(sys.executable).with_name("sekimori-dashboard")
    with (site.folder / "dashboard.log").open("ab") as log:
        process = subprocess.Popen([program, "run", "--data", str(folder)], stdout=log, stderr=log)
    try:
        yield folder / "dashboard.sqlite3"
    finally:
        process.terminate()
        process.wait(20)


def copies(database: Path) -> list[tuple[int, bytes]]:
    """The records that a dashboard has folded, as it has them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(
            "select seq, bytes from record where seq <= (select max(applied) from source) order by seq"
        ).fetchall()


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


@pytest.mark.long
def test_killed_at_random(site: SiteProcess) -> None:
    """Killed five times at random moments of taps and walks: nothing opens unrecorded, nothing recorded is lost."""
    chance = random.Random(20261123)
    pause = threading.Event()
    for _ in range(5):
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


@pytest.mark.long
def test_killed_at_random_with_a_dashboard(tmp_path: Path) -> None:
    """Killed ten times under way to a dashboard: it has every record once, verbatim, in order, and saw no history break."""
    chance, pause = random.Random(20261124), threading.Event()
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        settle(site)
        with dashboard_of(site, (broker.host, broker.port)) as database:
            for _ in range(10):
                site.start()
                site.building.place("yamada", ("front/in", "lab/in")[chance.randrange(2)])
                pause.wait(chance.uniform(0.0, 0.15))
                site.kill()
                for reader in ("front/in", "lab/in"):
                    site.building.remove(reader)
            secure(site)
            site.start()
            assert site.stop() == 0
            size = site.size()
            site.start()  # what the stop could not say in time is said after the next start
            until("the dashboard has caught up", lambda: len(copies(database)) >= size or None, 60)
            assert site.stop() == 0
        hold(site)
        connection = sqlite3.connect(f"file:{site.data}/ledger.sqlite3?mode=ro", uri=True)
        records = connection.execute("select seq, bytes from record order by seq").fetchall()
        connection.close()
        held = copies(database)
        assert len(held) >= size
        assert held == records[: len(held)]
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            assert connection.execute("select broken, forged, malformed from source").fetchall() == [(None, 0, 0)]


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
