"""What the controller does while the disk fails: nothing opens, nothing is forgotten, and afterwards it is all on record."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import TestSite, exit_button, fold_of, leaf, make_site, people, stored_tables, tap

from controller.disk import RESERVE, Disk
from controller.endurance import Endurance
from controller.inbox import ConsoleAsked, Input, PartAnswering, PartFailing, RequestReceived
from controller.ledger.ledger import LostTail
from controller.record import asks as ask
from controller.record.canonical import timestamp
from controller.rules.effects import PlaySignal, SecureLock
from controller.rules.portal import Status
from controller.turn import Committed


class Scene:
    """A site with people whose loop is turned by an Endurance; `breaks` makes the ledger fail."""

    def __init__(self, site: TestSite, disk: Disk) -> None:
        self.site = site
        self.told: list[Committed] = []
        self.endurance = Endurance(
            site.facility, site.ledger, site.loop, disk, site.clock, site.actuator, "boot-1", self.told.append
        )
        self.endurance._started = True

    def turn(self, *inputs: Input) -> None:
        self.site.actuator.turn_from = self.site.ledger.size
        self.endurance.turn(list(inputs), Counter())

    def fail(self, *inputs: Input, at: str = "commit", code: int = sqlite3.SQLITE_IOERR) -> None:
        """A turn whose `at` statement the disk does not take."""
        self.site.connection.code = code
        self.site.connection.breaks = lambda text: text.startswith(at)
        self.turn(*inputs)
        assert self.endurance.outage is not None

    def recover(self) -> None:
        """The disk works again: opened anew, the ledger is not broken any more."""
        self.site.step(1.0)
        self.turn()
        assert self.endurance.outage is None

    def signals(self, portal: str) -> list[str]:
        """The signals played at a portal."""
        return [e.signal for e in self.site.actuator.performed if isinstance(e, PlaySignal) and e.portal == portal]

    def hold(self) -> None:
        """What holds whatever happens."""
        assert self.site.actuator.unrecorded == []
        assert stored_tables(self.site.ledger.connection) == fold_of(self.site.records())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    site = people(make_site(tmp_path))
    scene = Scene(site, Disk(tmp_path, 0, 0))
    scene.turn(*(leaf(portal, False) for portal in site.facility.portals))
    site.actuator.performed.clear()
    yield scene
    site.close()


def test_a_tap_is_refused_with_the_fault_signal(scene: Scene) -> None:
    """A right holder's tap whose commit fails opens nothing: every lock is secured, and every door shows the fault."""
    scene.fail(tap("front/in", "card:1"))

    assert scene.site.actuator.releases() == []
    assert set(scene.site.actuator.secured()) == set(scene.site.facility.portals)
    assert all(scene.signals(portal)[:1] == ["fault"] for portal in scene.site.facility.portals)
    scene.turn(tap("front/in", "card:1"), tap("lab-door/in", "card:2"))
    assert scene.site.actuator.releases() == []
    assert scene.signals("front") == ["fault"] * 3
    scene.recover()
    scene.hold()


def test_the_outage_is_on_record_afterwards(scene: Scene) -> None:
    """The first thing written says that the disk failed, why, since when, and what came meanwhile."""
    before = scene.site.ledger.size
    since = scene.site.clock.now()
    request = RequestReceived(scene.site.request(ask.RegisterPerson()))
    scene.fail(tap("front/in", "card:1"), code=sqlite3.SQLITE_FULL)
    scene.turn(tap("front/in", "card:1"), request, request, exit_button("front"))

    scene.recover()

    failed, recovered, *doors = scene.site.records(before + 1)
    assert (failed.kind, failed.body.part, failed.body.reason) == ("part.failed", "disk", "full")
    assert (recovered.kind, recovered.body.reason) == ("disk.recovered", "full")
    assert (recovered.body.taps, recovered.body.requests, recovered.body.exits) == (2, 2, 1)
    assert recovered.body.since == since.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert [door.kind for door in doors] == ["door.observed"] * 3
    scene.turn(request)
    assert scene.site.records()[-1].kind == "request.accepted"
    scene.turn(tap("front/in", "card:1"))
    assert scene.site.actuator.releases() == ["front"]
    scene.hold()


def test_a_door_forced_meanwhile_sounds_and_is_recorded(scene: Scene) -> None:
    """A leaf that opens without leave while nothing can be recorded sounds at once, is told live, and is on record later."""
    scene.fail(tap("front/in", "card:1"))

    scene.turn(leaf("lab-door", True))

    assert scene.signals("lab-door")[-1] == "forced"
    rows = [change.row for done in scene.told for change in done.ahead]
    assert [row["status"] for row in rows if row.get("portal") == "lab-door"] == ["forced"]
    assert [(row["state"], row["reason"]) for row in rows if row.get("part") == "disk"] == [("failed", "io")]
    scene.recover()
    kinds = scene.site.kinds()
    assert kinds[-3:].count("door.forced") == 1
    assert scene.site.loop.portals["lab-door"].status is Status.FORCED
    recovered = next(r for r in scene.site.records() if r.kind == "disk.recovered")
    assert recovered.body.forced == ("lab-door",)
    scene.turn(leaf("lab-door", False))
    assert scene.site.kinds()[-1] == "door.closed"
    scene.hold()


def test_what_stood_unlocked_stands_no_more(scene: Scene) -> None:
    """A door that an operator let stand open is secured as all are, a leaf that opens is forced, and later it stands again."""
    until = timestamp(scene.site.clock.now() + timedelta(hours=2))
    scene.turn(RequestReceived(scene.site.request(ask.OverridePortal("front", "open", until), 2)))
    assert scene.site.loop.portals["front"].status is Status.STANDING
    scene.site.actuator.performed.clear()

    scene.fail(tap("lab-door/in", "card:1"))
    scene.site.step(5.0)
    scene.site.connection.breaks = lambda text: True
    scene.turn(leaf("front", True))

    assert scene.site.actuator.releases() == []
    assert scene.site.loop.portals["front"].status is Status.FORCED
    scene.turn(leaf("front", False))
    scene.site.connection.breaks = lambda text: False
    scene.site.step(60.0)
    scene.turn()
    assert scene.endurance.outage is None
    scene.turn()
    assert scene.site.loop.portals["front"].status is Status.STANDING
    assert "portal.unlocked" in scene.site.kinds()[-3:]
    scene.hold()


def test_the_exit_buttons_wire_is_no_break_in(scene: Scene) -> None:
    """Who leaves by the button while nothing can be recorded is let out by the wire, and is not taken for an intruder."""
    scene.fail(tap("front/in", "card:1"))

    scene.turn(exit_button("front"))
    scene.turn(leaf("front", True))
    scene.turn(leaf("front", False))

    assert scene.site.actuator.releases() == []
    assert "forced" not in scene.signals("front")
    scene.recover()
    assert "door.forced" not in scene.site.kinds()
    scene.hold()


def test_a_release_under_way_is_given_up(scene: Scene) -> None:
    """A door that waits for somebody when the disk fails is secured at once, and the release is abandoned on record."""
    scene.turn(tap("front/in", "card:1"))
    granted = scene.site.ledger.size
    scene.site.actuator.performed.clear()

    scene.fail(tap("lab-door/in", "card:2"))

    assert SecureLock("front") in scene.site.actuator.performed
    scene.recover()
    abandoned = [r.body for r in scene.site.records() if r.kind == "release.abandoned"]
    assert [(body.portal, body.release) for body in abandoned] == [("front", granted)]
    assert scene.site.loop.portals["front"].status is Status.SECURE
    scene.hold()


def test_a_leaf_left_open_is_held_afterwards(scene: Scene) -> None:
    """A leaf that stands open when recording resumes is observed open, and held open when its time is over."""
    scene.turn(tap("front/in", "card:1"))
    scene.turn(leaf("front", True))
    scene.fail(tap("lab-door/in", "card:2"))

    scene.recover()
    assert scene.site.loop.portals["front"].status is Status.OPEN
    scene.site.step(21)
    scene.turn()

    assert scene.site.kinds()[-1] == "door.held"
    scene.hold()


def test_parts_that_fail_meanwhile_are_recorded_afterwards(scene: Scene) -> None:
    """The last word on each part is kept until it can be recorded; one that failed and came back was never news."""
    scene.fail(PartFailing("gpio:1", "silent"))
    scene.turn(PartFailing("gpio:2", "absent"), PartAnswering("gpio:2"))

    scene.recover()

    failed = [r.body.part for r in scene.site.records() if r.kind == "part.failed"]
    assert failed == ["disk", "gpio:1"]
    scene.hold()


def test_the_console_hears_why(scene: Scene) -> None:
    """A command at the console is refused at once, with the part that fails."""
    scene.fail(tap("front/in", "card:1"))
    answers: list[dict[str, Any]] = []

    scene.turn(ConsoleAsked("trust", {"key": ""}, answers.append))

    assert [(answer["code"], answer["place"]) for answer in answers] == [("part", "disk: io")]


def test_a_failed_signature_undoes_nothing(scene: Scene) -> None:
    """When only the checkpoint after a turn cannot be kept, what the turn decided stands and is not counted as refused."""
    scene.site.step(3)
    scene.fail(tap("front/in", "card:1"), at="insert or ignore into checkpoint")

    assert scene.site.actuator.releases() == ["front"]
    scene.recover()
    recovered = next(r for r in scene.site.records() if r.kind == "disk.recovered")
    assert recovered.body.taps == 0
    assert scene.site.kinds().count("entry.granted") == 1
    scene.hold()


def test_a_bug_is_not_endured(scene: Scene) -> None:
    """An error that is not the disk's ends the loop: a constraint that fails is a bug, and damage is for the restart."""
    for code in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        with pytest.raises(sqlite3.OperationalError):
            scene.fail(tap("front/in", "card:1"), code=code)
    assert scene.endurance.outage is None
    assert scene.site.actuator.releases() == []


def test_a_shorter_ledger_is_not_gone_on_with(scene: Scene) -> None:
    """If the file that comes back holds fewer records than were committed, the process ends: the restart sees to that."""
    scene.fail(tap("front/in", "card:1"))
    scene.site.ledger.size += 1

    scene.site.step(1)
    with pytest.raises(LostTail):
        scene.turn()


def test_a_reserve_is_spent_before_doors_close(tmp_path: Path) -> None:
    """On a disk that is full the reserve is given up first: the tap is granted, and the alarm is on record."""
    site = people(make_site(tmp_path))
    scene = Scene(site, Disk(tmp_path, 0, 4096))
    scene.turn()
    assert (tmp_path / RESERVE).stat().st_size == 4096
    site.connection.code = sqlite3.SQLITE_FULL
    site.connection.breaks = lambda text: text == "commit" and (tmp_path / RESERVE).exists()
    before = site.ledger.size

    scene.turn(tap("front/in", "card:1"))

    assert scene.endurance.outage is None
    assert site.actuator.releases() == ["front"]
    assert site.kinds(before + 1) == ["part.failed", "entry.granted"]
    assert site.records(before + 1)[0].body.reason == "reserve"
    site.connection.breaks = lambda text: False
    site.step(31)
    scene.turn()
    assert (tmp_path / RESERVE).exists()
    assert "part.recovered" in site.kinds(before + 1)
    scene.hold()
    site.close()


def test_little_space_is_an_alarm_ahead(tmp_path: Path) -> None:
    """Below the threshold the disk is a part that fails, once; above it again it has recovered."""
    site = people(make_site(tmp_path))
    low = Disk(tmp_path, 1 << 60, 0)
    scene = Scene(site, low)

    scene.turn()
    site.step(31)
    scene.turn()
    low._low = 0
    site.step(31)
    scene.turn()

    parts = [(r.kind, getattr(r.body, "reason", "")) for r in site.records() if r.kind.startswith("part.")]
    assert parts == [("part.failed", "low"), ("part.recovered", "")]
    scene.hold()
    site.close()


STATEMENTS = ("begin", "insert into record", "insert into node", 'insert into "', "update fold", "select", "commit")


@pytest.mark.parametrize("at", STATEMENTS)
@pytest.mark.parametrize("which", range(6))
def test_failing_at_any_statement(scene: Scene, at: str, which: int) -> None:
    """Whichever statement of a busy turn the disk does not take: nothing opens, and afterwards every record is there."""
    seen = iter(range(10_000))
    scene.site.connection.breaks = lambda text: text.startswith(at) and next(seen) == which
    before = scene.site.ledger.size

    scene.turn(
        tap("front/in", "card:1"), leaf("vault-door", True), tap("lab-door/in", "card:2"),
        RequestReceived(scene.site.request(ask.RegisterPerson())), exit_button("vault-door"),
    )  # fmt: skip

    if scene.endurance.outage is None:
        assert scene.site.actuator.releases() == ["front", "lab-door"]
    else:
        assert scene.site.actuator.releases() == []
        scene.site.connection.breaks = lambda text: False
        scene.recover()
        assert scene.site.loop.portals["vault-door"].status is Status.FORCED
        scene.turn(tap("front/in", "card:1"))
        assert scene.site.actuator.releases() == ["front"]
    assert scene.site.ledger.size > before
    scene.hold()
