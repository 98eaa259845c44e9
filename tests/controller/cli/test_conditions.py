"""`sekimori conditions`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from command_line import sekimori
from site_process import SiteProcess

from controller.cli.texts import Lang
from controller.record.asks import CompleteTraining, SignPledge
from controller.rules.schedule import WallClock

SETTINGS = f"""
[[pledge]]
id = "nda"
name = {{ ja = "秘密保持誓約書", en = "Secrecy pledge" }}
version = "2026-04"
sha256 = "{"ab" * 32}"

[[course]]
id = "induction"
name = {{ ja = "導入教育", en = "Induction" }}
valid_days = 20
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A site whose office requires both: person 1 has both, 2 the pledge alone, 3 no right; its controller does not run."""
    with SiteProcess(tmp_path_factory.mktemp("c")) as site:
        settings = site.data / "site.toml"
        required = 'requires = ["pledge:nda", "training:induction"]'
        text = settings.read_text(encoding="utf-8").replace('id = "office"\n', f'id = "office"\n{required}\n', 1)
        settings.write_text(text + SETTINGS, encoding="utf-8")
        with site.past() as past:
            for name in ("山田 花子", "佐藤 一郎", "鈴木 次郎"):
                past.person(name)
            past.right(1, "office")
            past.right(2, "office")
            past.right(2, "lab")
            today = WallClock(past.timezone, datetime.now(UTC)).today.isoformat()
            past.ask(2, SignPledge((1, 2), "nda", "2026-04", "ab" * 32, today, "joining"))
            past.ask(2, CompleteTraining((1,), "induction", today))
        yield site


def asked(site: SiteProcess, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the lines."""
    said = sekimori("conditions", *arguments, "--data", site.data, "--json")
    return said.code, json.loads(said.out)["conditions"]


def test_one_person(trained: SiteProcess) -> None:
    """A person with both has nothing missing; one without the course is told so; one without a right lacks nothing yet."""
    code, lines = asked(trained, "1")
    assert code == 0
    assert [(line["condition"], line["state"]) for line in lines] == [("pledge:nda", "held"), ("training:induction", "held")]
    code, lines = asked(trained, "佐藤 一郎")
    assert code == 1
    assert [line["condition"] for line in lines if line["missing"]] == ["training:induction"]
    assert lines[1]["zones"] == ["office"]
    assert asked(trained, "3")[0] == 0


def test_a_zone(trained: SiteProcess) -> None:
    """Of a zone everybody with a right to it is told of; of one that requires nothing, nobody."""
    code, lines = asked(trained, "--zone", "office")
    assert (code, [line["person"] for line in lines]) == (1, [1, 1, 2, 2])
    assert asked(trained, "--zone", "lab") == (0, [])


def test_what_ends(trained: SiteProcess) -> None:
    """What is missing now, and what ends within so many days and not later, ends with 1, as a timer wants it."""
    code, lines = asked(trained, "--lapsing", "7")
    assert (code, [(line["person"], line["state"]) for line in lines]) == (1, [(2, "never")])
    code, lines = asked(trained, "--lapsing", "30")
    assert (code, [(line["person"], line["state"]) for line in lines]) == (1, [(1, "held"), (2, "never")])


@pytest.mark.parametrize(("lang", "words"), [("ja", "導入教育"), ("en", "Induction")])
def test_it_reads_in_both_languages(trained: SiteProcess, lang: str, words: str) -> None:
    """Names of courses and states are in the words of the asked language."""
    said = sekimori("conditions", "--zone", "office", "--data", trained.data, lang=Lang(lang))

    assert words in said.out and "山田 花子" in said.out
    assert ("なし" if lang == "ja" else "Not yet") in said.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("1", "--zone", "office"), 2),
        (("nobody",), 1),
        (("99",), 1),
        (("--zone", "attic"), 1),
        (("--lapsing", "-1"), 2),
    ],
)
def test_what_makes_no_sense_is_named(trained: SiteProcess, arguments: tuple[str, ...], code: int) -> None:
    """Nothing asked, too much asked, nobody, no such zone: each is said in a line."""
    said = sekimori("conditions", *arguments, "--data", trained.data)

    assert said.code == code and said.err
