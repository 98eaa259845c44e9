"""The disk fills, turns read-only, goes away: judged by the building's log and by what the ledger says afterwards."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from broker import running_broker
from mounts import drain, failing_disk, fill, remount, tmpfs
from site_process import SiteProcess, until
from sites import fold_of, make_site, people, stored_tables, tap

from controller.disk import Disk
from controller.endurance import Endurance
from controller.ledger.verify import verify_file
from controller.record.signed import open_message
from controller.record.topics import State, Topics

ALLOWING = ("entry.granted", "exit.requested", "portal.released")
BLUE = 112
"""The blue lamp at the front door's reader."""
WITHOUT_ALARM = "\n[disk]\nlow_mb = 0\nreserve_mb = 0\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site with one right holder; nothing runs yet but the building."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
        toml = site.data / "site.toml"
        toml.write_text(toml.read_text() + WITHOUT_ALARM)
        yield site


def hold(site: SiteProcess) -> None:
    """Nothing was opened unrecorded, and the ledger is whole."""
    events = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    released = [(datetime.fromisoformat(e["at"]), e["door"]) for e in events if e["event"] == "released"]
    allowed = [(datetime.fromisoformat(r.at), r.body.portal) for r in site.records() if r.kind in ALLOWING]
    for at, door in released:
        assert any(door == portal and when <= at for when, portal in allowed), (at, door)
    report = verify_file(site.data / "ledger.sqlite3")
    assert report.ok, report.findings


def failed(site: SiteProcess, reason: str) -> None:
    """Waits until the log says that the disk failed in this way, and every lock is secure."""
    until(f"the disk failed: {reason}", lambda: f'"reason": "{reason}"' in site.log.read_text() or None)
    assert site.controller is not None and site.controller.poll() is None
    site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()))


def fail_full(site: SiteProcess, data: Path) -> None:
    """Fills the disk, also with what the ledger gives back meanwhile, until a stranger's tap finds no room."""

    def look() -> bool | None:
        fill(data)
        site.building.tap("blank", "front/in", walk=False, timeout_s=0.5)
        return '"reason": "full"' in site.log.read_text() or None

    until("the disk is full for the ledger", look)
    fill(data)
    failed(site, "full")


def releases(site: SiteProcess) -> int:
    """How often the front door's lock let go."""
    events = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    return sum(e["event"] == "released" and e["door"] == "front" for e in events)


def recovered(site: SiteProcess, before: int, reason: str) -> None:
    """Waits for the record of the outage, then sees a tap open the door."""
    outage = site.wait_record("disk.recovered", before)
    assert outage.body.reason == reason
    assert site.wait_record("part.failed", before).body.part == "disk"
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", outage.seq)
    assert site.stop() == 0
    hold(site)


def test_a_full_disk_and_room_again(site: SiteProcess) -> None:
    """On a full disk no tap opens anything, though the controller runs on; with room again all is on record and doors open."""
    with tmpfs(site.data, 4096) as data:
        site.start()
        before, let_go = site.size(), releases(site)

        fail_full(site, data)
        site.building.tap("yamada", "front/in", walk=False, timeout_s=1.0)
        assert releases(site) == let_go
        assert site.controller is not None and site.controller.poll() is None
        drain(data)

        recovered(site, before, "full")


def test_a_disk_that_is_full_from_the_start(site: SiteProcess) -> None:
    """A controller that starts on a full disk holds its doors, waits, and begins when there is room."""
    with tmpfs(site.data, 4096) as data:
        before = site.size()
        fill(data)
        site.launch()
        failed(site, "full")
        assert site.controller is not None and site.controller.poll() is None
        drain(data)

        site.wait_record("controller.started", before)
        recovered(site, before, "full")


def test_read_only_while_it_runs_and_back(site: SiteProcess) -> None:
    """A file system made read-only under a controller that waits for room is an outage more, until it can be written again."""
    with tmpfs(site.data, 4096) as data:
        site.start()
        before = site.size()
        fail_full(site, data)

        remount(data, "ro")  # possible at all because the ledger's file was let go
        failed(site, "read_only")
        remount(data, "rw")
        drain(data)

        recovered(site, before, "read_only")


def test_a_card_that_turns_read_only_and_is_replaced(site: SiteProcess) -> None:
    """The kernel finds an error and makes the file system read-only under open files; a repaired copy in its place goes on."""
    with failing_disk(site.data) as disk:
        site.start()
        before, let_go = site.size(), releases(site)
        disk.fail()

        site.building.tap("yamada", "front/in", walk=False, timeout_s=1.0)
        failed(site, "read_only")
        assert releases(site) == let_go
        disk.replace()

        recovered(site, before, "read_only")


def test_full_at_every_write(tmp_path: Path) -> None:
    """With room for one page more each time the disk fills at another write: nothing opens unrecorded, nothing is lost."""
    with tmpfs(tmp_path / "data", 8192) as data:
        site = people(make_site(data))
        endurance = Endurance(
            site.facility, site.ledger, site.loop, Disk(data, 0, 0), site.clock, site.actuator, "boot-1", lambda done: None
        )
        endurance._started = True
        stopped: Counter[int] = Counter()
        for pages in range(48):
            fill(data, pages * 4096)
            granted = 0
            while endurance.outage is None and granted < 60:
                site.actuator.turn_from = site.ledger.size
                endurance.turn([tap("front/in", "card:1"), tap("lab-door/in", "card:2")], Counter())
                granted += endurance.outage is None
                site.step(0.1)
            stopped[granted] += 1
            drain(data)
            site.step(31)
            endurance.turn([], Counter())
            assert endurance.outage is None
            assert site.actuator.unrecorded == []
        assert len(stopped) > 5, stopped  # it did fill up at different places
        assert len(site.actuator.releases()) == site.kinds().count("entry.granted")
        assert stored_tables(site.ledger.connection) == fold_of(site.records())
        assert verify_file(data / "ledger.sqlite3").ok
        assert site.ledger.connection.execute("pragma integrity_check").fetchone() == ("ok",)
        site.close()


def test_mounts_are_permitted(tmp_path: Path) -> None:
    """What these tests rest on: a full tmpfs is full for SQLite too."""
    with tmpfs(tmp_path / "data", 256) as data:
        connection = sqlite3.connect(data / "any.sqlite3")
        connection.execute("create table t (b blob)")
        fill(data)
        with pytest.raises(sqlite3.OperationalError) as full:
            connection.execute("insert into t values (?)", (bytes(100_000),))
            connection.commit()
        assert full.value.sqlite_errorcode == sqlite3.SQLITE_FULL
        connection.close()


def test_a_log_that_takes_nothing(site: SiteProcess) -> None:
    """A full disk behind the log ends nothing: doors go on, and the controller ends in order."""
    site.log = Path("/dev/full")
    site.start()

    site.building.tap("yamada", "front/in", walk=False)

    site.wait_record("entry.granted")
    assert site.stop() == 0
    hold(site)


def test_a_log_deleted_under_a_killed_controller(site: SiteProcess) -> None:
    """Killed, and its ledger's log deleted: what is left is a whole beginning, it starts, and no door stays shut for it."""
    site.start()
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted")
    site.kill()
    for suffix in ("-wal", "-shm"):
        (site.data / f"ledger.sqlite3{suffix}").unlink()

    site.start()

    left = site.records()
    assert [record.seq for record in left] == list(range(1, len(left) + 1))
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", len(left))
    assert site.stop() == 0
    report = verify_file(site.data / "ledger.sqlite3")
    assert report.ok, report.findings


def test_a_torn_last_page_under_a_killed_controller(site: SiteProcess) -> None:
    """Killed while the file's end was written: the whole beginning goes on, the damaged files are kept, a record says so."""
    site.start()
    assert site.stop() == 0
    before = site.records()
    path = site.data / "ledger.sqlite3"
    path.write_bytes(path.read_bytes()[:-2048])
    runs = site.log.read_text().count('"running"')

    site.launch()

    until("it runs again", lambda: site.log.read_text().count('"running"') > runs or None)
    told = site.wait_record("ledger.salvaged").body
    assert site.records()[: told.kept] == before[: told.kept]
    assert (site.data / told.aside / "ledger.sqlite3").exists()
    assert "ledger damaged" in site.log.read_text()
    assert site.stop() == 0
    assert verify_file(path).ok


def test_a_ledger_that_cannot_be_opened_for_lack_of_room(site: SiteProcess) -> None:
    """A start that has to fold the tables anew on a full disk shows the fault at the doors, and goes on when there is room."""
    connection = sqlite3.connect(site.data / "ledger.sqlite3", isolation_level=None)
    connection.execute("update fold set version = 0")
    connection.close()
    with tmpfs(site.data, 4096) as data:
        before = site.size()
        fill(data)
        site.launch()
        failed(site, "full")
        site.building.wait_for(lambda seen: seen.pins.get(BLUE, False))
        drain(data)

        site.wait_record("controller.started", before)
        assert site.stop() == 0
        hold(site)


def test_the_fault_is_told_live(tmp_path: Path) -> None:
    """With nothing to be recorded the broker hears, signed, that the disk failed; and that it works again, with the record."""
    heard: list[bytes] = []
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        toml = site.data / "site.toml"
        toml.write_text(toml.read_text() + WITHOUT_ALARM)
        topics = Topics("works")
        listener = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        listener.on_message = lambda _client, _data, message: heard.append(message.payload)
        listener.connect(broker.host, broker.port)
        listener.subscribe(topics.state("part", "disk"), 1)
        listener.loop_start()

        def told(state: str, reason: str) -> bool | None:
            if not heard:
                return None
            payload = open_message(site.keys.site.public.signing, topics.state("part", "disk"), heard[-1])
            row = msgspec.json.decode(payload, type=State).row
            return (row["state"], row["reason"]) == (state, reason) or None

        with tmpfs(site.data, 4096) as data:
            site.start()
            until("the disk is told to work", lambda: told("ok", ""))
            before = site.size()
            fail_full(site, data)
            until("the disk is told to have failed", lambda: told("failed", "full"))
            drain(data)
            site.wait_record("disk.recovered", before)
            until("the disk is told to work again", lambda: told("ok", ""))
            assert site.stop() == 0
        listener.loop_stop()
