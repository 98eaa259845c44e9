"""`verify`: each way in which a ledger can be wrong is found, without settings, network or the site (issue 2, evidence)."""

import hashlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import BEGAN, make_site, people, tap

from controller.ledger.export import export_records, prove
from controller.ledger.ledger import Ledger, Stamp
from controller.ledger.report import CODES, UNPROVEN, Report
from controller.ledger.verify import verify_evidence, verify_file
from controller.record.canonical import canonical, timestamp
from controller.record.envelope import decode
from controller.record.keys import KeyPair
from controller.record.kinds.door import DoorClosed, DoorForced
from controller.record.note import Checkpoint, VerifierKey
from controller.record.tree import leaf_hash, root_of

KEY = KeyPair.generate()
STAMP = Stamp(timestamp(BEGAN), "boot-1", "synced")
VKEY = VerifierKey("sekimori/works/1", KEY.public.signing)
SWAPPED_KEYS = b'{"status":"secure","portal":"lab-door"}'
SIZES = (1, 2, 100, 255, 256, 257, 512, 600, 700)
LAST = 703


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger of 703 records, with checkpoints at `SIZES`."""
    ledger = Ledger(tmp_path_factory.mktemp("whole") / "ledger.sqlite3", "works")
    ledger.begin(STAMP)
    for size in (*SIZES, LAST):
        with ledger.transaction():
            while ledger.size < size:
                body = DoorForced("扉", "forced") if ledger.size % 2 else DoorClosed("lab-door", "secure")
                ledger.append(body, "controller", STAMP)
            if size in SIZES:
                ledger.keep_checkpoint(ledger.checkpoint(), ledger.checkpoint().sign(KEY), STAMP.at)
    ledger.close()
    return ledger.path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Iterator["Copy"]:
    copy = Copy(Path(shutil.copy(whole, tmp_path / "copy.sqlite3")))
    yield copy
    copy.connection.close()


class Copy:
    """A ledger whose triggers are gone: as somebody with the file can make it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        for trigger in self.connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            self.connection.execute(f"drop trigger {trigger[0]}")

    def run(self, statement: str, *values: object) -> None:
        assert self.connection.execute(statement, values).rowcount != 0

    def bytes(self, seq: int) -> bytes:
        data: bytes = self.connection.execute("select bytes from record where seq = ?", (seq,)).fetchone()[0]
        return data

    def put(self, seq: int, data: bytes) -> None:
        self.run("update record set bytes = ? where seq = ?", data, seq)

    def note(self, size: int) -> str:
        text: str = self.connection.execute("select note from checkpoint where size = ?", (size,)).fetchone()[0]
        return text

    def report(self, *notes: str, key: VerifierKey | None = VKEY) -> Report:
        self.connection.execute("pragma wal_checkpoint(truncate)")
        return verify_file(self.path, notes=notes, key=key)


def codes(report: Report) -> list[str]:
    assert all(finding.code in CODES and finding.text for finding in report.findings)
    assert all(code in UNPROVEN for code in report.unproven)
    return sorted({finding.code for finding in report.findings})


def test_a_whole_ledger_is_whole(whole: Path) -> None:
    """A good ledger is reported whole: range, root, each checkpoint, and plainly what is not proven."""
    leaves = [leaf_hash(row[0]) for row in sqlite3.connect(whole).execute("select bytes from record order by seq")]

    report = verify_file(whole, key=VKEY)

    assert report.ok and report.findings == ()
    assert (report.origin, report.count, report.first, report.last) == ("sekimori/works/1", LAST, 1, LAST)
    assert report.root == root_of(leaves).hex()
    assert (report.checkpoints, report.signed, report.covered) == (9, 9, 700)
    assert report.unproven == ("newest", "tail")
    without = verify_file(whole)
    assert without.ok and without.signed == 0 and without.unproven == ("newest", "signature", "tail")


def test_a_published_checkpoint_proves_the_tail(copy: Copy) -> None:
    """With the newest checkpoint from elsewhere and the key, nothing but the records after it is unproven."""
    newest = Checkpoint("sekimori/works/1", LAST, bytes.fromhex(copy.report().root or "")).sign(KEY)

    assert copy.report(copy.note(700)).unproven == ("newest",)
    report = copy.report(newest, copy.note(256))
    assert report.ok and report.unproven == () and report.covered == LAST
    assert (report.checkpoints, report.signed) == (11, 11)


@pytest.mark.parametrize("seq", [1, 2, 255, 256, 257, 300, 512, 700])
def test_one_changed_byte_is_found(copy: Copy, seq: int) -> None:
    """One changed byte of a record, still a good record, is found, and between which checkpoints it is."""
    data = copy.bytes(seq).replace(b'"boot":"boot-1"', b'"boot":"boot-2"')
    copy.put(seq, data)

    report = copy.report()

    assert codes(report) == ["root"]
    (finding,) = report.findings
    assert finding.first is not None and finding.last is not None
    assert finding.first <= seq <= finding.last
    assert report.covered == max((size for size in SIZES if size < seq), default=0)
    assert report.first_bad == report.covered + 1


@given(st.integers(1, 700), st.integers(0, 200), st.integers(0, 7))
def test_any_changed_bit_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, seq: int, at: int, bit: int
) -> None:
    """Whichever bit of whichever covered record is turned, verification finds something."""
    copy = Copy(Path(shutil.copy(whole, tmp_path_factory.mktemp("bit") / "copy.sqlite3")))
    data = bytearray(copy.bytes(seq))
    data[at % len(data)] ^= 1 << bit
    copy.put(seq, bytes(data))

    report = copy.report()
    copy.connection.close()

    assert not report.ok
    if seq == 1 and "note" in codes(report):
        return  # the name of the site itself was turned: then its checkpoints are another ledger's
    assert report.first_bad is not None and report.first_bad <= seq
    assert "root" in codes(report)


def test_a_removed_last_record_is_found(copy: Copy) -> None:
    """A ledger that lost its end, its checkpoints cut as well, is found by a checkpoint that somebody kept (C: witness)."""
    published = copy.note(700)
    copy.run("delete from record where seq > 699")
    assert codes(copy.report()) == ["tail"]

    copy.run("delete from checkpoint where size > 699")
    assert copy.report().ok, "by itself it looks whole"
    assert "tail" in copy.report().unproven
    report = copy.report(published)
    assert codes(report) == ["tail"]
    assert (report.findings[0].first, report.findings[0].last) == (700, 700)


def test_a_swapped_pair_is_found(copy: Copy) -> None:
    """Two records that changed places are found at their places; when they also changed their numbers, by the tree."""
    five, six = copy.bytes(5), copy.bytes(6)
    copy.put(5, six)
    copy.put(6, five)
    report = copy.report()
    assert codes(report) == ["root", "seq"] and report.first_bad == 3
    assert [f.first for f in report.findings if f.code == "seq"] == [5, 6]

    copy.put(5, six.replace(b'"seq":6', b'"seq":5'))
    copy.put(6, five.replace(b'"seq":5', b'"seq":6'))
    assert codes(copy.report()) == ["root"]


def test_a_gap_is_found(copy: Copy) -> None:
    """Missing records are named, whatever stands behind them is still looked at, and no root is claimed."""
    copy.run("delete from record where seq in (300, 301, 302, 400)")
    copy.put(500, copy.bytes(500) + b" ")

    report = copy.report()

    assert report.gaps == ((300, 302), (400, 400))
    assert codes(report) == ["canonical", "gap"]
    assert report.root is None and report.covered == 257 and report.first_bad == 300
    assert (report.count, report.last) == (LAST - 4, LAST)


@pytest.mark.parametrize("seqs", [(1,), (1, 2, 3), (256,), (257,)])
def test_a_gap_at_an_edge_is_found(copy: Copy, seqs: tuple[int, ...]) -> None:
    """A missing first record, or one at a block's edge, is a gap."""
    for seq in seqs:
        copy.run("delete from record where seq = ?", seq)

    report = copy.report()

    assert report.gaps == ((seqs[0], seqs[-1]),)
    assert "gap" in codes(report) and report.root is None


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("canonical", lambda data: data + b" "),
        ("canonical", lambda data: b" " + data),
        ("canonical", lambda data: data.replace(b'"v":1', b'"v": 1')),
        ("canonical", lambda data: data.replace(b',"v":1}', b',"v":1,"v":1}')),
        ("canonical", lambda data: data.replace(b"lab-door", b"lab\\u002ddoor")),
        ("canonical", lambda data: data.replace(b"lab-door", b"lab-door\\/")),
        ("canonical", lambda data: data.replace(b'{"portal":"lab-door","status":"secure"}', SWAPPED_KEYS)),
        ("canonical", lambda data: data + b"\n"),
        ("record", lambda data: data[:-1]),
        ("record", lambda data: b""),
        ("record", lambda data: b"null"),
        ("record", lambda data: data + data),
        ("record", lambda data: data + b"\n" + data),
        ("record", lambda data: data.replace(b'"v":1', b'"v":1,"x":1')),
        ("record", lambda data: data.replace(b"lab-door", b"lab\xff\xfedoor")),
        ("record", lambda data: data.replace(b'"lab-door"', b"[" * 3000 + b"]" * 3000)),
        ("seq", lambda data: data.replace(b'"seq":701', b'"seq":702')),
        ("seq", lambda data: data.replace(b'"seq":701', b'"seq":-701')),
    ],
)  # fmt: skip
def test_bytes_in_no_canonical_form_are_found(copy: Copy, code: str, change: "object") -> None:
    """Bytes that say a record in another form, say none, or say another place, are found even where no checkpoint reaches."""
    assert b"lab-door" in copy.bytes(701)
    copy.put(701, change(copy.bytes(701)))  # type: ignore[operator]

    report = copy.report()

    assert codes(report) == [code]
    assert report.first_bad == 701


def test_two_wrong_rows_do_not_make_a_right_one(copy: Copy) -> None:
    """Rows whose bytes only together are good lines are each found: a row is judged by itself."""
    one, two, three = copy.bytes(701), copy.bytes(702), copy.bytes(703)
    copy.put(701, one + b"\n" + two)
    copy.put(702, b"")
    report = copy.report()
    assert [f.first for f in report.findings if f.code == "record"] == [701, 702]

    copy.put(701, one[:40])
    copy.put(702, one[40:] + b"\n" + two)
    assert {f.first for f in copy.report().findings} == {701, 702}
    copy.put(702, two)
    copy.put(701, one)
    copy.put(703, three)
    assert copy.report().ok


def forged(note: str, key: KeyPair) -> str:
    checkpoint = Checkpoint.parse(note)
    return Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root).sign(key)


def test_a_forged_signature_is_found(copy: Copy) -> None:
    """A checkpoint of the right root signed by another key, or by nobody, is found once the key is given; not before."""
    for size, note in ((600, forged(copy.note(600), KeyPair.generate())), (700, copy.note(700).split("—")[0])):
        copy.run("update checkpoint set note = ? where size = ?", note, size)
    report = copy.report()

    assert codes(report) == ["signature"]
    assert [f.checkpoint for f in report.findings] == [600, 700]
    assert report.covered == 512 and report.signed == 7
    assert copy.report(key=None).ok and "signature" in copy.report(key=None).unproven
    assert codes(copy.report(key=VerifierKey(VKEY.name, KeyPair.generate().public.signing))) == ["signature"]
    assert codes(copy.report(forged(copy.note(512), KeyPair.generate()))) == ["signature"]


def test_a_forged_ledger_is_found_by_the_key_or_a_witness(copy: Copy) -> None:
    """Who rewrites records and checkpoints consistently is found by the site's key, and by any checkpoint kept elsewhere."""
    kept, thief = copy.note(600), KeyPair.generate()
    copy.put(300, copy.bytes(300).replace(b"boot-1", b"boot-9"))
    leaves = [leaf_hash(data) for (data,) in copy.connection.execute("select bytes from record order by seq")]
    for size in SIZES:
        note = Checkpoint("sekimori/works/1", size, root_of(leaves[:size])).sign(thief)
        copy.run("update checkpoint set note = ? where size = ?", note, size)

    assert copy.report(key=None).ok
    assert codes(copy.report(key=VKEY)) == ["signature"]
    assert codes(copy.report(kept, key=None)) == ["fork"]


def test_a_checkpoint_of_another_history_is_found(copy: Copy) -> None:
    """A signed checkpoint that contradicts records which a later checkpoint confirms is a fork, not a changed record."""
    other = Checkpoint("sekimori/works/1", 512, bytes(32)).sign(KEY)

    report = copy.report(other)

    assert codes(report) == ["fork"] and report.findings[0].checkpoint == 512
    assert report.first_bad is None and report.covered == 700


@pytest.mark.parametrize(
    "note",
    [
        "",
        "junk",
        "a\nb\nc\n\n",
        Checkpoint("sekimori/works/2", 5, bytes(32)).sign(KEY),
        Checkpoint("x", 9999, bytes(32)).sign(KEY),
    ],
)
def test_notes_that_are_none_are_found(copy: Copy, note: str) -> None:
    """A text that is no checkpoint, or one of another ledger or epoch, is a finding wherever it comes from."""
    assert codes(copy.report(note)) == ["note"]
    copy.run("update checkpoint set note = ? where size = 512", note)
    assert codes(copy.report()) == ["note"]


def test_a_checkpoint_filed_under_another_size_is_found(copy: Copy) -> None:
    """A stored checkpoint whose row says another size than its note is a finding, and so is one over nothing."""
    copy.run("update checkpoint set size = 650 where size = 600")
    assert codes(copy.report()) == ["note"]
    good = Checkpoint("sekimori/works/1", 0, hashlib.sha256(b"").digest()).sign(KEY)
    assert codes(copy.report(good)) == ["note"]
    assert codes(copy.report(Checkpoint("sekimori/works/1", 0, bytes(32)).sign(KEY))) == ["fork", "note"]


def test_stored_nodes_are_not_believed(copy: Copy) -> None:
    """What the ledger keeps about its tree is not used: wrong nodes neither hide nor raise anything."""
    copy.run("update node set hash = zeroblob(32)")
    assert copy.report().ok
    copy.run("drop table node")
    assert copy.report().ok


@pytest.mark.parametrize(
    "statement",
    [
        "delete from record",
        "drop table record",
        "alter table record rename column bytes to text",
        "drop table checkpoint",
        "insert into record values (0, x'7b7d')",
        "insert into record values (-5, x'7b7d')",
    ],
)
def test_a_mutilated_database_is_a_finding(copy: Copy, statement: str) -> None:
    """A ledger without its tables or with rows where none can be is reported, not raised."""
    copy.run(statement)

    report = copy.report()

    assert set(codes(report)) & {"file", "opening", "record", "seq"}


def test_a_loose_table_is_a_finding(copy: Copy) -> None:
    """Rows that are no bytes, in a table that takes anything, are reported, not raised."""
    rows = copy.connection.execute("select seq, bytes from record").fetchall()
    copy.run("drop table record")
    copy.connection.execute("create table record (seq, bytes)")
    copy.connection.executemany("insert into record values (?, ?)", rows)
    assert copy.report().ok
    copy.run("update record set bytes = 'text' where seq = 9")
    assert set(codes(copy.report())) == {"record", "root"}
    copy.run("insert into record values (10, x'7b7d')")
    assert "seq" in codes(copy.report())
    copy.run("update record set seq = 'x' where seq = 11")
    assert not copy.report().ok


@given(st.data())
def test_a_damaged_file_is_a_finding(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Random damage anywhere in the file, or a cut end, never raises; in a record's bytes it is found."""
    raw = bytearray(whole.read_bytes())
    at = data.draw(st.integers(16, len(raw) - 64))
    raw[at : at + 16] = data.draw(st.binary(min_size=16, max_size=16))
    path = tmp_path_factory.mktemp("damage") / "copy.sqlite3"
    path.write_bytes(raw[: data.draw(st.none() | st.integers(100, len(raw)))])
    try:
        report = verify_file(path, key=VKEY)
    finally:
        shutil.rmtree(path.parent)
    assert codes(report) or report.covered == 700


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hello", b"SQLite format 3\x00", b"SQLite format 3\x00" + bytes(5000), b"{}"]
)
def test_other_files_are_told_apart(tmp_path: Path, content: bytes) -> None:
    """A file that is no ledger and no export is reported as such; one that is not there is an OSError."""
    path = tmp_path / "file"
    path.write_bytes(content)

    assert set(codes(verify_file(path))) <= {"file", "opening"} and not verify_file(path).ok
    with pytest.raises(OSError, match="nowhere"):
        verify_file(tmp_path / "nowhere")


def test_verifying_changes_nothing(whole: Path, tmp_path: Path) -> None:
    """A bare copy in a folder is verified without a byte changed in it or a file made beside it."""
    path = Path(shutil.copy(whole, tmp_path / "a ledger #1?%20.sqlite3"))
    before = path.read_bytes(), path.stat().st_mtime_ns
    os.chmod(path, 0o400)
    os.chmod(tmp_path, 0o500)
    try:
        assert verify_file(path, key=VKEY).ok
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    finally:
        os.chmod(tmp_path, 0o700)


def test_a_ledger_in_use_is_verified_to_its_last_commit(tmp_path: Path) -> None:
    """While the controller writes, what is committed is verified, the part that is still in the WAL too."""
    site = people(make_site(tmp_path))
    site.turn(tap("lab-door/in", "card:1"))
    site.loop.sign()
    wal = tmp_path / "ledger.sqlite3-wal"
    assert wal.stat().st_size

    report = verify_file(site.path, key=site.vkey)

    assert report.ok and report.last == report.covered == site.ledger.size
    with site.ledger.transaction():
        site.ledger.append(DoorForced("lab-door", "forced"), "controller", STAMP)
        assert verify_file(site.path, key=site.vkey).last == report.last
    assert verify_file(site.path, key=site.vkey).last == site.ledger.size
    # a copy of file and WAL, as a backup by hand makes it
    copied = tmp_path / "copy"
    copied.mkdir()
    for name in ("ledger.sqlite3", "ledger.sqlite3-wal"):
        shutil.copy(tmp_path / name, copied / name)
    assert verify_file(copied / "ledger.sqlite3", key=site.vkey).last == site.ledger.size
    site.close()


def test_evidence_of_one_record(whole: Path) -> None:
    """One record with its path and checkpoint is proven to somebody who has nothing else but the key."""
    connection = sqlite3.connect(whole)
    for seq in (1, 2, 256, 257, 511, 699, 700):
        evidence = prove(connection, seq)
        report = verify_evidence(evidence, key=VKEY)

        assert report.ok and report.covered == seq and report.signed == 1
        assert report.unproven == ("between",)
        assert decode(evidence.record.encode()).seq == seq
    for seq in (0, -1, 701, 9999):
        with pytest.raises(LookupError):
            prove(connection, seq)
    connection.close()


def test_forged_evidence_is_found(whole: Path, tmp_path: Path) -> None:
    """Evidence with another record, another place, a changed path, checkpoint or key proves nothing."""
    connection = sqlite3.connect(whole)
    good, other = prove(connection, 300), prove(connection, 301)
    connection.close()
    replace = msgspec.structs.replace
    wrong = [
        ("proof", replace(good, record=good.record.replace("boot-1", "boot-2"))),
        ("proof", replace(good, path=other.path)),
        ("proof", replace(good, path=good.path[:-1])),
        ("proof", replace(good, path=(*good.path, "00" * 32))),
        ("proof", replace(good, path=("zz", *good.path[1:]))),
        ("seq", replace(good, seq=301)),
        ("canonical", replace(good, record=good.record + " ")),
        ("record", replace(good, record="{}")),
        ("signature", replace(good, checkpoint=forged(good.checkpoint, KeyPair.generate()))),
        ("note", replace(good, checkpoint="junk")),
        ("file", replace(good, version=2)),
    ]
    for code, evidence in wrong:
        path = tmp_path / "evidence.json"
        path.write_text(evidence.text())
        for report in (verify_evidence(evidence, key=VKEY), verify_file(path, key=VKEY)):
            assert code in codes(report), code
            assert not report.ok
    assert codes(verify_evidence(good, notes=[Checkpoint(VKEY.name, 700, bytes(32)).sign(KEY)], key=VKEY)) == ["fork"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    """A ledger of sixty thousand records is verified in a few megabytes beyond a small one's."""
    import tracemalloc

    ledger = Ledger(tmp_path / "ledger.sqlite3", "works")
    ledger.begin(STAMP)
    with ledger.transaction():
        for n in range(60_000):
            ledger.append(DoorClosed("lab-door", "secure"), "controller", STAMP)
            if n % 10 == 9:
                ledger.keep_checkpoint(ledger.checkpoint(), ledger.checkpoint().sign(KEY), STAMP.at)
    ledger.close()
    tracemalloc.start()
    report = verify_file(ledger.path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert report.ok and report.checkpoints == 6000
    assert peak < 4_000_000


def test_a_program_without_settings_verifies(whole: Path, tmp_path: Path) -> None:
    """`verify` imports neither the shell, nor the network, nor the hardware (it needs neither config nor network)."""
    import subprocess

    program = (
        "import sys; from pathlib import Path; from controller.ledger.verify import verify_file;"
        f"assert verify_file(Path({str(whole)!r})).ok;"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('paho', 'nfc', 'gpiozero', 'flask', 'hardware', 'socket')"
        " or m in ('controller.app', 'controller.facility', 'controller.loop')];"
        "assert not bad, bad"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )

    assert done.returncode == 0, done.stderr


def test_exports_are_verified_as_the_ledger_is(whole: Path, tmp_path: Path) -> None:
    """A complete export proves what the ledger proves, with nothing but the file, a checkpoint and the key."""
    connection = sqlite3.connect(whole)
    done = export_records(connection, tmp_path / "all.jsonl")
    connection.close()

    report = verify_file(tmp_path / "all.jsonl", key=VKEY)
    direct = verify_file(whole, key=VKEY)

    assert done.complete and done.checkpoint == 700
    assert report.ok and report.source == "export"
    assert (report.root, report.count, report.covered, report.unproven) == (
        direct.root, direct.count, direct.covered, direct.unproven,
    )  # fmt: skip
    assert canonical(report)  # a report can be printed as JSON
