"""`sekimori leave` at the console (C7.4)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from site_process import SiteProcess

ENDED = ("badge.retired", "right.revoked", "person.left")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site where 山田 has a badge and a right; nothing runs."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
        yield site


def leave(site: SiteProcess, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = site.sekimori("leave", *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def test_first_a_look_then_the_end(site: SiteProcess) -> None:
    """--dry-run lists and changes nothing; then it all ends, and who is gone is refused with exit 1 (C7.4)."""
    before = site.size()
    code, answer = leave(site, "1", "--dry-run")
    assert (code, answer["done"], site.size()) == (0, False, before)
    ends = [(one["what"], one["id"], one["to_do"]) for one in answer["ends"]]
    assert ends == [("badge", 1, "hand_in"), ("access_right", 1, "")]

    code, answer = leave(site, "1")

    assert (code, answer["done"], answer["code"]) == (0, True, None)
    kinds = [record.kind for record in site.records(before)]
    assert [kind for kind in kinds if kind in ENDED] == list(ENDED)
    code, answer = leave(site, "1")
    assert (code, answer["code"]) == (1, "subject")
    assert leave(site, "99", "--dry-run")[0] == 1


def test_in_words(site: SiteProcess) -> None:
    """The list names places and what has to be handed in, in both languages; a wrong date is refused and nothing happens."""
    said = site.sekimori("leave", "1", "--dry-run", "--lang", "ja")
    assert "山田 花子 #1" in said.stdout and "事務所" in said.stdout and "返却してもらう" in said.stdout
    said = site.sekimori("leave", "1", "--dry-run", "--lang", "en")
    assert "Office" in said.stdout and "To be handed in" in said.stdout and "Nothing was changed" in said.stdout
    wrong = site.sekimori("leave", "1", "--on", "2027-02-30", "--lang", "en")
    assert wrong.returncode == 1 and "leaves_on" in wrong.stderr
    assert site.query("select state from person") == [("active",)]

    planned = site.sekimori("leave", "1", "--on", "2099-12-31", "--lang", "en")

    assert planned.returncode == 0 and "everything ends when 2099-12-31 is over" in planned.stdout
    assert site.query("select leaves_on, state from person") == [("2099-12-31", "active")]
    assert site.sekimori("leave", "1", "--on", "2026-01-01", "--lang", "ja").returncode == 0
    assert site.query("select state from person") == [("left",)]
