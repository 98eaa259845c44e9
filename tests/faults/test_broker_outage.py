"""The broker goes away with everything it kept, controller and dashboard are killed meanwhile, and taps go on."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import until

from controller.demo.place import SITE_ID
from controller.demo.stage import Plan, Stage
from controller.ledger.database import open_reader
from hardware.simulated.client import BuildingClient

pytestmark = pytest.mark.long

READERS = ("main/in", "staff/in", "rnd/in", "dock/in")


class Scene:
    """A demo that plays, and what its two databases hold."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.plan: Plan = self.stage.play(self.stage.prepare(1, lambda part: None), accounts=False)

    def kill(self, name: str) -> None:
        """As a power cut would."""
        self.stage.processes.kill(name)

    def start(self, name: str) -> None:
        """Again."""
        self.stage.start(name, self.plan)

    def ledger(self) -> list[bytes]:
        """The site's records in order."""
        connection = open_reader(Path(self.plan.data) / "ledger.sqlite3")
        try:
            return [data for (data,) in connection.execute("select bytes from record order by seq")]
        finally:
            connection.close()

    def cursor(self) -> int:
        """How far the broker has acknowledged, as the controller last noted it."""
        path = Path(self.plan.data) / "link.json"
        return int(json.loads(path.read_text())["seq"]) if path.exists() else 0

    def dashboard(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the dashboard's database."""
        connection = sqlite3.connect(f"file:{self.plan.data}/dashboard/dashboard.sqlite3?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def taps(self, count: int) -> None:
        """So many taps of a right holder and of a stranger, all over the house."""
        with BuildingClient(self.plan.building) as building:
            for n in range(count):
                building.tap(("sato", "stranger")[n % 2], READERS[n % len(READERS)], walk=False, timeout_s=0.1)

    def caught_up(self) -> None:
        """Waits until the dashboard has folded every record of the site."""

        def look() -> bool | None:
            rows = self.dashboard(f"select applied, highest from source where ledger_site = '{SITE_ID}'")
            return (rows == [(len(self.ledger()),) * 2]) or None

        until("the dashboard has caught up", look, 60)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A playing demo, the dashboard up to date."""
    made = Scene(tmp_path)
    try:
        made.caught_up()
        yield made
    finally:
        made.stage.processes.stop()


def test_nothing_is_lost_while_the_broker_is_away(scene: Scene) -> None:
    """Whatever dies meanwhile, afterwards every record is at the dashboard once, verbatim, in order, and no history broke."""
    before = len(scene.ledger())
    scene.taps(20)
    scene.kill("broker")
    scene.taps(40)
    scene.kill("controller")
    scene.start("controller")
    until("the controller decides again", lambda: len(scene.ledger()) > before + 40 or None)
    scene.kill("dashboard")
    scene.taps(40)
    scene.start("dashboard")
    scene.start("broker")
    scene.taps(20)

    scene.caught_up()

    ledger = scene.ledger()
    assert len(ledger) > before + 100
    rows = scene.dashboard("select seq, bytes from record order by seq")
    assert [seq for seq, _ in rows] == list(range(1, len(ledger) + 1))
    assert [data for _, data in rows] == ledger
    assert scene.dashboard("select broken, forged, malformed from source") == [(None, 0, 0)]


def test_what_a_broker_swallowed_is_asked_for(scene: Scene) -> None:
    """Records that the broker acknowledged and then lost are missed at the next checkpoint, and come by asking again."""
    scene.kill("dashboard")
    scene.taps(30)  # acknowledged by the broker, delivered to nobody
    size = len(scene.ledger())
    until("the broker acknowledged them", lambda: scene.cursor() >= size or None, 30)
    scene.kill("broker")
    scene.start("broker")
    scene.start("dashboard")

    scene.caught_up()

    assert [data for (data,) in scene.dashboard("select bytes from record order by seq")] == scene.ledger()
