"""`sekimori cabinet` at the console (C8.2)."""

import json
from pathlib import Path

import pytest
from sites import CABINET_TOML, make_site, people, tap

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.inbox import DigitsTyped, SlotSeen
from controller.record.asks.key import RegisterKey


def test_what_is_wrong_in_a_cabinet_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 while each key hangs or is lent, with who has it; 1 with one that is gone and one that is overdue, in words."""
    site = people(make_site(tmp_path, text=CABINET_TOML))
    for slot in (1, 2):
        body = RegisterKey(label=f"K-{slot}", home="lab", opens="lab", cabinet="main", slot=slot, due_minutes=1)
        assert site.asks(body, private={"name": "鍵"}) is None

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["cabinet", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), "".join(capsys.readouterr())

    site.turn(*(SlotSeen("main", slot, True) for slot in (1, 2)))
    code, said = run()
    assert code == 0 and "K-1" in said and "Key cabinet (0 wrong)" in said

    site.turn(tap("desk", "card:1"), DigitsTyped("desk", "1"), SlotSeen("main", 1, False), SlotSeen("main", 2, False))
    code, said = run("--json")
    found = {line["slot"]: line for line in json.loads(said)["slots"]}
    assert code == 1
    assert (found[1]["state"], found[1]["person"], found[2]["state"], found[3]["key"]) == ("lent", 1, "missing", None)
    assert "返却期限を過ぎています" in run(lang=Lang.JA)[1]
    site.close()
