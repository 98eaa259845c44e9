"""`sekimori muster` and `sekimori presence`: from the ledger alone, and by hand at the console (C8.9)."""

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import sekimori
from site_process import SiteProcess

from controller.app import open_site
from controller.cli.texts import Lang
from controller.ledger.ledger import Stamp
from controller.record.kinds.presence import PresenceDoubted, PresenceMoved

AT = "2026-11-24T00:00:00.000000Z"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a site whose controller does not run: Yamada and a formula are in the lab, Sato is in the office."""
    with SiteProcess(tmp_path_factory.mktemp("m")) as site:
        with site.past() as past:
            people = [past.person(name) for name in ("山田 花子", "佐藤 一郎", "=1+1", "外 出")]
        opened = open_site(site.data)
        stamp = Stamp(AT, "past", "synced")
        with opened.ledger.transaction():
            for person, zone in zip(people, ("lab", "office", "lab", ""), strict=True):
                opened.ledger.append(PresenceMoved(person, "", zone, "front", 0, True), "controller", stamp)
            opened.ledger.append(PresenceDoubted("office", "front", "button", False), "controller", stamp)
        opened.ledger.close()
        return site.data


def test_the_list_needs_no_controller(stopped: Path) -> None:
    """Names, zone, since when, certain or not and why, and totals, read from a ledger that nobody writes."""
    said = sekimori("muster", "--data", stopped, "--json")

    found = json.loads(said.out)
    assert (said.code, found["total"], found["uncertain"]) == (0, 3, 1)
    zones = {zone["zone"]: zone for zone in found["zones"]}
    assert [person["name"] for person in zones["lab"]["people"]] == ["山田 花子", "=1+1"]
    (sato,) = zones["office"]["people"]
    assert (sato["certain"], sato["doubt"], sato["since"]) == (False, "button", AT)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ja", ("不確か：退室ボタンで誰かが退室", "合計：3 人（うち不確か 1 人）", "2026-11-24 09:00")),
     ("en", ("uncertain since 2026-11-24 09:00: Somebody left by the exit button", "Total: 3 (of them uncertain: 1)"))],
)  # fmt: skip
def test_the_list_for_eyes(stopped: Path, lang: str, words: tuple[str, ...]) -> None:
    """In the asked language, times as on the wall."""
    said = sekimori("muster", "--data", stopped, lang=Lang(lang))

    assert said.code == 0
    for word in ("山田 花子", *words):
        assert word in said.out


def test_one_zone(stopped: Path) -> None:
    """Only a zone, if it is asked for; a zone that is none is named with those that are."""
    found = json.loads(sekimori("muster", "--zone", "office", "--data", stopped, "--json").out)
    wrong = sekimori("muster", "--zone", "ofice", "--data", stopped)

    assert [zone["zone"] for zone in found["zones"]] == ["office"] and found["total"] == 1
    assert wrong.code == 1 and "office, lab" in wrong.err


def test_a_spreadsheet_calculates_nothing(stopped: Path) -> None:
    """The CSV has every person, and no cell that a spreadsheet would take for a formula."""
    rows = list(csv.reader(io.StringIO(sekimori("muster", "--csv", "--data", stopped).out)))

    assert [row[2] for row in rows[1:]] == ["佐藤 一郎", "山田 花子", "'=1+1"]


def test_by_hand_at_the_console(stopped: Path) -> None:
    """Without a dashboard the console corrects, notes, and confirms what somebody else has noted."""
    moved = sekimori("presence", "correct", "2", "--reason", "本人に確認", "--data", stopped, "--json")
    noted = sekimori(
        "presence", "note", "4", "front", "in", "--at", "2020-01-01 09:00", "--reason", "受付簿", "--data", stopped
    )
    wrong = sekimori("presence", "note", "4", "front", "in", "--at", "soon", "--reason", "x", "--data", stopped)

    assert (moved.code, json.loads(moved.out)) == (0, {"code": None, "place": "", "person": 2, "zone": ""})
    assert noted.code == 1 and "body.book_at" in noted.err
    assert wrong.code == 2
    assert sekimori("presence", "forgive", "1", "--reason", "共連れ", "--data", stopped).code == 0
    assert sekimori("presence", "confirm", "9", "--data", stopped).code == 1
    assert sekimori("presence", "decline", "9", "--data", stopped).code == 1
    assert json.loads(sekimori("muster", "--data", stopped, "--json").out)["total"] == 2
