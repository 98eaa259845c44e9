"""`sekimori explain`."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from command_line import sekimori
from site_process import SiteProcess

from controller.cli.texts import Lang


def test_who_may_enter_is_told_so(running: SiteProcess) -> None:
    """A right holder's door opens, by name or number, also while the controller runs; the answer is on the exit code."""
    by_number = sekimori("explain", "1", "front", "--data", running.data, "--json")
    by_name = sekimori("explain", "山田 花子", "front", "--data", running.data, "--json")

    assert (by_number.code, by_name.code) == (0, 0), by_number.err
    said = json.loads(by_name.out)
    assert (said["person"], said["code"]) == (1, None)
    assert [check["check"] for check in said["checks"]][:2] == ["card", "enrolment"]


@pytest.mark.parametrize(("lang", "words"), [("ja", "開きません"), ("en", "It does not open")])
def test_who_may_not_is_told_what_is_missing(running: SiteProcess, lang: str, words: str) -> None:
    """Somebody without badge and right reads both, in the words of the asked language."""
    said = sekimori("explain", "3", "front", "--data", running.data, lang=Lang(lang))

    assert said.code == 1
    assert words in said.out


def test_the_past(running: SiteProcess) -> None:
    """At a time before the site began nobody was known."""
    long_ago = (datetime.now(UTC) - timedelta(days=900)).isoformat()
    said = sekimori("explain", "1", "front", "--at", long_ago, "--data", running.data, "--json")

    assert (said.code, json.loads(said.out)["place"]) == (1, "person")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("nobody", "front"), 1), (("1", "nowhere"), 1), (("1", "front", "--at", "soon"), 2)],
)
def test_what_makes_no_sense_is_named(running: SiteProcess, arguments: tuple[str, ...], code: int) -> None:
    """No such person, no such portal, no such time: each is said in a line."""
    assert sekimori("explain", *arguments, "--data", running.data).code == code
