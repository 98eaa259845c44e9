"""`sekimori tethers` and `check` at the console: wires, the check list, and stations (C8.13)."""

import json
from pathlib import Path

import pytest
from sites import STATION_TOML, make_site, people

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.inbox import ContactSeen
from controller.record.asks.tether import BeginTetherRound, CheckTether, RegisterTether

TETHER = """
[[tether]]
id = "pc-1"
name = { ja = "測定用PC", en = "Measuring PC" }
zone = "lab"
input = "simulated:41"
"""


def test_wires_and_things_at_the_console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 while all is well; 1 while a wire is cut or a thing is damaged; names in the language asked for, JSON for programs."""
    site = people(make_site(tmp_path, text=STATION_TOML + TETHER))

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)([*arguments, "--lang", str(lang)])
        return int(ended.value.code or 0), capsys.readouterr().out

    data = ("--data", str(tmp_path))
    site.turn(ContactSeen("pc-1", "tether", True))
    assert site.asks(RegisterTether("drive", "vault", 30), private={"name": "外付けディスク"}) is None
    code, said = run("tethers", *data)
    assert code == 0 and "Measuring PC" in said and "外付けディスク" in said

    site.turn(ContactSeen("pc-1", "tether", False))
    assert site.asks(BeginTetherRound(), 2) is None
    assert site.asks(CheckTether(1, 1, "damaged"), 2, private={"note": "x"}) is None
    code, said = run("tethers", *data, "--json")
    answer = json.loads(said)
    assert (code, answer["cut"], answer["wrong"], answer["round"]) == (1, 1, 1, 1)
    assert [(one["tether"], one["state"]) for one in answer["wires"]] == [("pc-1", "cut")]
    assert "切断 1 件" in run("tethers", *data, lang=Lang.JA)[1]

    code, said = run("check", *data)
    assert code == 0 and "Key desk" in said and "Measuring PC" in said
    site.close()
