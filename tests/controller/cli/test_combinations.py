"""`sekimori combinations` at the console (C8.2-C8.4)."""

import json
from pathlib import Path

import pytest
from combination_site import combination_site, register, tell, whole_change

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.record import asks as ask


def test_locks_their_due_dates_and_knowers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each lock with its due date, what asks for its change and who knows the number; 1 while one is overdue, and no number."""
    site = combination_site(tmp_path)

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["combinations", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    code, said = run()
    assert code == 0 and "No combination lock" in said
    lock = register(site)
    whole_change(site, lock)
    assert tell(site, lock, 5) is None and site.asks(ask.SuspendPerson(5), 2) is None
    register(site, changed_on="2025-01-10")
    site.turn()

    code, said = run("--json")

    answer = json.loads(said)
    assert code == 1 and answer["late"] == 1
    late, other = answer["combinations"]
    assert (late["number"], late["late"], late["change"]["reasons"][0]["reason"]) == (2, True, "age")
    assert (other["name"], other["custodian"]["person"], other["late"]) == ("金庫 1番", 1, False)
    assert [(one["person"]["person"], one["state"]) for one in other["knowers"]] == [
        (1, "knows"), (2, "knows"), (5, "removed"),
    ]  # fmt: skip
    (reason,) = other["change"]["reasons"]
    assert (reason["reason"], reason["person"]["person"]) == ("knower_removed", 5)
    assert "文字盤鍵（期限超過 1 件）" in run(lang=Lang.JA)[1]
    site.close()
