"""A ledger of several epochs: one file, each epoch's records before the next, and a checkpoint named by where it stands."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import BEGAN, small_facility

from controller.ledger.epochs import Epochs
from controller.ledger.export import export_records, prove
from controller.ledger.ledger import Ledger, Stamp, WrongLedger
from controller.ledger.report import CODES, Report
from controller.ledger.verify import verify_evidence, verify_file
from controller.outgoing import Outgoing
from controller.record.canonical import timestamp
from controller.record.envelope import MalformedRecord, Record, encode, kind_of
from controller.record.keys import KeyPair
from controller.record.kinds.door import DoorClosed, DoorForced
from controller.record.kinds.site import LedgerOpened, LedgerReopened
from controller.record.note import Checkpoint, VerifierKey, epoch_of, origin
from controller.record.tree import leaf_hash, root_of

KEY = KeyPair.generate()
STAMP = Stamp(timestamp(BEGAN), "boot-1", "synced")
VKEY = VerifierKey("sekimori/works/1", KEY.public.signing)
LOST = Checkpoint("sekimori/works/1", 320, b"\x07" * 32).sign(KEY)
"""What the first epoch once had, and this ledger has not."""


def doors(ledger: Ledger, upto: int) -> None:
    while ledger.size < upto:
        body = DoorForced("扉", "forced") if ledger.size % 2 else DoorClosed("lab-door", "secure")
        ledger.append(body, "controller", STAMP)


def sign(ledger: Ledger) -> str:
    note = ledger.checkpoint().sign(KEY)
    ledger.keep_checkpoint(ledger.checkpoint(), note, STAMP.at)
    return note


def make(path: Path) -> Ledger:
    """Three epochs: records 1 to 300, 301 to 600, and 601 to 900, each with checkpoints."""
    ledger = Ledger(path, "works")
    ledger.begin(STAMP)
    with ledger.transaction():
        doors(ledger, 300)
        sign(ledger)
        for epoch, reason, previous in ((2, "lost", LOST), (4, "restored", "")):
            ledger.append(LedgerReopened("works", epoch, previous, reason), "controller", STAMP)
            doors(ledger, ledger.size + 9)
            sign(ledger)
            doors(ledger, ledger.size + 290)
            sign(ledger)
    return ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make(tmp_path / "ledger.sqlite3")
    yield made
    made.connection.close()


def verified(ledger: Ledger, *notes: str, key: VerifierKey | None = VKEY) -> Report:
    ledger.connection.execute("pragma wal_checkpoint(truncate)")
    return verify_file(ledger.path, notes=notes, key=key)


def codes(report: Report) -> list[str]:
    assert all(finding.code in CODES for finding in report.findings)
    return sorted({finding.code for finding in report.findings})


def test_all_epochs_are_verified_in_one_pass(ledger: Ledger) -> None:
    """Checkpoints of every epoch agree, under the key of any of them, and the breaks are said with what was lost."""
    assert (ledger.epoch, ledger.origin, ledger.size) == (4, "sekimori/works/4", 900)
    for key in (VKEY, VerifierKey("sekimori/works/4", KEY.public.signing)):
        report = verified(ledger, key=key)
        assert report.ok and report.unproven == ("tail",)
        assert (report.origin, report.covered, report.checkpoints, report.signed) == ("sekimori/works/4", 900, 5, 5)
        assert [(b.epoch, b.first, b.reason, b.size) for b in report.breaks] == [
            (2, 301, "lost", 320),
            (4, 601, "restored", None),
        ]


def test_a_checkpoint_of_the_lost_history_is_told_as_such(ledger: Ledger) -> None:
    """The note that a dashboard kept of the old epoch is a finding of its own: what it covers is not all here."""
    report = verified(ledger, LOST)
    assert codes(report) == ["epoch"] and report.findings[0].checkpoint == 320
    ahead = Checkpoint("sekimori/works/1", 5000, bytes(32)).sign(KEY)
    assert codes(verified(ledger, ahead)) == ["epoch"]


def test_a_checkpoint_of_an_epoch_that_had_not_begun_is_none_of_it(ledger: Ledger) -> None:
    """A note over records of the first epoch under a later one's name, or of an epoch that never was, is a finding."""
    for name, size in (("sekimori/works/2", 300), ("sekimori/works/3", 310), ("sekimori/works/9", 900)):
        assert codes(verified(ledger, Checkpoint(name, size, bytes(32)).sign(KEY))) == ["note"]


@pytest.mark.parametrize(
    "body",
    [
        LedgerReopened("other", 5, "", "lost"),
        LedgerReopened("works", 4, "", "lost"),
        LedgerReopened("works", 3, LOST, "lost"),
        LedgerReopened("works", 5, "junk", "lost"),
        LedgerReopened("works", 5, Checkpoint("sekimori/works/5", 900, bytes(32)).sign(KEY), "lost"),
        LedgerReopened("works", 5, Checkpoint("sekimori/other/1", 900, bytes(32)).sign(KEY), "lost"),
        LedgerOpened("works", 1, ""),
    ],
)
def test_an_unsound_opening_opens_nothing(ledger: Ledger, body: LedgerReopened | LedgerOpened) -> None:
    """A record that opens an epoch of another site, or not a later one, or breaks with what is no old checkpoint, is found."""
    with ledger.transaction():
        kind, version = kind_of(body)
        record = Record(901, STAMP.at, STAMP.boot, STAMP.clock, kind, version, "controller", body)
        ledger.extend(encode(record))
    report = verified(ledger)
    assert codes(report) == ["opening"] and report.first_bad == 901 and report.origin == "sekimori/works/4"


def test_the_epoch_is_that_of_the_last_opening(ledger: Ledger, tmp_path: Path) -> None:
    """A writer, a reader and a rebuilt ledger all speak of the newest epoch; another site's ledger is refused as ever."""
    outgoing = Outgoing(ledger.connection, small_facility(tmp_path), KEY)
    assert outgoing.epoch == 4
    ledger.rebuild()
    assert ledger.epoch == 4
    ledger.connection.execute("pragma wal_checkpoint(truncate)")
    path = Path(shutil.copy(ledger.path, tmp_path / "again.sqlite3"))
    again = Ledger(path, "works")
    assert (again.epoch, again.size) == (4, 900)
    again.close()
    with pytest.raises(WrongLedger):
        Ledger(path, "other")


def test_a_new_epoch_that_is_not_committed_was_not(ledger: Ledger) -> None:
    """When the transaction fails, the epoch is the one from before."""
    with pytest.raises(RuntimeError), ledger.transaction():
        ledger.append(LedgerReopened("works", 5, "", "restored"), "controller", STAMP)
        assert ledger.epoch == 5
        raise RuntimeError
    assert (ledger.epoch, ledger.size) == (4, 900)


@pytest.mark.parametrize(("last", "name"), [(300, "sekimori/works/1"), (450, "sekimori/works/2"), (900, "sekimori/works/4")])
def test_an_export_is_verified_whatever_epoch_it_ends_in(ledger: Ledger, tmp_path: Path, last: int, name: str) -> None:
    """Exports from the beginning verify across epochs; their head names the epoch of their checkpoint."""
    out = tmp_path / "all.jsonl"
    export_records(ledger.connection, out, last=last)
    report = verify_file(out, key=VKEY)
    assert report.ok and (report.count, report.origin) == (last, origin("works", epoch_of(report.origin, "works")))
    assert f'"origin":"{name}"'.encode() in out.read_bytes().split(b"\n")[0]


def test_chosen_records_and_evidence_of_an_older_epoch_lead_to_the_newest_checkpoint(ledger: Ledger, tmp_path: Path) -> None:
    """Records of the first epoch are proven by a path to the newest checkpoint, alone or in an export of some."""
    out = tmp_path / "some.jsonl"
    export_records(ledger.connection, out, first=250, last=320)
    assert verify_file(out, key=VKEY).ok
    assert verify_evidence(prove(ledger.connection, 7), key=VKEY).ok


def test_records_are_appended_as_they_are_or_not_at_all(ledger: Ledger, tmp_path: Path) -> None:
    """A copy that takes all records verbatim and folds them behind is the same ledger: tables, root, epoch, mark."""
    copy = Ledger(tmp_path / "copy.sqlite3", "works")
    datas = [data for (data,) in ledger.connection.execute("select bytes from record order by seq")]
    with copy.transaction():
        for data in datas:
            copy.extend(data)
        copy.fold_behind(0)
    assert (copy.checkpoint(), copy.latest, copy.mark) == (ledger.checkpoint(), ledger.latest, ledger.mark)
    assert copy.checkpoint().root == root_of(map(leaf_hash, datas))
    rows = "select * from opening order by opening"
    assert copy.connection.execute(rows).fetchall() == ledger.connection.execute(rows).fetchall()
    for wrong in (datas[5], b"{}", datas[-1][:-1]):
        with pytest.raises(MalformedRecord), copy.transaction():
            copy.extend(wrong)
    copy.close()


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5)), min_size=1, max_size=6))
def test_a_size_is_of_the_last_epoch_begun_up_to_it(steps: list[tuple[int, int]]) -> None:
    """For any openings, a checkpoint's name is that of the last one at or before its size."""
    epochs, seq, epoch = Epochs(), 1, 1
    opened = [(1, 1)]
    first = LedgerOpened("works", 1, "")
    assert epochs.begin(1, encode(Record(1, STAMP.at, "b", "synced", "ledger.opened", 1, "controller", first))) is None
    for records, more in steps:
        seq, epoch = seq + records, epoch + more
        body = LedgerReopened("works", epoch, "", "lost")
        data = encode(Record(seq, STAMP.at, "b", "synced", "ledger.opened", 2, "controller", body))
        assert list(epochs.look([seq], [data])) == []
        opened.append((seq, epoch))
    for size in range(1, seq + 3):
        assert epochs.of(size) == origin("works", max(e for begin, e in opened if begin <= size))
    for (_, old), (begin, _) in pairwise(opened):
        assert epochs.broken_off(origin("works", old)) == begin
    assert epochs.broken_off(epochs.origin) is None


@given(st.text(max_size=40))
def test_an_origin_names_one_epoch_or_none(text: str) -> None:
    """Only the one form is an origin of the site."""
    assert epoch_of(text, "works") == 0 or origin("works", epoch_of(text, "works")) == text
