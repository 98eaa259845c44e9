"""Appending, rolling back, folding, reopening; on a real file."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import BEGAN, BreakingConnection, fold_of, leaf, make_site, people, stored_tables, tap

from controller.ledger import ledger as ledger_module
from controller.ledger.database import open_reader
from controller.ledger.ledger import Ledger, LedgerInUse, Stamp
from controller.ledger.nodes import KEPT_LEVEL, load_frontier, subtree_of
from controller.record.canonical import timestamp
from controller.record.envelope import LARGEST_RECORD, decode
from controller.record.kinds.door import DoorClosed, DoorForced
from controller.record.kinds.person import PersonRegistered
from controller.record.kinds.site import ControllerStarted, PartFailed, PartRecovered
from controller.record.private import PrivateRow
from controller.record.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

STAMP = Stamp(timestamp(BEGAN), "boot-1", "synced")


def new_ledger(folder: Path, records: int = 0) -> Ledger:
    """A ledger that has begun, with so many records behind its first."""
    ledger = Ledger(folder / "ledger.sqlite3", "works")
    ledger.begin(STAMP)
    grow(ledger, records)
    return ledger


def grow(ledger: Ledger, records: int) -> None:
    with ledger.transaction():
        for n in range(records):
            body = DoorForced("lab-door", "forced") if n % 2 else DoorClosed("lab-door", "secure")
            ledger.append(body, "controller", STAMP)


def snapshot(ledger: Ledger) -> tuple[object, ...]:
    """Everything of a ledger that a failed transaction must leave as it was."""
    tables = ("record", "node", "checkpoint", "private", "fold")
    rows = [ledger.connection.execute(f"select * from {table}").fetchall() for table in tables]
    return ledger.size, ledger.epoch, ledger.checkpoint(), rows, stored_tables(ledger.connection)


def bytes_of(ledger: Ledger) -> list[bytes]:
    return [data for (data,) in ledger.connection.execute("select bytes from record order by seq")]


class Stop(BaseException):
    """As a KeyboardInterrupt comes: not an Exception."""


@pytest.mark.parametrize("error", [ValueError, sqlite3.OperationalError, Stop])
def test_a_failed_transaction_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever breaks a transaction, records, tree, tables, private rows and the object in memory are as before it."""
    ledger = new_ledger(tmp_path, 300)
    before = snapshot(ledger)

    with pytest.raises(error), ledger.transaction():
        grow_inside(ledger, 300)
        ledger.put_private(PrivateRow("person-1", 1, {"name": "山田"}, "00" * 16), STAMP.at)
        raise error

    assert snapshot(ledger) == before
    grow(ledger, 300)
    assert ledger.checkpoint().root == root_of(map(leaf_hash, bytes_of(ledger)))
    ledger.close()


def grow_inside(ledger: Ledger, records: int) -> None:
    for n in range(records):
        ledger.append(PartFailed(f"gpio:{n}", "silent"), "controller", STAMP)


@pytest.mark.parametrize("statement", ["commit", "insert into record", "insert into node", "update fold"])
def test_a_failing_disk_leaves_nothing(tmp_path: Path, statement: str) -> None:
    """A statement that fails, the commit above all, leaves the ledger as it was, and it can go on (F: full card)."""
    ledger = new_ledger(tmp_path, 255)
    before = snapshot(ledger)
    breaking = BreakingConnection(ledger.connection)
    ledger.connection = breaking  # type: ignore[assignment]
    breaking.breaks = lambda text: text.startswith(statement)

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        grow(ledger, 1 if statement != "insert into node" else 300)

    breaking.breaks = lambda text: False
    assert snapshot(ledger) == before
    grow(ledger, 300)
    assert ledger.checkpoint().root == root_of(map(leaf_hash, bytes_of(ledger)))
    ledger.close()


def test_a_record_that_is_too_long_is_not_begun(tmp_path: Path) -> None:
    """A record beyond the bound fails its transaction, and the ledger is whole."""
    ledger = new_ledger(tmp_path)
    before = snapshot(ledger)

    with pytest.raises(ValueError, match="at most"), ledger.transaction():
        ledger.append(ControllerStarted("0" * LARGEST_RECORD, "b"), "controller", STAMP)

    assert snapshot(ledger) == before
    ledger.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update record set bytes = x'00' where seq = 2",
        "update record set seq = 99 where seq = 2",
        "delete from record where seq = 3",
        "delete from record",
        "insert or replace into record (seq, bytes) values (2, x'00')",
        "replace into record (seq, bytes) values (3, x'00')",
        "insert into record (seq, bytes) values (9, x'00')",
        "insert into record (seq, bytes) values (0, x'00')",
        "insert into record (seq, bytes) values (-1, x'00')",
        "insert into record (bytes) values (x'00')",
        "insert into record (seq, bytes) values (2, x'00') on conflict (seq) do update set bytes = excluded.bytes",
    ],
)
def test_the_ledger_is_append_only(tmp_path: Path, statement: str) -> None:
    """No statement changes, deletes, replaces or leaves out a record: the database itself refuses."""
    ledger = new_ledger(tmp_path, 2)
    before = bytes_of(ledger)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger.connection.execute(statement)

    assert bytes_of(ledger) == before
    ledger.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """A reader's connection writes nothing, and there is none to a ledger that does not exist."""
    ledger = new_ledger(tmp_path, 2)
    reader = open_reader(ledger.path)

    for statement in ("insert into record values (4, x'00')", "drop table person", "create table x (y)"):
        with pytest.raises(sqlite3.OperationalError):
            reader.execute(statement)
    with pytest.raises(sqlite3.OperationalError):
        open_reader(tmp_path / "nowhere.sqlite3")
    reader.close()
    ledger.close()


def test_there_is_one_writer(tmp_path: Path) -> None:
    """A second writer is told so at once; when the first has closed, or failed to open, the place is free."""
    ledger = new_ledger(tmp_path)
    with pytest.raises(LedgerInUse):
        Ledger(ledger.path, "works")
    ledger.close()

    for _ in range(2):
        with pytest.raises(ValueError, match="not the ledger of elsewhere"):
            Ledger(tmp_path / "ledger.sqlite3", "elsewhere")
    Ledger(tmp_path / "ledger.sqlite3", "works").close()


@pytest.mark.parametrize("records", [0, 1, 254, 255, 256, 511, 767, 1000])
def test_a_reopened_ledger_continues_its_tree(tmp_path: Path, records: int) -> None:
    """After reopening, root and kept nodes are those of the records, also at the edges of kept subtrees."""
    ledger = new_ledger(tmp_path, records)
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite3", "works")
    grow(ledger, 3)

    leaves = [leaf_hash(data) for data in bytes_of(ledger)]
    assert ledger.checkpoint().root == root_of(leaves)
    assert ledger.epoch == 1 and ledger.size == records + 4
    for level, position, hashed in ledger.connection.execute("select * from node"):
        assert level >= KEPT_LEVEL
        assert hashed == root_of(leaves[position << level : (position + 1) << level])
    kept = ledger.connection.execute("select count(*) from node").fetchone()[0]
    assert kept == sum(len(leaves) >> level for level in range(KEPT_LEVEL, 12))
    ledger.close()


def test_proofs_from_kept_nodes_hold(tmp_path: Path) -> None:
    """Inclusion and consistency proofs that are answered from kept nodes and records hold at every place."""
    ledger = new_ledger(tmp_path, 700)
    leaves = [leaf_hash(data) for data in bytes_of(ledger)]
    subtree, root = subtree_of(ledger.connection), ledger.checkpoint().root
    for index in (0, 1, 255, 256, 511, 512, 699, 700):
        verify_inclusion(leaves[index], index, 701, inclusion_proof(index, 701, subtree), root)
    for old in (1, 255, 256, 257, 512, 700, 701):
        verify_consistency(old, root_of(leaves[:old]), 701, root, consistency_proof(old, 701, subtree))
    assert load_frontier(ledger.connection, 300).root() == root_of(leaves[:300])
    with pytest.raises(LookupError):
        subtree(8, 2)
    with pytest.raises(LookupError):
        subtree(3, 87)
    ledger.close()


def test_tables_of_another_fold_are_folded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of another fold version, or that stop short of the ledger's end, are folded anew before anything is asked."""
    site = people(make_site(tmp_path))
    good = stored_tables(site.ledger.connection)
    site.close()
    for damage in (
        "update fold set version = version + 1; delete from person",
        "update fold set seq = seq - 1; update badge set state = 'active'",
        "delete from fold; delete from access_right; update operator set roles = 'manager'",
    ):
        connection = sqlite3.connect(tmp_path / "ledger.sqlite3")
        connection.executescript(damage)
        connection.close()
        ledger = Ledger(tmp_path / "ledger.sqlite3", "works")

        assert stored_tables(ledger.connection) == good
        ledger.close()


def test_a_rebuild_that_breaks_leaves_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild is one transaction: broken in the middle, the tables are as before; the private store is never touched."""
    site = people(make_site(tmp_path))
    ledger, before = site.ledger, snapshot(site.ledger)
    project, seen = ledger_module.project, []

    def breaks(record: object) -> object:
        seen.append(record)
        if len(seen) > 20:
            raise RuntimeError("broken")
        return project(record)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger_module, "project", breaks)
    with pytest.raises(RuntimeError, match="broken"):
        ledger.rebuild()
    assert snapshot(ledger) == before
    assert not ledger.connection.in_transaction

    monkeypatch.setattr(ledger_module, "project", project)
    assert ledger.rebuild() == ledger.size
    assert snapshot(ledger) == before
    assert before[3][3], "the private store has rows"  # type: ignore[index]
    site.close()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_fold_is_live_is_rebuilt(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """After any run of taps and doors the tables are the fold of the records, done by hand, live or rebuilt."""
    site = people(make_site(tmp_path_factory.mktemp("site")))
    readers, portals = list(site.facility.readers), list(site.facility.portals)
    inputs = st.one_of(
        st.builds(tap, st.sampled_from(readers), st.sampled_from([f"card:{n}" for n in range(6)]), st.integers(0, 3)),
        st.builds(leaf, st.sampled_from(portals), st.booleans()),
    )
    for batch in data.draw(st.lists(st.lists(inputs, max_size=6), max_size=8)):
        site.turn(*batch)
        site.step(data.draw(st.sampled_from([0.1, 3, 6, 25])))
    live = stored_tables(site.ledger.connection)

    assert live == fold_of(site.records())
    site.ledger.rebuild()
    assert stored_tables(site.ledger.connection) == live
    site.close()


def test_unknown_records_are_passed_over_by_a_rebuild(tmp_path: Path) -> None:
    """A ledger with records of a newer program opens and folds: what is unknown changes no table."""
    ledger = new_ledger(tmp_path, 2)
    data = bytes_of(ledger)[2].replace(b"door.forced", b"door.molten").replace(b'"seq":3', b'"seq":4')
    ledger.connection.execute("insert into record values (4, ?)", (data,))
    ledger.close()

    ledger = Ledger(tmp_path / "ledger.sqlite3", "works")
    grow(ledger, 1)
    assert ledger.size == 5
    assert decode(bytes_of(ledger)[3]).kind == "door.molten"
    assert stored_tables(ledger.connection) == fold_of([decode(data) for data in bytes_of(ledger)])
    ledger.close()


def test_a_record_changes_only_its_own_columns(tmp_path: Path) -> None:
    """An upsert sets the columns it names and leaves the others of the row as they were."""
    ledger = new_ledger(tmp_path)
    ref = PrivateRow("person-1", 3, {"name": "x"}, "00" * 16).ref()
    with ledger.transaction():
        ledger.append(PersonRegistered(1, ref, "active"), "controller", STAMP)
        ledger.append(PartFailed("gpio:1", "silent"), "controller", STAMP)
        ledger.append(PartRecovered("gpio:1"), "controller", STAMP)
        with pytest.raises(ValueError, match="do not fit"):
            ledger._tables._upsert("person", ("state",))
        with pytest.raises(ValueError, match="do not fit"):
            ledger._tables._upsert("person", ("person", "wage"))
    tables = stored_tables(ledger.connection)

    assert tables["person"][(1,)]["private_version"] == 3
    assert tables["part"][("gpio:1",)] == {"part": "gpio:1", "state": "ok", "reason": "", "at": STAMP.at, "seq": 4}
    ledger.close()
