"""`sekimori places` at the console (C1.2, C3.1, C8.1)."""

import json
from pathlib import Path

import pytest
from sites import make_site, people

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.record.asks.asset import RegisterAsset
from controller.record.asks.container import RegisterContainer
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper


def test_places_without_a_keeper_are_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 while a place is without, each named in words; a container stands under its name and takes what it holds; 0 at last."""
    site = people(make_site(tmp_path))
    assert site.asks(RegisterContainer("safe-a", "safe", "vault", "combination"), private={"name": "金庫A"}) is None
    assert site.asks(RegisterAsset(secrecy="secret", place="safe-a")) is None

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["places", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    def appoint(number: int, place: str) -> None:
        assert site.asks(ProposeKeeper(place, 1, 2), 1) is None
        assert site.asks(ApproveKeeper(number), 2) is None

    appoint(1, "vault")
    code, said = run("--json")
    answer = json.loads(said)
    found = {line["place"]: line for line in answer["places"]}
    assert code == 1 and answer["incomplete"] == 3
    assert found["safe-a"]["name"] == "金庫A" and found["safe-a"]["inside"] == "vault"
    assert (found["safe-a"]["lock"], found["vault"]["secrecy"]) == ("combination", "secret")
    assert found["safe-a"]["missing"] == ["manager", "deputy"] and found["vault"]["missing"] == []
    code, said = run("--missing", lang=Lang.JA)
    assert code == 1 and "金庫A" in said and "管理者・代理のいない場所 3" in said and "vault" not in said.replace("safe-a", "")
    for number, place in enumerate(("safe-a", "lab", "lobby"), 2):
        appoint(number, place)
    assert run()[0] == 0
    site.close()
