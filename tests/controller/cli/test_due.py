"""`sekimori due` at the console (C8.2, C8.3)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sites import make_site, people

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.ledger.ledger import Stamp
from controller.record.canonical import timestamp
from controller.record.kinds.due import DueReached


def test_what_is_overdue_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 while something is overdue, with its words; what the controller has not told yet counts; 0 when nothing is."""
    site = people(make_site(tmp_path))
    now = datetime.now(UTC)

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["due", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    def owe(number: int, stage: str, hours: int) -> None:
        body = DueReached("loan", number, stage, timestamp(now + timedelta(hours=hours)), "lab", 1, 0, None)
        with site.ledger.transaction():
            site.ledger.append(body, "controller", Stamp(timestamp(now), "boot-1", "synced"))

    assert run()[0] == 0
    owe(3, "soon", 5)
    code, said = run()
    assert code == 0 and "Return of a key" in said and "Due soon" in said and "Prototype lab" in said
    owe(4, "soon", -1)

    code, said = run("--json")

    answer = json.loads(said)
    assert code == 1 and answer["late"] == 1
    assert [(line["number"], line["stage"], line["person_no"]) for line in answer["due"]] == [(4, "overdue", 1), (3, "soon", 1)]
    assert "期限（超過 1 件）" in run(lang=Lang.JA)[1]
    assert run("--days", "-1")[0] == 2
    site.close()
