"""`sekimori keys` at the console: where keys are, and loans by hand while the dashboard is away (C8.2)."""

import json
from pathlib import Path

import pytest
from key_site import CUSTODIAN, add_key, dues, key_site, lent, state
from sites import SITE_TOML, TestSite

from controller.cli.program import program
from controller.cli.texts import Lang
from controller.keyring import site_keys
from controller.record.asks.key import ReportKeyLost


@pytest.fixture
def site(tmp_path: Path) -> TestSite:
    return key_site(tmp_path)


def test_a_key_is_lent_and_taken_back_at_the_console(site: TestSite) -> None:
    """By the same rules as at the dashboard: those who agree are named, are others, and may enter the place themselves."""
    number = add_key(site, "K-01", authorisers=1)

    assert site.console("key.lend", key=number, person=1, purpose="点検")["code"] == "authoriser"
    assert site.console("key.lend", key=number, person=1, purpose="点検", agreed=[1])["code"] == "second_person"
    assert site.console("key.lend", key=number, person=1, purpose="点検", agreed=[3])["code"] == "right"
    assert site.console("key.lend", key=number, person=1, purpose=" ", agreed=[2])["code"] == "purpose"
    assert site.console("key.lend", key=99, person=1, purpose="点検")["code"] == "subject"
    assert site.console("key.lend", key=number, person=1, purpose="点検", agreed=[2])["code"] is None
    assert state(site, number) == "lent" and site.records()[-1].by == "console"

    assert site.console("key.return", key=number, returned_by=2)["code"] is None
    assert state(site, number) == "in_place" and "loan:1" not in dues(site)
    assert site.console("key.lost", key=number, reason="紛失")["code"] is None
    assert dues(site) == [f"lock_change:{number}"]
    site.close()


def test_a_place_is_counted_at_the_console(site: TestSite) -> None:
    """All but those that are named are there; the round begins and ends with it."""
    there, gone = add_key(site, "K-01"), add_key(site, "K-02")

    answer = site.console("key_audit.count", place="lobby", absent=[gone])

    kinds = [record.kind for record in site.records()]
    assert answer["code"] is None and kinds[-5:-1].count("key_audit.counted") == 2 and "key_audit.ended" in kinds
    assert (state(site, there), state(site, gone)) == ("in_place", "missing")
    assert site.console("key_audit.count", place="vault")["code"] == "subject"
    assert site.console("key_audit.count", place="lobby", absent=[99])["code"] == "subject"
    site.close()


def test_the_console_is_not_two_people(tmp_path: Path) -> None:
    """Where two are asked for, what is counted here waits for somebody else at the dashboard to end it."""
    site = key_site(tmp_path, SITE_TOML + "\n[keys]\naudit_by_two = true\n")
    add_key(site, "K-01")

    assert site.console("key_audit.count", place="lobby")["code"] is None

    assert "key_audit.ended" not in site.kinds() and dues(site) == ["key_audit:1"]
    site.close()


def test_the_list_is_an_exit_code(site: TestSite, capsys: pytest.CaptureFixture[str]) -> None:
    """1 while a key is overdue, missing or lost; a label that no key bears, and a name that nobody has, are said."""

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            program(Lang.EN)(["keys", *arguments, "--data", str(site.folder), "--lang", "en"])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    number = add_key(site, "K-01")
    assert run("list")[0] == 0
    lent(site, number)
    assert site.asks(ReportKeyLost(add_key(site, "K-02")), CUSTODIAN) is None
    code, said = run("list", "--json")
    lines = {line["label"]: line for line in json.loads(said)["keys"]}
    assert code == 1 and lines["K-02"]["state"] == "lost" and lines["K-01"]["person"] == 1
    site.close()
    site_keys(site.folder / "made")
    (site.folder / "made/keys").rename(site.folder / "keys")  # where an installed site has them
    (site.folder / "site.key").rename(site.folder / "keys/site.key")

    assert run("return", "K-09") == (1, "sekimori: Not done: It does not exist, or its state does not allow this (body.key)\n")
    assert run("lend", "K-01", "--to", "nobody", "--for", "x")[0] == 1
    assert run("return", "K-01", "--by", "2") == (0, "K-01 is back.\n")
    assert run("audit", "lobby", "--absent", "K-01") == (1, "2 keys were counted, 1 not as they should be.\n")
    assert run("lost", "K-01", "--reason", "x") == (0, "K-01 is reported lost. Have its lock changed.\n")
