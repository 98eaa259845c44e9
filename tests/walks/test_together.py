"""People who may only pass together, from the cards to the lock: two persons, an escort, an airlock, power cuts (C7.7)."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import SiteProcess, until

PROGRAM = Path(__file__).parents[1] / "faults" / "killed_controller.py"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A lab for two, an office with visitors; the two doors are an airlock. Nothing runs yet but the building."""
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        text = settings.read_text(encoding="utf-8")
        text = text.replace('id = "lab"\n', 'id = "lab"\ntwo_person = true\ntogether_s = 6\n', 1)
        text = text.replace('id = "office"\n', 'id = "office"\ntogether_s = 6\n', 1)
        text = text.replace('inner = "office"\n', 'inner = "office"\ninterlock = ["lab"]\n', 1)
        text = text.replace('inner = "lab"\n', 'inner = "lab"\ninterlock = ["front"]\n', 1)
        settings.write_text(text, encoding="utf-8")
        with site.past() as past:
            for name, manner in (("yamada", "escort"), ("suzuki", "own"), ("visitor", "escorted")):
                person = past.person(name)
                past.right(person, "office", manner=manner)
                if manner != "escorted":
                    past.right(person, "lab")
                past.badge(person, name)
        yield site


def tap(site: SiteProcess, card: str, reader: str, kind: str, **fields: object) -> int:
    """A tap that opens nothing by itself, and its record's number."""
    before = site.size()
    site.building.tap(card, reader, walk=False, timeout_s=0.3)
    return site.wait_record(kind, before, **fields).seq


def released(site: SiteProcess) -> list[str]:
    """The locks that the building saw let go, in order."""
    events = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    return [event["door"] for event in events if event["event"] == "released"]


def secure(site: SiteProcess) -> None:
    """Waits until every door is shut and locked, for the building and for the controller."""
    site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()))
    status = "select 1 from portal_state where status <> 'secure'"
    until("every door is secure", lambda: None if site.query(status) else True)


def test_two_persons_open_the_lab(site: SiteProcess) -> None:
    """One badge opens nothing and is refused in the end; two open for both by name, the lock let go once (C8.9)."""
    site.start()
    begun = tap(site, "yamada", "lab/in", "entry.awaited", code="second_person")
    assert site.wait_record("entry.refused", begun).body.code == "second_person"
    assert released(site) == []

    awaited = tap(site, "yamada", "lab/in", "entry.awaited", code="second_person")
    assert site.building.tap("suzuki", "lab/in").opened

    moved = site.wait_record("presence.moved", awaited, person=2, zone="lab").seq
    granted = [record for record in site.records(awaited) if record.kind == "entry.granted"]
    assert [record.body.person for record in granted] == [1, 2]
    assert granted[0].at == granted[1].at
    assert site.wait_record("presence.moved", awaited, person=1, zone="lab").seq < moved
    secure(site)
    assert released(site) == ["lab"]

    assert site.building.tap("yamada", "lab/out").opened
    violated = site.wait_record("zone.violated", moved)
    assert (violated.body.person, violated.body.companion, violated.body.code) == (2, 1, "second_person")
    assert site.stop() == 0


def test_a_visitor_comes_in_with_an_escort(site: SiteProcess) -> None:
    """The visitor's badge opens only together with the escort's, and the record says whose they are (C7.7)."""
    site.start()
    before = tap(site, "visitor", "front/in", "entry.awaited", code="escort")

    assert site.building.tap("yamada", "front/in").opened

    begun = site.wait_record("escort.begun", before)
    assert (begun.body.person, begun.body.escort, begun.body.zone) == (3, 1, "office")
    site.wait_record("entry.granted", before, person=3)
    site.wait_record("entry.granted", before, person=1)
    secure(site)
    tap(site, "visitor", "front/in", "entry.awaited", code="escort")
    assert released(site) == ["front"]
    assert site.stop() == 0


def test_one_door_of_the_airlock_at_a_time(site: SiteProcess) -> None:
    """While one door is open the other lets nobody in; whoever leaves is let out, and that is an alarm (C8.7)."""
    site.start()
    site.building.tap("suzuki", "front/in", walk=False)
    site.building.open_leaf("front")
    before = site.wait_record("door.opened", portal="front").seq

    tap(site, "suzuki", "lab/in", "entry.refused", code="interlock")
    assert released(site) == ["front"]
    site.building.press_rex("lab")

    broken = site.wait_record("interlock.broken", before)
    assert (broken.body.portal, broken.body.other) == ("lab", "front")
    site.building.wait_for(lambda seen: seen.doors["lab"].released)
    site.building.close_leaf("front")
    assert site.stop() == 0


@pytest.mark.parametrize("step", ["appended", "decided", "committed", "performed"])
def test_power_cut_at_a_step_of_the_second_tap(site: SiteProcess, step: str) -> None:
    """Both entries are durable, or neither; the lock lets go only behind them; after the start nobody waits any more."""
    armed = site.folder / "armed"
    site.start([sys.executable, str(PROGRAM), str(site.data), step, str(armed)])
    before = tap(site, "yamada", "lab/in", "entry.awaited")
    armed.touch()

    site.building.tap("suzuki", "lab/in", walk=False, timeout_s=1.0)
    assert site.controller is not None
    assert site.controller.wait(10) == -9
    armed.unlink()
    site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()))

    granted = [record.body.person for record in site.records(before) if record.kind == "entry.granted"]
    assert granted == ([1, 2] if step in ("committed", "performed") else [])
    assert released(site) == (["lab"] if step == "performed" else [])
    site.start()
    tap(site, "suzuki", "lab/in", "entry.awaited", code="second_person")
    assert released(site) == (["lab"] if step == "performed" else [])
    assert site.stop() == 0
