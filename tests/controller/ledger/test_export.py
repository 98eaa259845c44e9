"""Exports: exact bytes that prove themselves, sheets that calculate nothing, files whole or not at all."""

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import TestSite, exit_button, leaf, make_site, people, tap

from controller.ledger import export
from controller.ledger.archive import END_MARK, EXPORT_MARK, PATH_MARK
from controller.ledger.database import open_reader
from controller.ledger.export import COLUMNS, cell, export_records, prove, write_evidence
from controller.ledger.verify import verify_file
from controller.record.canonical import moment
from controller.record.envelope import decode
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, VerifierKey


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> TestSite:
    """A site with a few hundred records over some hours, closed, its checkpoints as the loop made them."""
    site = people(make_site(tmp_path_factory.mktemp("site")))
    for n in range(60):
        site.turn(tap("lab-door/in", f"card:{n % 6}"), leaf("lab-door", True))
        site.step(61)
        site.turn(leaf("lab-door", False), exit_button("front"))
        site.step(61)
        site.turn()
    site.loop.sign()
    site.turn(tap("front/in", "card:1"))
    return site


@pytest.fixture
def reader(site: TestSite) -> sqlite3.Connection:
    return open_reader(site.path)


def records(path: Path) -> list[bytes]:
    marks = (EXPORT_MARK, PATH_MARK, END_MARK)
    return [line[:-1] for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(marks)]


def test_a_complete_export_is_the_exact_bytes(site: TestSite, reader: sqlite3.Connection, tmp_path: Path) -> None:
    """Every record stands in the file to the byte, between a head with the newest checkpoint and an end with the count."""
    out = tmp_path / "all.jsonl"
    done = export_records(reader, out)

    lines = out.read_bytes().splitlines()
    assert records(out) == [data for (data,) in reader.execute("select bytes from record order by seq")]
    assert json.loads(lines[0])["checkpoint"].startswith(f"sekimori/works/1\n{site.ledger.size - 1}\n")
    assert json.loads(lines[-1]) == {"end": site.ledger.size}
    assert done.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (done.count, done.first, done.last, done.complete) == (site.ledger.size, 1, site.ledger.size, True)
    assert out.stat().st_mode & 0o777 == 0o600
    report = verify_file(out, key=site.vkey)
    assert report.ok and report.covered == site.ledger.size - 1


@pytest.mark.parametrize("last", [1, 2, 57, 200])
def test_a_prefix_is_proven_by_a_checkpoint_inside_it(
    site: TestSite, reader: sqlite3.Connection, tmp_path: Path, last: int
) -> None:
    """An export of the first records carries the newest checkpoint that they reach, and is verified against it."""
    out = tmp_path / "prefix.jsonl"
    done = export_records(reader, out, last=last)
    report = verify_file(out, key=site.vkey)

    assert done.complete and done.last == last
    assert report.ok and report.last == last
    assert report.covered == (done.checkpoint or 0) <= last


@pytest.mark.parametrize("span", [(2, 9), (50, 300), (250, 260), (200, None)])
def test_chosen_records_carry_their_paths(
    site: TestSite, reader: sqlite3.Connection, tmp_path: Path, span: tuple[int, int | None]
) -> None:
    """An export from the middle proves each of its records by itself, and says that it proves nothing between them."""
    out = tmp_path / "part.jsonl"
    done = export_records(reader, out, first=span[0], last=span[1])
    report = verify_file(out, key=site.vkey)

    newest = site.ledger.size
    assert not done.complete and (done.first, done.last) == (span[0], span[1] or newest)
    assert report.ok and report.count == done.count == (span[1] or newest) - span[0] + 1
    assert "between" in report.unproven
    assert ("newest" in report.unproven) == (span[1] is None)


def test_a_period_is_chosen_by_what_records_say(site: TestSite, reader: sqlite3.Connection, tmp_path: Path) -> None:
    """From and to choose by the records' own times, the first included and the last not."""
    times = [decode(data).at for (data,) in reader.execute("select bytes from record order by seq")]
    begin, end = moment(times[100]), moment(times[200])
    out = tmp_path / "period.jsonl"
    done = export_records(reader, out, from_at=begin, to_at=end)

    expected = [n for n, at in enumerate(times, 1) if times[100] <= at < times[200]]
    assert [decode(data).seq for data in records(out)] == expected
    assert (done.count, done.complete) == (len(expected), False)
    assert verify_file(out, key=site.vkey).ok
    nothing = export_records(reader, out, from_at=end + timedelta(days=99))
    assert (nothing.count, nothing.first, nothing.last) == (0, None, None)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("root", lambda lines: [*lines[:50], lines[50].replace(b'"boot":"boot-1"', b'"boot":"boot-2"'), *lines[51:]]),
        ("seq", lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]]),
        ("seq", lambda lines: [*lines[:9], *lines[10:]]),
        ("end", lambda lines: lines[:-1]),
        ("end", lambda lines: lines[:-2] + lines[-1:]),
        ("end", lambda lines: [*lines, lines[5]]),
        ("end", lambda lines: [*lines, b"\n"]),
        ("end", lambda lines: [*lines[:-1], lines[-1].rstrip()]),
        ("tail", lambda lines: [*lines[:-3], b'{"end":%d}\n' % (len(lines) - 4)]),
        ("canonical", lambda lines: [*lines[:9], b" " + lines[9], *lines[10:]]),
        ("record", lambda lines: [*lines[:9], b"\n", *lines[9:]]),
        ("opening", lambda lines: [lines[0], *lines[2:]]),
        ("file", lambda lines: [lines[0][:-20] + b"\n", *lines[1:]]),
        ("file", lambda lines: [lines[0].replace(b'":1,', b'":"x",', 1), *lines[1:]]),
        ("note", lambda lines: [lines[0].replace(b"sekimori/works/1\\n", b"sekimori/works/9\\n"), *lines[1:]]),
    ],
)  # fmt: skip
def test_a_changed_export_is_found(
    site: TestSite, reader: sqlite3.Connection, tmp_path: Path, code: str, change
) -> None:
    """A line changed, moved, dropped, doubled or cut off is found in the file alone."""
    out = tmp_path / "all.jsonl"
    export_records(reader, out)
    out.write_bytes(b"".join(change(out.read_bytes().splitlines(keepends=True))))

    report = verify_file(out, key=site.vkey)

    assert code in {finding.code for finding in report.findings}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("proof", lambda lines: [lines[0], lines[1].replace(b"boot-1", b"boot-2"), *lines[2:]]),
        ("proof", lambda lines: [lines[0], lines[3], lines[2], lines[1], *lines[4:]]),
        ("proof", lambda lines: [lines[0], lines[1], *lines[3:]]),
        ("proof", lambda lines: [lines[0], *lines[2:]]),
        ("proof", lambda lines: [*lines[:2], b'{"path":7}\n', *lines[3:]]),
        ("seq", lambda lines: [lines[0], *lines[3:5], *lines[1:3], *lines[5:]]),
        ("seq", lambda lines: [*lines[:3], *lines[1:3], *lines[3:]]),
        ("end", lambda lines: [*lines[:-3], lines[-1]]),
        ("end", lambda lines: lines[:-1]),
        ("note", lambda lines: [lines[0].replace(b"\\n\\n", b""), *lines[1:]]),
    ],
)
def test_a_changed_choice_is_found(
    site: TestSite, reader: sqlite3.Connection, tmp_path: Path, code: str, change
) -> None:
    """In an export of chosen records a changed record, a moved or missing path, and a cut end are found."""
    out = tmp_path / "part.jsonl"
    export_records(reader, out, first=40, last=60)
    out.write_bytes(b"".join(change(out.read_bytes().splitlines(keepends=True))))

    report = verify_file(out, key=site.vkey)

    assert code in {finding.code for finding in report.findings}


def test_a_choice_is_held_against_the_key_and_a_witness(
    site: TestSite, reader: sqlite3.Connection, tmp_path: Path
) -> None:
    """An export of chosen records by a stranger's checkpoint, or against a kept one of the same size, is found."""
    out = tmp_path / "part.jsonl"
    export_records(reader, out, first=40, last=60)
    size, origin = site.ledger.size - 1, site.ledger.origin
    other = Checkpoint(origin, size, bytes(32)).sign(site.key)

    assert not verify_file(out, key=VerifierKey(origin, KeyPair.generate().public.signing)).ok
    assert [f.code for f in verify_file(out, notes=[other], key=site.vkey).findings] == ["fork"]
    assert verify_file(out).ok and "signature" in verify_file(out).unproven


@given(st.data())
def test_any_damage_to_an_export_is_read_to_a_report(
    site: TestSite, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is cut out of an export or put into it, the answer is a report, and never a good one about fewer records."""
    folder = tmp_path_factory.mktemp("damage")
    connection = open_reader(site.path)
    out = folder / "x.jsonl"
    export_records(connection, out, **data.draw(st.sampled_from([{"last": 60}, {"first": 20, "last": 40}])))
    connection.close()
    raw = out.read_bytes()
    begin = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(begin, len(raw)))
    changed = raw[:begin] + data.draw(st.binary(max_size=30)) + raw[end:]
    out.write_bytes(changed)
    report = verify_file(out, key=site.vkey)
    shutil.rmtree(folder)

    assert report.ok <= (changed == raw) or json.loads(changed.splitlines()[0]) is not None
    if report.ok:
        assert report.count == changed.count(b'{"at":')


def test_a_sheet_opens_in_a_sheet_program(site: TestSite, reader: sqlite3.Connection, tmp_path: Path) -> None:
    """CSV has a BOM, CRLF and the named columns; its cells are the record's, the body as canonical JSON."""
    out = tmp_path / "all.csv"
    done = export_records(reader, out, format="csv", first=1, last=100)
    raw = out.read_bytes()

    assert raw.startswith(b"\xef\xbb\xbfseq,at,kind,portal,zone,person,code,by,body,mark\r\n")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 101
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [int(row["seq"]) for row in rows] == list(range(1, 101))
    assert (done.count, done.checkpoint, done.sha256) == (100, None, hashlib.sha256(raw).hexdigest())
    for row, (data,) in zip(rows, reader.execute("select bytes from record order by seq limit 100"), strict=True):
        record = decode(data)
        assert (row["at"], row["kind"], row["by"]) == (record.at, record.kind, record.by)
        assert f'"body":{row["body"]}'.encode() in data
    granted = next(row for row in rows if row["kind"] == "right.approved")
    assert granted["by"] == "operator:2"


@given(st.text(max_size=20))
def test_no_cell_calculates(text: str) -> None:
    """No cell begins with what a sheet program takes for a formula, in either width; the text is otherwise kept."""
    made = cell(text)

    assert not made.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert made in (text, "'" + text)


def test_a_hostile_record_is_harmless_in_a_sheet(tmp_path: Path) -> None:
    """Records of another program with formulas, line breaks and quotes in them stay in their row and calculate nothing."""
    site = make_site(tmp_path)
    hostile = '=HYPERLINK(\\"http://x\\")\\r\\n,;'
    size = site.ledger.size
    data = (
        f'{{"at":"{hostile}","body":{{"portal":"{hostile}"}},"boot":"b","by":"@SUM(1)","clock":"c",'
        f'"kind":"-1+1","seq":{size + 1},"v":1}}'
    )
    site.ledger.connection.execute("insert into record values (?, ?)", (size + 1, data.encode()))
    site.ledger.connection.execute("insert into record values (?, ?)", (size + 2, b"\xff=no record"))
    export_records(site.ledger.connection, tmp_path / "x.csv", format="csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "x.csv").read_text("utf-8-sig"), newline="")))

    assert all(len(row) == len(COLUMNS) for row in rows)
    assert len(rows) == size + 3
    assert not [text for row in rows for text in row if text.startswith(("=", "+", "-", "@"))]
    site.close()


def test_a_file_appears_whole_or_not_at_all(
    reader: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that breaks leaves the older file as it was and nothing beside it; a retry replaces it."""
    out = tmp_path / "all.jsonl"
    out.write_bytes(b"older")
    for name in ("inclusion_proof", "line"):
        monkeypatch.setattr(export, name, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            export_records(reader, out, first=30, last=99)
        monkeypatch.undo()

        assert out.read_bytes() == b"older"
        assert [entry.name for entry in tmp_path.iterdir()] == ["all.jsonl"]
    (tmp_path / "all.jsonl.part").write_bytes(b"left by a kill")
    export_records(reader, out)
    assert verify_file(out).ok and [entry.name for entry in tmp_path.iterdir()] == ["all.jsonl"]


def test_nonsense_is_refused(reader: sqlite3.Connection, tmp_path: Path) -> None:
    """An unknown format or a time without a zone is refused before a file is touched; a senseless range is empty."""
    naive = moment("2026-11-24T00:00:00.000000Z").replace(tzinfo=None)
    for arguments in ({"format": "xml"}, {"from_at": naive}, {"to_at": naive}):
        with pytest.raises(ValueError, match=r"none of|time zone"):
            export_records(reader, tmp_path / "x", **arguments)
    assert list(tmp_path.iterdir()) == []
    for first, last in ((9, 3), (10**9, None), (5, -1)):
        assert export_records(reader, tmp_path / "x", first=first, last=last).count == 0
        assert not verify_file(tmp_path / "x").ok or verify_file(tmp_path / "x").count == 0


def test_evidence_is_a_file(site: TestSite, reader: sqlite3.Connection, tmp_path: Path) -> None:
    """Evidence is written whole, and verified from the file as from the hand."""
    digest = write_evidence(prove(reader, 77), tmp_path / "77.json")

    assert hashlib.sha256((tmp_path / "77.json").read_bytes()).hexdigest() == digest
    report = verify_file(tmp_path / "77.json", key=site.vkey)
    assert report.ok and (report.source, report.first, report.count) == ("evidence", 77, 1)


def test_an_export_of_an_empty_ledger_has_no_records(tmp_path: Path) -> None:
    """A ledger that has not begun exports to a file that says so."""
    site = make_site(tmp_path, start=False)
    done = export_records(site.ledger.connection, tmp_path / "none.jsonl")

    assert (done.count, done.checkpoint) == (0, None)
    assert {finding.code for finding in verify_file(tmp_path / "none.jsonl").findings} == {"opening"}
    site.close()
