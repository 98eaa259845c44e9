"""`sekimori custody` at the console (C4.1, C9.1)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sites import make_site, people

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.ledger.ledger import Stamp
from controller.record.canonical import timestamp
from controller.record.kinds.custody import CustodyBegun, CustodyRequested
from controller.record.private import PrivateRef


def test_what_is_out_too_long_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 while something is out past its day, with whose it is; 0 when what is out is in time, or nothing is."""
    site = people(make_site(tmp_path))
    now = datetime.now(UTC)

    def run(*arguments: str, lang: Lang = Lang.EN) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(lang)(["custody", "--data", str(tmp_path), "--lang", str(lang), *arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    def out(number: int, hours: int) -> None:
        due, told = timestamp(now + timedelta(hours=hours)), PrivateRef(f"custody-{number}", 1, "ab" * 32)
        asked = CustodyRequested(number, 7, None, "take_off", "usb", "off_site", "lab", 1, 0, due, due, told, 2, "approved")
        begun = CustodyBegun(number, 7, 1, "take_off", "lab", "lab", "", 2, due, "open")
        with site.ledger.transaction():
            for body in (asked, begun):
                site.ledger.append(body, "operator:2", Stamp(timestamp(now), "boot-1", "synced"))

    assert run()[0] == 0
    out(3, 5)
    code, said = run()
    assert code == 0 and "USB memory" in said and "Off the site" in said and "Out" in said
    out(4, -1)

    code, said = run("--json")

    answer = json.loads(said)
    assert code == 1 and answer["late"] == 1
    assert [(line["custody"], line["person"], line["late"]) for line in answer["custody"]] == [(4, 1, True), (3, 1, False)]
    assert "期限超過 1 件" in run(lang=Lang.JA)[1]
    site.close()
