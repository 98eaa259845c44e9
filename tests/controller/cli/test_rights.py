"""`sekimori rights`."""

import json

import pytest
from command_line import sekimori
from site_process import SiteProcess

from controller.cli.texts import Lang


def test_a_program_reads_who_may_where_and_why(running: SiteProcess) -> None:
    """By number or name, also while the controller runs: zone, who asked, who approved, purpose and end (C7.1, C7.3)."""
    said = sekimori("rights", "山田 花子", "--data", running.data, "--json")

    assert said.code == 0, said.err
    answer = json.loads(said.out)
    (right,) = [right for right in answer["rights"] if right["zone"] == "office"]
    assert (answer["person"], right["code"], right["team"], right["manner"]) == (1, None, None, "own")
    assert (right["requested_by"], right["approved_by"], right["purpose"]) == (1, 2, "試験")


@pytest.mark.parametrize(("lang", "words"), [("ja", "申請 係"), ("en", "Rights of 山田 花子 #1 (Active)")])
def test_a_person_reads_a_table(running: SiteProcess, lang: str, words: str) -> None:
    """The table says it in the language that was asked for, names and all."""
    said = sekimori("rights", "1", "--data", running.data, lang=Lang(lang))

    assert said.code == 0 and words in said.out and "試験" in said.out


@pytest.mark.parametrize("person", ["99", "誰でもない"])
def test_nobody_has_none(running: SiteProcess, person: str) -> None:
    """Of nobody nothing is told, and the exit code says so."""
    said = sekimori("rights", person, "--data", running.data, "--json")

    assert (said.code, json.loads(said.out)["place"]) == (1, "person")
