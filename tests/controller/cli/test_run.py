"""`sekimori run`: how it begins, how it ends, and what it leaves locked."""

import json
import os
import signal
import sqlite3
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from command_line import sekimori
from site_process import SiteProcess, until

SECURED = [("level", True), ("level", False), ("given_back", False)]
"""A lock that was released, then secured by command, and only then let go."""


def lock_of(site: SiteProcess, door: str = "front") -> list[tuple[str, bool]]:
    """What the controller did with a door's lock, as the building saw it; the same thing again left out."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    seen = [(line["event"], line["level"]) for line in lines if (line.get("door"), line.get("part")) == (door, "lock")]
    return [event for event, _ in groupby(seen)]


def holder(site: SiteProcess) -> int:
    """Somebody with a badge, `yamada`, who may enter the office."""
    with site.past() as past:
        person = past.person("山田 花子")
        past.right(person, "office")
        past.badge(person, "yamada")
    return person


def test_runs_until_asked_to_end_and_says_so_in_the_ledger(site: SiteProcess) -> None:
    """SIGTERM ends the controller with 0 and `controller.stopped`; its locks were commanded secure before it let go."""
    holder(site)
    site.start()
    site.building.tap("yamada", "front/in", walk=False)

    assert 0 == site.stop()
    assert "controller.stopped" == site.records()[-1].kind
    assert SECURED == lock_of(site)[-3:]
    assert not (site.data / "console.sock").exists()


def test_log_is_json_and_names_nobody(site: SiteProcess) -> None:
    """Each line of the log is a JSON object with time and level, and no name or card number stands in it."""
    holder(site)
    site.start()
    site.building.tap("yamada", "front/in")
    site.wait_record("door.closed")
    site.stop()

    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert "running" in [line["event"] for line in lines]
    assert all({"timestamp", "level"} <= set(line) for line in lines)
    assert not {"山田", "0127"} & {word for word in ("山田", "0127") if word in site.log.read_text()}


def test_killed_controller_leaves_the_door_locked(site: SiteProcess) -> None:
    """C8.7: killed while a lock is released, the lock is secure, and the next start records the release as given up."""
    holder(site)
    site.start()
    site.building.tap("yamada", "front/in", walk=False)
    size = site.size()
    site.kill()

    site.building.wait_for(lambda seen: not seen.doors["front"].released)
    site.start()

    assert "front" == site.wait_record("release.abandoned", after=size).body.portal
    assert not site.building.walk("front")


def test_a_ledger_that_cannot_be_written_secures_the_locks(site: SiteProcess) -> None:
    """While another program holds the ledger every lock is secure; afterwards the outage is on record, and doors open again."""
    holder(site)
    site.start()
    before = site.size()
    other = sqlite3.connect(site.data / "ledger.sqlite3", isolation_level=None)
    other.execute("begin immediate")  # nobody but the controller should do this
    site.building.tap("yamada", "front/in", walk=False)
    until("the fault is logged", lambda: '"reason": "locked"' in site.log.read_text() or None)
    locked = lock_of(site)[-1]
    other.execute("rollback")
    other.close()

    outage = site.wait_record("disk.recovered", before)

    assert SECURED[1] == locked
    assert (outage.body.reason, outage.body.taps) == ("locked", 1)
    assert site.wait_record("part.failed", before).body.part == "disk"
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", outage.seq)
    assert site.stop() == 0


def test_second_controller_does_not_start(site: SiteProcess) -> None:
    """A ledger has one writer: a second `run` ends with 2 and one line, and the first goes on."""
    site.start()

    second = site.sekimori("run")

    assert (2, 1) == (second.returncode, second.stderr.count("\n"))
    assert "in use" in second.stderr
    assert site.building.tap("blank", "front/in", timeout_s=1.0).read
    site.wait_record("entry.refused", code="personalisation")


def test_every_mistake_of_the_settings_is_told(site: SiteProcess) -> None:
    """`run` with a broken `site.toml` ends with 2 and names every mistake."""
    toml = site.data / "site.toml"
    toml.write_text(
        toml.read_text().replace('inner = "lab"', 'inner = "labb"').replace("held_open_s = 5", "held_open_s = 0")
    )

    said = sekimori("run", "--data", site.data)

    assert 2 == said.code
    for place in ("portal[1].held_open_s", "portal[2].held_open_s", "portal[2].inner"):
        assert place in said.err


def test_absent_parts_are_never_replaced(site: SiteProcess) -> None:
    """Without the building there are no pins: `run` ends with 2 naming the part, and writes no record."""
    toml = site.data / "site.toml"
    toml.write_text(toml.read_text().replace(site.endpoint, "127.0.0.1:9"))

    said = sekimori("run", "--data", site.data)

    assert 2 == said.code
    assert "a part cannot be used" in said.err
    assert [] == site.records()


@pytest.mark.parametrize("key", ["site.key", "cards.key", "pepper.key"])
def test_key_that_others_may_read_is_not_used(site: SiteProcess, key: str) -> None:
    """A key file with wrong rights ends `run` with 2, one line, and the way out."""
    path: Path = site.data / "keys" / key
    path.chmod(0o644)

    said = sekimori("run", "--data", site.data)

    assert (2, 1) == (said.code, said.err.count("\n"))
    assert f"chmod 600 {path}" in said.err or "chmod 600" in said.err


def test_ledger_of_another_site_is_not_written(site: SiteProcess) -> None:
    """A data directory whose settings name another site than its ledger ends `run` with 2."""
    with site.past():
        pass
    toml = site.data / "site.toml"
    toml.write_text(toml.read_text().replace('id = "works"', 'id = "elsewhere"'))
    size = site.size()

    said = sekimori("run", "--data", site.data)

    assert 2 == said.code
    assert "not the ledger of elsewhere" in said.err
    assert size == site.size()


def test_interrupt_ends_it_like_a_request_to_end(site: SiteProcess) -> None:
    """Ctrl-C at the console ends the controller in order, too."""
    site.start()
    assert site.controller is not None
    os.kill(site.controller.pid, signal.SIGINT)

    assert 0 == site.controller.wait(20)
    assert "controller.stopped" == until("the end", lambda: site.records()[-1].kind)


def test_bug_in_a_thread_ends_the_process(site: SiteProcess) -> None:
    """A thread that ends by a bug stops the controller in order, with 70 and where it was in one line of JSON."""
    (site.data / "console.sock").mkdir()

    said = site.sekimori("run")

    lines = [json.loads(line) for line in said.stderr.splitlines()]
    failed = next(line for line in lines if line["event"] == "thread failed")
    assert (70, "console", "IsADirectoryError") == (said.returncode, failed["thread"], failed["error"])
    assert any("controller/console.py:" in place for place in failed["at"])
    assert "controller.stopped" == site.records()[-1].kind
