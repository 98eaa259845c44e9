"""Appending: a record's bytes, its place in the tree, its rows, in the caller's transaction.

Nobody but the loop (or a console command while no controller runs; `hold` sees to that) writes. A failed transaction
leaves this object as it was before: the tree's frontier is taken from the state at its begin.
"""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from controller.ledger import erasing, pin_store, salvage
from controller.ledger.database import Tables, create_tables, drop_tables, fold_is_current, latest_time, open_writer
from controller.ledger.nodes import KEPT_LEVEL, load_frontier
from controller.record.envelope import MalformedRecord, Record, decode, encode, kind_of
from controller.record.husk import leaf_of
from controller.record.kinds.disk import LedgerSalvaged
from controller.record.kinds.site import LedgerOpened, LedgerReopened
from controller.record.kinds.start import ALONE, mark_after
from controller.record.note import Checkpoint, origin
from controller.record.private import PrivateRow
from controller.record.projection import project
from controller.record.tables import FOLD_VERSION, RowChange
from controller.rules.hashed import KeptPin

log = structlog.get_logger()


class LedgerInUse(RuntimeError):
    """Another process is the writer of this ledger."""


class LedgerBusy(sqlite3.OperationalError):
    """Somebody reads the ledger and keeps its log from being written back; it will pass."""

    sqlite_errorcode = sqlite3.SQLITE_BUSY


class LostTail(RuntimeError):
    """The file, opened again, holds fewer records than were committed: another file, or a disk that forgot."""


class WrongLedger(ValueError):
    """The file is a ledger, but not this site's."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every record of one moment has in common: time text, run, clock quality."""

    at: str
    boot: str
    clock: str


@dataclass(frozen=True, slots=True)
class Appended:
    """A record as appended, and the rows it changed."""

    record: Record
    changes: tuple[RowChange, ...]


class Ledger:
    """The ledger of one site, in all its epochs, for its one writer. `epoch` is that of the last `ledger.opened`."""

    def __init__(self, path: Path, site: str) -> None:
        self._lock = hold(path)
        self.path = path
        self.site = site
        try:
            self._open_or_salvage()
        except BaseException:
            os.close(self._lock)
            raise

    def _open_or_salvage(self) -> None:
        """Opens the file; one that is damaged is replaced by what is whole of it, once. Raises WrongLedger."""
        salvage.resume(self.path)
        try:
            self._open_checked()
        except (salvage.Damaged, sqlite3.DatabaseError, MalformedRecord) as error:
            damage = salvage.damage_in(error)
            if damage is None:
                raise
            with suppress(AttributeError):  # it may not have come to a connection
                self.connection.close()
            if salvage.first_site(self.path) not in (None, self.site):
                raise WrongLedger(f"{self.path} is not the ledger of {self.site}") from error
            log.error("ledger", problem=str(error))
            if salvage.salvage(self.path, damage).kept == 0:
                self._lock_file.write_text("")
            self._open()
        salvage.suspect(self.path).unlink(missing_ok=True)
        self._note_begun()

    def _open_checked(self) -> None:
        begun = self._lock_file.stat().st_size > 0
        if begun:
            salvage.check_file(self.path)
        self._open()
        if begun:
            salvage.check_begun(self.size)
        salvage.check_tree(self.connection, self.size)
        if salvage.suspect(self.path).exists():
            salvage.check_pages(self.connection)

    @property
    def _lock_file(self) -> Path:
        return self.path.with_suffix(".lock")

    def salvaged(self) -> LedgerSalvaged | None:
        """What was salvaged and is not on record yet."""
        done = salvage.report(self.path)
        return None if done is None else LedgerSalvaged(done.damage, done.kept, done.aside)

    def salvage_told(self) -> None:
        """It is on record now."""
        with suppress(OSError):
            salvage.told(self.path)

    def suspect(self) -> None:
        """SQLite has met damage in the file: the next start looks at all of it."""
        with suppress(OSError):
            salvage.suspect(self.path).touch()

    def _note_begun(self) -> None:
        """Notes beside the ledger that there is one, so that a file that is gone is not taken for a first start."""
        with suppress(OSError):
            if self.size and not self._lock_file.stat().st_size:
                self._lock_file.write_text(f"{self.site}\n")

    def _open(self) -> None:
        self.database = open_writer(self.path)
        self.connection: sqlite3.Connection = self.database.conn
        self._tables = Tables(self.connection)
        self.size: int = self.connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        try:
            self._frontier = load_frontier(self.connection, self.size)
        except (LookupError, TypeError) as error:  # TypeError: of a torn page SQLite may say that a row holds nothing
            raise salvage.Damaged(salvage.RECORDS, str(error)) from error
        self._check_site()
        self.epoch = self._read_epoch()
        self.latest = latest_time(self.connection)
        """The latest time that a record carries, as text: time does not go back behind it while the clock is doubted."""
        self.mark = self._read_mark()
        """What the next record is marked with; see `controller.record.kinds.start`."""
        if not fold_is_current(self.connection, self.size):
            self.rebuild()

    def reopen(self) -> None:
        """Opens the file anew after a fault of the disk, and writes its log back into it.

        A commit that failed in its last step may turn out to be there. Pages whose fsync failed are clean in the kernel's eyes
        and on no disk: written back from the log they are written once more, before anything stands behind them.
        Raises sqlite3.Error or OSError while the disk still fails, LostTail, LedgerInUse.
        """
        committed = self.size
        self.connection.close()
        self.path.stat()  # a mount that is not there must not get a new ledger in its place
        self._lock = _hold_again(self.path, self._lock)
        try:
            self._open()
        except BaseException:
            self.size = committed
            raise
        if self.size < committed:
            raise LostTail(f"{self.path}: {self.size} records, {committed} were committed")
        busy = self.connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
        if busy:
            raise LedgerBusy("a reader holds the ledger's log")

    def let_go(self) -> None:
        """Closes the file while the disk fails, so that the file system can be taken away and come back."""
        self.connection.close()

    def close(self) -> None:
        """Closes the file and lets another writer have it."""
        self.connection.close()
        os.close(self._lock)

    def _check_site(self) -> None:
        row = self.connection.execute("select bytes from record where seq = 1").fetchone()
        opened = None if row is None else decode(_bytes(row[0])).body
        if row is not None and (not isinstance(opened, LedgerOpened) or opened.site != self.site):
            raise WrongLedger(f"{self.path} is not the ledger of {self.site}")

    def _read_epoch(self) -> int:
        epoch: int = self.connection.execute("select coalesce(max(opening), 0) from opening").fetchone()[0]
        return epoch

    def _read_mark(self) -> str:
        waiting = self.connection.execute("select 1 from start where state = 'single'").fetchone()
        return "" if waiting is None else ALONE

    @property
    def origin(self) -> str:
        """The checkpoints' origin line."""
        return origin(self.site, self.epoch)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is appended inside becomes durable at its end, or nothing does."""
        size, frontier, epoch, latest = self.size, self._frontier.copy(), self.epoch, self.latest
        mark = self.mark
        self.connection.execute("begin immediate")
        try:
            yield
            if self.size != size:
                self._mark_fold()
            self.connection.execute("commit")
        except BaseException:
            self.size, self._frontier, self.epoch, self.latest = size, frontier, epoch, latest
            self.mark = mark
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """Undoes the open transaction. A disk that fails now too leaves nothing behind: what was not committed is not there."""
        with suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("rollback")

    def append(self, body: msgspec.Struct, by: str, stamp: Stamp) -> Appended:
        """Appends one record inside a transaction and folds it into the tables."""
        kind, version = kind_of(body)
        self.mark = mark_after(self.mark, body)
        record = Record(self.size + 1, stamp.at, stamp.boot, stamp.clock, kind, version, by, body, self.mark)
        data = encode(record)
        self._store(record.seq, data)
        return Appended(record, self._fold(record))

    def extend(self, data: bytes) -> Record:
        """Appends a record's own bytes inside a transaction and folds nothing: `fold_behind` does, once they are believed.

        Raises MalformedRecord for bytes that are not the next record.
        """
        record = decode(data)
        if record.seq != self.size + 1:
            raise MalformedRecord(f"record {record.seq} in the place of {self.size + 1}")
        self._store(record.seq, data)
        return record

    def fold_behind(self, seq: int) -> None:
        """Folds the records behind `seq` that `extend` appended, in the same transaction."""
        for (data,) in self.connection.execute("select bytes from record where seq > ? order by seq", (seq,)):
            record = decode(data)
            self._fold(record)
            self.mark = record.mark

    def _store(self, seq: int, data: bytes) -> None:
        self.connection.execute("insert into record (seq, bytes) values (?, ?)", (seq, data))
        for level, position, hashed in self._frontier.append(leaf_of(data)):
            if level >= KEPT_LEVEL:
                self.connection.execute("insert into node values (?, ?, ?)", (level, position, hashed))
        self.size = seq

    def _fold(self, record: Record) -> tuple[RowChange, ...]:
        self.latest = max(self.latest, record.at)
        if isinstance(record.body, LedgerOpened | LedgerReopened):
            self.epoch = record.body.epoch
        changes = project(record)
        self._tables.apply(changes)
        return changes

    def put_private(self, row: PrivateRow, at: str) -> None:
        """Stores a version of a private row inside a transaction, behind the record that speaks of it."""
        erasing.put(self.connection, row, at)

    def put_pin(self, kept: KeptPin) -> None:
        """Keeps what verifies a PIN inside a transaction, behind the record that speaks of it."""
        pin_store.put(self.connection, kept)

    def has_private(self, id: str, version: int) -> bool:
        """Whether this version of a private row, or the place of one that was erased, is there."""
        row = self.connection.execute("select 1 from private where id = ? and version = ?", (id, version)).fetchone()
        return row is not None

    def _mark_fold(self) -> None:
        mark = (FOLD_VERSION, self.size, self.latest)
        if self.connection.execute("update fold set version = ?, seq = ?, latest = ?", mark).rowcount == 0:
            self.connection.execute("insert into fold values (?, ?, ?)", mark)

    def checkpoint(self) -> Checkpoint:
        """The ledger's size and root now."""
        return Checkpoint(self.origin, self.size, self._frontier.root())

    def keep_checkpoint(self, checkpoint: Checkpoint, note: str, at: str) -> None:
        """Stores a signed checkpoint."""
        self.connection.execute("insert or ignore into checkpoint values (?, ?, ?)", (checkpoint.size, note, at))

    def rebuild(self) -> int:
        """Drops the tables and folds the ledger anew; answers how many records were folded."""
        with self.transaction():
            if self.size:  # of a new ledger the tables are as they were created
                drop_tables(self.database)
                create_tables(self.database)
            rows = self.connection.execute("select bytes from record order by seq")
            for (data,) in rows:
                record = decode(_bytes(data))
                self.latest = max(self.latest, record.at)
                self._tables.apply(project(record))
            self._mark_fold()
            self.mark, self.epoch = self._read_mark(), self._read_epoch()
        return self.size

    def begin(self, stamp: Stamp) -> None:
        """Writes the first record of a new ledger. Does nothing for one that has begun."""
        if self.size == 0:
            with self.transaction():
                self.append(LedgerOpened(self.site, 1, ""), "controller", stamp)
            self._note_begun()


def _bytes(value: object) -> bytes:
    """What a record's row holds. Raises Damaged for nothing: SQLite may say so of a torn page."""
    if not isinstance(value, bytes):
        raise salvage.Damaged(salvage.RECORDS, "a record without bytes")
    return value


def hold(path: Path) -> int:
    """Takes the writer's place for as long as the process lives. Raises LedgerInUse."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # for reading: a file held open for writing would keep its file system from being made read-only
    handle = os.open(path.with_suffix(".lock"), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise LedgerInUse(f"{path}: a controller is running") from error
    return handle


def _hold_again(path: Path, handle: int) -> int:
    """The writer's place in the folder as it is now: another one after the file system went away and came back."""
    try:
        if os.path.samestat(os.fstat(handle), os.stat(path.with_suffix(".lock"))):
            return handle
    except FileNotFoundError:
        pass
    fresh = hold(path)
    os.close(handle)
    return fresh


def fresh_salt() -> str:
    """The salt of a new private row, 32 hex digits."""
    return secrets.token_hex(16)
