"""`sekimori schedule`: the coming weeks in words and as JSON, by the tables of the site (C8.8)."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import sekimori
from sites import SITE_TOML, TestSite, make_site, people

from controller.cli.texts import Lang
from controller.record.asks import BeginEvacuation, BeginLockdown, SetSpecialDay

TEXT = (
    SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\n')
    + '[[calendar.special]]\ndate = 2026-11-27\nname = { ja = "棚卸し", en = "Stocktaking" }\n'
    + 'hours = { office = "08:00-12:00 22:00-02:00" }\n'
)
"""The lab's door stands unlocked in office hours after the first card. It is Tuesday, 24 November 2026, 09:00."""


@pytest.fixture
def site(tmp_path: Path) -> TestSite:
    """The site with its people; Monday the 30th is closed by a manager, Saturday's opening waits for a second person."""
    made = people(make_site(tmp_path, text=TEXT))
    assert made.asks(SetSpecialDay("2026-11-30", "*", "-"), 2) is None
    assert made.asks(SetSpecialDay("2026-11-28", "office", "09:00-15:00"), 2) is None
    return made


def said(site: TestSite, *arguments: str) -> dict[str, Any]:
    """The command's JSON."""
    told = sekimori("schedule", *arguments, "--data", site.folder, "--json")
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)
    return found


def test_days_with_their_hours_and_why(site: TestSite) -> None:
    """Every day stands there with its hours, the morning after a night too, and why: weekday, holiday, special day."""
    found = said(site, "lab-door", "--at", "2026-11-22 09:00", "--weeks", "2")

    (office,) = found["schedules"]
    days = {day["day"]: (day["hours"], day["why"], day["name_en"], day["special_day"]) for day in office["days"]}
    assert next(iter(days)) == "2026-11-22" and len(days) == 14
    assert days["2026-11-22"] == ([], "weekday", "", None)
    assert days["2026-11-23"] == ([], "holiday", "Labor Thanksgiving Day", None)
    assert days["2026-11-24"] == (["08:00-19:00"], "weekday", "", None)
    assert days["2026-11-27"] == (["08:00-12:00", "22:00-24:00"], "special", "Stocktaking", None)
    assert days["2026-11-28"] == (["00:00-02:00"], "weekday", "", None), "nobody has approved the Saturday"
    assert days["2026-11-30"] == ([], "special", "", 1)
    assert [day["special_day"] for day in found["waiting"]] == [2]
    assert found["settings_changed"] is False


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-24 10:00", (False, True, "schedule", "2026-11-24T10:00:00.000000Z")),
        ("2026-11-23 10:00", (False, False, "schedule", "2026-11-23T23:00:00.000000Z")),
        ("2026-11-27 13:00", (False, False, "schedule", "2026-11-27T13:00:00.000000Z")),
    ],
)
def test_a_door_at_a_time(site: TestSite, at: str, expected: tuple[bool, bool, str, str]) -> None:
    """At the time asked for: whether the door stands open, waits for its first card or is locked, why, and until when."""
    (door,) = said(site, "lab-door", "--at", at)["portals"]

    assert (door["open"], door["awaited"], door["cause"], door["until_at"]) == expected


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (Lang.JA, ["勤労感謝の日", "特別日 棚卸し", "承認待ちの特別日: 2026", "月", "閉鎖中: サイト全体", "避難中: 試作室"]),
        (
            Lang.EN,
            ["Holiday Labor Thanksgiving Day", "Special day Stocktaking", "waits for its approval", "Mon",
             "Lockdown: The whole site", "Evacuation: Prototype lab"],
        ),
    ],
)  # fmt: skip
def test_in_words(site: TestSite, lang: Lang, words: list[str]) -> None:
    """The same in Japanese and English, with what is out of the ordinary first."""
    assert site.asks(BeginLockdown("*"), 2, expires_at=None) is None
    assert site.asks(BeginEvacuation("lab"), 2, expires_at=None) is None

    told = sekimori("schedule", "--at", "2026-11-22", "--data", site.folder, lang=lang)

    assert told.code == 0
    assert [word for word in words if word not in told.out] == []


def test_changed_settings_are_said_to_wait(site: TestSite) -> None:
    """A site.toml that says other hours than the controller keeps is said to hold from its next start on, a broken one too."""
    toml = site.folder / "site.toml"
    toml.write_text(TEXT.replace("2026-11-27", "2026-11-26"), encoding="utf-8")

    assert said(site)["settings_changed"] is True
    assert "next start" in sekimori("schedule", "--data", site.folder).out
    toml.write_text("[site", encoding="utf-8")
    assert said(site)["settings_changed"] is True


@pytest.mark.parametrize(
    ("arguments", "code"), [(("attic",), 1), (("--at", "soon"), 2), (("--weeks", "0"), 2), (("--weeks", "53"), 2)]
)
def test_what_makes_no_sense(site: TestSite, arguments: tuple[str, ...], code: int) -> None:
    """No such portal, no such time, no weeks or too many: each is said, and not guessed."""
    told = sekimori("schedule", *arguments, "--data", site.folder)

    assert (told.code, told.out) == (code, "") and told.err
