"""Salvaging: a ledger that a dying disk damaged is moved aside, never deleted, and what is whole at its beginning goes on.

`damage_of` is cheap, so that a million records do not keep a door waiting at every start: SQLite's own errors, the newest
checkpoint against the tree, and a full check only if an earlier run met damage (the file `ledger.suspect`). `salvage` may take
its time. It can be killed anywhere: `ledger.salvaging` says what is under way, and the next start begins from the files aside.
What is lost behind the records that were kept is not settled here: it is a lost tail, as of a restored backup (`epochs`).
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from controller.ledger.database import open_reader, open_writer
from controller.ledger.faults import is_damage, is_unreadable
from controller.ledger.nodes import KEPT_LEVEL, load_frontier
from controller.record.envelope import MalformedRecord, decode
from controller.record.husk import leaf_of
from controller.record.kinds.site import LedgerOpened
from controller.record.note import BadNote, Checkpoint
from controller.record.tables import TABLES
from controller.record.tree import Frontier

MISSING, MALFORMED, RECORDS, CHECKPOINT = "missing", "malformed", "records", "checkpoint"
_OWN = {*TABLES, "record", "node", "checkpoint", "fold"}
_FILES = ("", "-wal", "-shm")
ASIDE = "damaged"
"""The folder of ledgers moved aside. They are copies as they were: what is erased later is still in them."""

log = structlog.get_logger()


class Damaged(Exception):
    """The ledger's file is not what it must be; `damage` is one of the words above."""

    def __init__(self, damage: str, detail: str) -> None:
        super().__init__(f"{damage}: {detail}")
        self.damage = damage


class Salvaged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done: told on record at the next start. `aside` is a folder beside the ledger."""

    damage: str
    aside: str
    kept: int = 0
    note: str = ""
    """The newest checkpoint that the damaged file had, whatever it covers; empty when none could be read."""


# Looking ------------------------------------------------------------------------------------------------------------------


def check_file(path: Path) -> None:
    """Before the file of a ledger that was begun is opened: is there anything in it? Raises Damaged, OSError."""
    if not path.exists() or path.stat().st_size == 0:
        raise Damaged(MISSING, "a ledger was begun here, and its file is gone or empty")


def check_begun(size: int) -> None:
    """A ledger that was begun has records, also when the log that held them was taken away. Raises Damaged."""
    if size == 0:
        raise Damaged(MISSING, "a ledger was begun here, and there is no record in it")


def check_tree(connection: sqlite3.Connection, size: int) -> None:
    """Whether the newest checkpoint is of records that are here, and of these. Raises Damaged, and what SQLite raises."""
    row = connection.execute("select size, note from checkpoint order by size desc limit 1").fetchone()
    if row is None:
        return
    try:
        signed = Checkpoint.parse(row[1])
    except BadNote as error:
        raise Damaged(CHECKPOINT, str(error)) from error
    if signed.size > size:
        raise Damaged(CHECKPOINT, f"the newest is of {signed.size} records, and {size} are here")
    if load_frontier(connection, signed.size).root() != signed.root:
        raise Damaged(CHECKPOINT, f"the records up to {signed.size} are not those that it was signed over")


def check_pages(connection: sqlite3.Connection) -> None:
    """Every page of the file: only after damage was met. Raises Damaged, and what SQLite raises."""
    found = connection.execute("pragma quick_check(1)").fetchone()[0]
    if found != "ok":
        raise Damaged(MALFORMED, str(found))


def damage_in(error: Exception) -> str | None:
    """What damage an error while opening the ledger stands for; None for none."""
    match error:
        case Damaged():
            return error.damage
        case MalformedRecord():
            return RECORDS
        case _ if is_damage(error):
            return MALFORMED
    return None


def first_site(path: Path) -> str | None:
    """The site whose ledger this is, as far as its first record can be read."""
    try:
        with _reading(path) as connection:
            row = connection.execute("select bytes from record where seq = 1").fetchone()
            opened = decode(row[0]).body if row is not None and isinstance(row[0], bytes) else None
    except (sqlite3.Error, MalformedRecord):
        return None
    return opened.site if isinstance(opened, LedgerOpened) else None


# Salvaging ----------------------------------------------------------------------------------------------------------------


def salvage(path: Path, damage: str) -> Salvaged:
    """Moves the damaged files aside and puts a new one in their place, with the longest prefix that is whole.

    Raises OSError and sqlite3.Error of the disk; called again, it goes on.
    """
    folder = f"{ASIDE}/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    begun = Salvaged(damage, folder)
    log.error("ledger damaged", damage=damage, aside=begun.aside)
    _write(_under_way(path), begun)
    return _go_on(path, begun)


def resume(path: Path) -> None:
    """Ends a salvage that was cut off. Raises what `salvage` raises."""
    try:
        begun = msgspec.json.decode(_under_way(path).read_bytes(), type=Salvaged)
    except FileNotFoundError:
        return
    except msgspec.DecodeError:  # cut off while this was being written: nothing had been moved yet
        _under_way(path).unlink()
        return
    _go_on(path, begun)


def report(path: Path) -> Salvaged | None:
    """What was salvaged and is not on record yet."""
    try:
        return msgspec.json.decode(_report(path).read_bytes(), type=Salvaged)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def told(path: Path) -> None:
    """It is on record now."""
    _report(path).unlink(missing_ok=True)


def _go_on(path: Path, begun: Salvaged) -> Salvaged:
    aside = path.parent / begun.aside
    aside.mkdir(mode=0o700, parents=True, exist_ok=True)
    for suffix in _FILES:
        old = path.with_name(path.name + suffix)
        if old.exists() and not (aside / old.name).exists():
            old.rename(aside / old.name)
    fresh = path.with_name("salvage-" + path.name)
    for suffix in _FILES:
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    kept, note = _copy(aside / path.name, fresh)
    done = msgspec.structs.replace(begun, kept=kept, note=note)
    _write(_report(path), done)
    os.replace(fresh, path)
    _sync(path.parent)
    _under_way(path).unlink()
    log.error("ledger salvaged", damage=done.damage, kept=kept, aside=done.aside)
    return done


def _copy(damaged: Path, fresh: Path) -> tuple[int, str]:
    """A new ledger of what is whole; how many records, and the newest checkpoint of the old one. Raises what the disk does."""
    target = open_writer(fresh).conn
    kept, note = 0, ""
    try:
        target.execute("begin")
        if damaged.exists():
            with _reading(damaged) as source:
                notes = _notes(source)
                note = max(notes.items())[1][1] if notes else ""
                kept = _whole(source, notes)
                _copy_records(source, target, kept)
                for size, (_, text, at) in notes.items():
                    if size <= kept:
                        target.execute("insert into checkpoint values (?, ?, ?)", (size, text, at))
                for table in _tables(target) - _OWN:
                    _copy_table(source, target, table)
        target.execute("commit")
        target.execute("pragma wal_checkpoint(truncate)")
    finally:
        target.close()
    _sync(fresh)
    return kept, note


def _rows(source: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of the damaged file as far as they can be read. What is no damage, as a disk that is full, is raised."""
    try:
        yield from source.execute(query)
    except sqlite3.DatabaseError as error:
        if not (is_damage(error) or is_unreadable(error) or _has_no_table(error)):
            raise
        log.warning("not read to the end", query=query, problem=str(error))


def _has_no_table(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is one without our tables: cut off at its very beginning."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _notes(source: sqlite3.Connection) -> dict[int, tuple[Checkpoint, str, str]]:
    """The checkpoints that can be read, by size, in order."""
    notes: dict[int, tuple[Checkpoint, str, str]] = {}
    for size, text, at in _rows(source, "select size, note, at from checkpoint order by size"):
        with contextlib.suppress(BadNote):
            if isinstance(text, str) and (signed := Checkpoint.parse(text)).size == size:
                notes[size] = (signed, text, at)
    return notes


def _whole(source: sqlite3.Connection, notes: dict[int, tuple[Checkpoint, str, str]]) -> int:
    """How many records from the first on are there without a gap, can be read, and are what was signed."""
    frontier, sure = Frontier(0, []), 0
    for size, data in _records(source):
        frontier.append(leaf_of(data))
        if size in notes:
            if frontier.root() != notes[size][0].root:
                return sure
            sure = size
    return frontier.size


def _records(source: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """The records in order, as long as each follows the one before."""
    rows = _rows(source, "select seq, bytes from record order by seq")
    for expected, (seq, data) in enumerate(rows, 1):
        if seq != expected or not isinstance(data, bytes):
            return
        try:
            if decode(data).seq != seq:
                return
        except MalformedRecord:
            return
        yield seq, data


def _copy_records(source: sqlite3.Connection, target: sqlite3.Connection, kept: int) -> None:
    frontier = Frontier(0, [])
    for seq, data in _records(source):
        if seq > kept:
            return
        target.execute("insert into record (seq, bytes) values (?, ?)", (seq, data))
        for level, position, hashed in frontier.append(leaf_of(data)):
            if level >= KEPT_LEVEL:
                target.execute("insert into node values (?, ?, ?)", (level, position, hashed))


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """A table that is no fold, row by row as far as it can be read: private rows foremost. An older file may lack columns."""
    known = {row[1] for row in _rows(source, f'pragma table_info("{table}")')}
    columns = [row[1] for row in target.execute(f'pragma table_info("{table}")') if row[1] in known]
    if not columns:
        return
    names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    for row in _rows(source, f'select {names} from "{table}"'):  # noqa: S608 - a table of our own schema
        target.execute(f'insert or ignore into "{table}" ({names}) values ({marks})', row)  # noqa: S608


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    return {name for (name,) in rows}


# Files --------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_reader(path)
    try:
        yield connection
    finally:
        connection.close()


def _under_way(path: Path) -> Path:
    return path.with_suffix(".salvaging")


def _report(path: Path) -> Path:
    return path.with_suffix(".salvaged")


def suspect(path: Path) -> Path:
    """The file whose being there says that a run met damage: the next start looks at every page."""
    return path.with_suffix(".suspect")


def _write(path: Path, value: Salvaged) -> None:
    with path.open("wb") as file:
        file.write(msgspec.json.encode(value))
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
