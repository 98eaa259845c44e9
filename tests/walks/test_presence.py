"""Who is where, from the emulated card to the ledger, the lock and the muster list: anti-passback, a full zone, the last out.

Source: C8.9.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from command_line import sekimori
from site_process import SiteProcess, until

from controller.record.asks.presence import ConfirmEntry, CorrectPresence

HOURS = """
[[schedule]]
id = "shift"
name = { ja = "交代勤務", en = "Shifts" }
hours = { every_day = "00:00-24:00", holidays = "00:00-24:00" }
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site with Yamada and Sato, who may enter the office and the lab."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            for name, card in (("山田 花子", "yamada"), ("佐藤 一郎", "sato")):
                person = past.person(name)
                past.badge(person, card)
                past.right(person, "office")
                past.right(person, "lab")
        yield site


def set_lab(site: SiteProcess, rules: str, portal: str = "") -> None:
    """More lines for the lab, and for the door into it; the controller starts with them."""
    settings = site.data / "site.toml"
    text = settings.read_text(encoding="utf-8").replace('en = "Lab" }\n', f'en = "Lab" }}\n{rules}')
    settings.write_text(text.replace('inner = "lab"\n', f'inner = "lab"\n{portal}') + HOURS, encoding="utf-8")
    site.start()


def pass_by(site: SiteProcess, card: str, reader: str) -> None:
    """Somebody taps and goes through; it is on record that they have moved, and the door is shut again.

    Whoever is too slow for the lock, on a machine that has much to do, taps again.
    """
    before, came = site.size(), "entry.abandoned"
    while came == "entry.abandoned":
        tapped = site.size()
        site.building.tap(card, reader)
        came = until("what came of the tap", partial(outcome, site, tapped))
    assert came == "presence.moved"
    site.wait_record("door.closed", before, portal=reader.partition("/")[0])


def outcome(site: SiteProcess, after: int) -> str | None:
    """How a tap has ended, by the records past `after`; None while it has not."""
    ends = ("presence.moved", "entry.abandoned", "entry.refused")
    return next((record.kind for record in site.records(after) if record.kind in ends), None)


def refused(site: SiteProcess, card: str, reader: str) -> str:
    """Somebody taps and the door stays shut; the code."""
    before = site.size()
    site.building.tap(card, reader, walk=False)
    code = str(site.wait_record("entry.refused", before).body.code)
    assert not site.building.look().doors[reader.partition("/")[0]].released
    return code


def inside(site: SiteProcess, zone: str) -> list[tuple[str, bool]]:
    """Who is in the zone by `sekimori muster`, and whether that is certain."""
    found = json.loads(sekimori("muster", "--zone", zone, "--data", site.data, "--json").out)
    return [(person["name"], person["certain"]) for person in found["zones"][0]["people"]]


def test_a_badge_that_is_handed_back_opens_nothing(site: SiteProcess) -> None:
    """Hard anti-passback at a real reader: in, not in again, out, in again; whoever is inside stands on the list."""
    set_lab(site, 'anti_passback = "hard"\n')
    pass_by(site, "yamada", "front/in")
    pass_by(site, "yamada", "lab/in")
    assert inside(site, "lab") == [("山田 花子", True)] and inside(site, "office") == []

    assert refused(site, "yamada", "lab/in") == "exit"

    pass_by(site, "yamada", "lab/out")
    assert inside(site, "lab") == []
    pass_by(site, "yamada", "lab/in")
    assert site.stop() == 0


def test_killed_while_somebody_is_inside(site: SiteProcess) -> None:
    """After a power cut the list says it is not certain, nobody is locked out, and the next tap makes it certain (C8.9)."""
    set_lab(site, 'anti_passback = "hard"\n')
    pass_by(site, "yamada", "front/in")
    pass_by(site, "yamada", "lab/in")
    site.kill()
    before = site.size()
    site.start()
    site.wait_record("presence.doubted", before, reason="restart")
    assert inside(site, "lab") == [("山田 花子", False)]

    pass_by(site, "yamada", "lab/in")

    assert site.wait_record("presence.violated", before).body.certain is False
    assert inside(site, "lab") == [("山田 花子", True)]
    assert refused(site, "yamada", "lab/in") == "exit"
    assert site.stop() == 0


def test_the_zone_is_full_until_somebody_leaves(site: SiteProcess) -> None:
    """One may be inside: the second one's badge opens nothing until the first has left, or an operator says that they have."""
    set_lab(site, "most_inside = 1\n")
    pass_by(site, "yamada", "lab/in")
    assert refused(site, "sato", "lab/in") == "room"

    pass_by(site, "yamada", "lab/out")
    pass_by(site, "sato", "lab/in")
    assert refused(site, "yamada", "lab/in") == "room"
    assert site.stop() == 0
    with site.past() as past:
        past.ask(2, CorrectPresence(2, ""), {"reason": "窓から退室"})
    site.start()
    pass_by(site, "yamada", "lab/in")
    assert site.stop() == 0


def test_the_last_one_out_locks_up(site: SiteProcess) -> None:
    """A zone that the first one opened is locked again when the last one has left it by badge."""
    set_lab(site, "relock_when_empty = true\n", 'unlock = "shift"\n')
    before = site.size()
    site.building.tap("yamada", "lab/in")
    site.wait_record("portal.unlocked", before, portal="lab")
    until("the lock stands open", lambda: site.building.look().doors["lab"].released or None)
    site.wait_record("door.closed", before, portal="lab")

    site.building.tap("yamada", "lab/out")

    site.wait_record("zone.emptied", before, zone="lab")
    until("the lock is secured", lambda: not site.building.look().doors["lab"].released or None)
    assert site.stop() == 0


def test_an_entry_from_the_book(site: SiteProcess) -> None:
    """What the console noted from the reception's book, and an operator confirmed, is on the list, marked as such."""
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    noted = sekimori(
        "presence", "note", "1", "front", "in", "--at", at, "--reason", "停電中の受付簿", "--data", site.data
    )
    assert noted.code == 0, noted.err
    assert inside(site, "office") == []

    with site.past() as past:
        past.ask(2, ConfirmEntry(1))

    found = json.loads(sekimori("muster", "--zone", "office", "--data", site.data, "--json").out)
    assert [(person["name"], person["source"]) for person in found["zones"][0]["people"]] == [("山田 花子", "book")]
