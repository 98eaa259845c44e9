"""`sekimori transports` at the console (C8.6)."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carrying_site import arrives, carrying_site, ordered

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.clock import SteppedClock


def test_what_is_wrong_on_its_way_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 where one is late or a seal differs, with its words; 0 when nothing is wrong; what has ended is listed on demand."""
    site = carrying_site(tmp_path, clock=SteppedClock(datetime.now(UTC)))

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["transports", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    assert run() == (0, "Nothing is being carried.\n")
    number = ordered(site, "dispatched")
    code, said = run()
    assert code == 0 and "Prototype lab" in said and "On its way" in said
    assert arrives(site, number, "B-7") is None

    code, said = run("--json")

    answer = json.loads(said)
    assert code == 1 and answer["wrong"] == 1
    assert [(one["state"], one["seal_differs"], one["late"]) for one in answer["transports"]] == [("arrived", True, False)]
    assert "運搬（異状 1 件）" in run(lang=Lang.JA)[1] and "封印の相違" in run(lang=Lang.JA)[1]
    assert run("--all")[0] == 1
    site.close()
