"""An evacuation from the console to the lock: the marked door opens, no badge enters, also after a power cut (C8.9)."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
import site_process
from command_line import sekimori
from site_process import SiteProcess, until

LIMIT_S = 10.0
"""After which the building's own timer relay secures a lock that nobody commands again."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A running site whose front door is marked for evacuations; Yamada may enter everything."""
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(
            text.replace('inner = "office"\n', 'inner = "office"\nevacuation = "release"\n', 1), encoding="utf-8"
        )
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.right(yamada, "lab")
            past.badge(yamada, "yamada")
        site.start()
        yield site
        assert site.stop() == 0


def released(site: SiteProcess, door: str = "front") -> bool:
    """Whether the building's lock is released."""
    return bool(site.building.look().doors[door].released)


def refused(site: SiteProcess, reader: str) -> str:
    before = site.size()
    site.building.tap("yamada", reader, walk=False)
    return str(site.wait_record("entry.refused", before).body.code)


def test_evacuation_of_the_site(site: SiteProcess) -> None:
    """Begun at the console the marked door stands open beyond the lock's own limit and the other stays locked; no badge enters;
    after a power cut it is so again; ended at the console the door locks and badges open."""
    assert sekimori("evacuate", "--data", site.data).code == 0
    begun = sekimori("evacuate", "--site", "--data", site.data, "--json")
    assert (begun.code, json.loads(begun.out)["evacuations"][0]["zone"]) == (0, "*")
    site.wait_record("portal.unlocked", portal="front", cause="evacuation")
    since = monotonic()
    until("the lock's own limit is past", lambda: monotonic() > since + LIMIT_S + 1 or None)
    assert (released(site), released(site, "lab")) == (True, False)
    assert [refused(site, "front/in"), refused(site, "lab/in")] == ["evacuation", "evacuation"]
    assert sekimori("evacuate", "--site", "--data", site.data).code == 1, "it stands already"
    assert sekimori("evacuate", "--data", site.data).code == 1, "one stands"

    site.kill()
    until("the lock falls back by itself", lambda: not released(site) or None)
    before = site.size()
    site.start()
    site.wait_record("portal.unlocked", before, portal="front", cause="evacuation")
    until("it stands again", lambda: released(site) or None)
    assert refused(site, "lab/in") == "evacuation"

    assert sekimori("evacuate", "--site", "--end", "--data", site.data).code == 0

    until("the door locks", lambda: not released(site) or None)
    before = site.size()
    site.building.tap("yamada", "front/in")
    assert site.wait_record("entry.granted", before).body.portal == "front"


def test_contact_of_the_fire_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact that closes begins the evacuation: the marked door stands open; it opens again, and nothing ends before people
    say so."""
    panel = '[[door]]\nid = "panel"\nlock = "simulated:900"\ndps = "simulated:901"\n'
    plan = site_process.building_toml
    monkeypatch.setattr(site_process, "building_toml", lambda folder: plan(folder) + panel)
    with SiteProcess(tmp_path) as site:
        settings = site.data / "site.toml"
        door = 'inner = "office"\nevacuation = "release"\n'
        text = settings.read_text(encoding="utf-8").replace('inner = "office"\n', door, 1)
        settings.write_text(text + '[evacuation]\ninput = "simulated:901"\n', encoding="utf-8")
        with site.past():
            pass
        site.start()
        assert not released(site)

        site.building.open_leaf("panel")

        begun = site.wait_record("evacuation.begun", zone="*", cause="input")
        site.wait_record("portal.unlocked", begun.seq, portal="front", cause="evacuation")
        until("the door stands open", lambda: released(site) or None)
        site.building.close_leaf("panel")
        assert sekimori("evacuate", "--data", site.data).code == 1
        assert sekimori("evacuate", "--site", "--end", "--data", site.data).code == 0
        until("the door locks", lambda: not released(site) or None)
        assert site.stop() == 0


def test_whoever_is_inside_walks_out(site: SiteProcess) -> None:
    """In an evacuation the exit button and the badge on the way out let go as ever."""
    assert sekimori("evacuate", "lab", "--data", site.data).code == 0
    before = site.size()

    site.building.tap("yamada", "lab/out")

    left = site.wait_record("entry.granted", before, portal="lab", side="out")
    assert left.body.status == "released"
    site.wait_record("door.opened", before, portal="lab")
