"""`sekimori export`, `verify` and `rebuild`."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from command_line import Said, sekimori
from site_process import SCRIPT, SiteProcess

from controller.cli.texts import Lang
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, VerifierKey, origin

CHANGED_LETTER = """update record set bytes = cast(replace(cast(bytes as text), 'office', 'offise') as blob)
    where instr(cast(bytes as text), 'right.requested')"""


@pytest.fixture
def rest(site: SiteProcess) -> SiteProcess:
    """A site with some records and a signed checkpoint over all of them, at rest."""
    with site.past() as past:
        person = past.person("山田 花子")
        past.right(person, "office")
        past.badge(person, "yamada")
    sekimori("operator", "add", "守", "--role", "guard", "--data", site.data)
    return site


def key(site: SiteProcess) -> str:
    """The site's verifier key."""
    return VerifierKey(origin("works", 1), site.keys.site.public.signing).text()


def codes(said: Said) -> set[str]:
    """The codes of the findings."""
    return {finding["code"] for finding in json.loads(said.out)["findings"]}


def copied(site: SiteProcess) -> Path:
    """A copy of the ledger without its triggers, to be tampered with."""
    copy = site.folder / "copy.sqlite3"
    shutil.copy(site.data / "ledger.sqlite3", copy)
    with sqlite3.connect(copy) as connection:
        connection.executescript("drop trigger record_is_not_changed; drop trigger record_is_not_deleted")
    connection.close()
    return copy


def tamper(path: Path, *statements: str) -> None:
    """Changes a ledger as its rules would never."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_export_is_whole_and_verifies_alone(rest: SiteProcess) -> None:
    """An export has every record; `verify` finds nothing wrong in it with neither settings, nor ledger, nor network."""
    out = rest.folder / "alone" / "all.jsonl"
    out.parent.mkdir()

    done = json.loads(sekimori("export", "-o", out, "--data", rest.data, "--json").out)

    assert (rest.size(), 1, rest.size()) == (done["count"], done["first"], done["last"])
    said = subprocess.run(
        ["unshare", "-rn", SCRIPT, "verify", out.name, "--key", key(rest), "--json"],
        cwd=out.parent, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in said.stderr:
        pytest.skip(f"no network namespaces here: {said.stderr.strip()}")
    report = json.loads(said.stdout)
    assert (0, True, rest.size(), rest.size()) == (said.returncode, report["ok"], report["count"], report["covered"])


def test_report_says_what_is_not_proven(rest: SiteProcess) -> None:
    """In words the report has range, count, gaps and first bad row, and without a key it says what that leaves open."""
    ledger = rest.data / "ledger.sqlite3"

    japanese, english = (sekimori("verify", ledger, lang=lang) for lang in Lang)

    assert (0, 0) == (japanese.code, english.code)
    for word in (
        f"1–{rest.size()}、{rest.size()} 件",
        "欠番            なし",
        "最初の不正な行  なし",
        "証明しないこと: 誰が署名したか",
    ):
        assert word in japanese.out
    for word in (f"1–{rest.size()}, {rest.size()} record(s)", "gaps            none", "not proven: Who signed it"):
        assert word in english.out


@pytest.mark.parametrize(
    ("expected", "statements"),
    [
        ("root", [CHANGED_LETTER]),
        ("tail", ["delete from record where seq = (select max(seq) from record)"]),
        ("gap", ["delete from record where seq = 3"]),
        (
            "seq",
            [
                "update record set seq = -1 where seq = 3",
                "update record set seq = 3 where seq = 4",
                "update record set seq = 4 where seq = -1",
            ],
        ),
    ],
)
def test_tampering_is_found(rest: SiteProcess, expected: str, statements: list[str]) -> None:
    """One changed letter, a removed last record, a hole and a swapped pair are each found: exit 1 and their code."""
    copy = copied(rest)
    assert 0 == sekimori("verify", copy, "--key", key(rest)).code
    tamper(copy, *statements)

    said = sekimori("verify", copy, "--key", key(rest), "--json")

    assert 1 == said.code
    assert expected in codes(said)
    words = sekimori("verify", copy, "--key", key(rest), lang=Lang.JA)
    assert (1, True) == (words.code, "✗" in words.out)


def test_cut_with_its_checkpoints_is_found_by_a_witness(rest: SiteProcess) -> None:
    """A ledger cut together with its own checkpoints looks whole, until a checkpoint kept elsewhere is laid beside it."""
    note = rest.folder / "witnessed.note"
    note.write_text(rest.query("select note from checkpoint order by size desc limit 1")[0][0])
    copy = copied(rest)
    tamper(
        copy,
        "delete from record where seq = (select max(seq) from record)",
        "delete from checkpoint where size = (select max(size) from checkpoint)",
    )

    alone = sekimori("verify", copy, "--key", key(rest), "--json")
    witnessed = sekimori("verify", copy, "--key", key(rest), "--checkpoint", note, "--json")

    assert (0, True) == (alone.code, "tail" in json.loads(alone.out)["unproven"])
    assert (1, True) == (witnessed.code, "tail" in codes(witnessed))


def test_forged_signature_is_found(rest: SiteProcess) -> None:
    """A checkpoint over the same records that another key signed is found."""
    copy = copied(rest)
    good = Checkpoint.parse(rest.query("select note from checkpoint order by size desc limit 1")[0][0])
    forged = good.sign(KeyPair.generate()).replace("'", "''")
    tamper(copy, f"update checkpoint set note = '{forged}' where size = {good.size}")

    said = sekimori("verify", copy, "--key", key(rest), "--json")

    assert (1, {"signature"}) == (said.code, codes(said))


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\x00" + bytes(100), b'{"sekimori-export":1}\n'])
def test_any_file_gets_an_answer(tmp_path: Path, content: bytes) -> None:
    """What is no ledger is a finding, never a traceback; a missing file and a bad key are errors."""
    path = tmp_path / "x"
    path.write_bytes(content)

    said = sekimori("verify", path, "--json")

    assert (1, True) == (said.code, "file" in codes(said))
    assert 2 == sekimori("verify", tmp_path / "nothing").code
    assert 2 == sekimori("verify", path, "--key", "no+such+key").code


def test_sheet_has_the_days_that_were_asked_for(rest: SiteProcess) -> None:
    """`--from` and `--to` are days on the site's clock, the last one included; the file appears whole, or not at all."""
    today = sekimori(
        "export",
        "-o",
        rest.folder / "a.csv",
        "--format",
        "csv",
        "--from",
        "2020-01-01",
        "--to",
        "2099-12-31",
        "--data",
        rest.data,
    )
    before = json.loads(
        sekimori(
            "export",
            "-o",
            rest.folder / "b.csv",
            "--format",
            "csv",
            "--to",
            "2020-01-01",
            "--data",
            rest.data,
            "--json",
        ).out
    )

    assert 0 == today.code
    assert (rest.folder / "a.csv").read_bytes().startswith("\ufeffseq,at,kind".encode())
    assert rest.size() + 1 == len((rest.folder / "a.csv").read_text().splitlines())
    assert 0 == before["count"]
    assert 2 == sekimori("export", "-o", rest.folder / "no" / "c.csv", "--data", rest.data).code
    assert 2 == sekimori("export", "-o", rest.folder / "c.csv", "--from", "soon", "--data", rest.data).code
    assert not list(rest.folder.glob("*.part"))


def test_rebuild_gives_the_same_tables(rest: SiteProcess) -> None:
    """`rebuild` folds every record anew, and the tables are as they were; what is private stays."""
    tables = [name for (name,) in rest.query("select name from sqlite_master where type = 'table' and name <> 'fold'")]
    before = {name: rest.query(f"select * from {name}") for name in tables}

    said = sekimori("rebuild", "--data", rest.data, "--json")

    assert (0, rest.size()) == (said.code, json.loads(said.out)["folded"])
    assert before == {name: rest.query(f"select * from {name}") for name in tables}


def test_rebuild_waits_for_nobody(running: SiteProcess) -> None:
    """While a controller runs, `rebuild` ends with 2 and touches nothing."""
    assert 2 == sekimori("rebuild", "--data", running.data).code
