"""The SQLite file: how it is opened, and what is in it."""

import sqlite3
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from controller.ledger import pin_store, retention
from controller.ledger.erasing import adopt, erase_person
from controller.record.tables import FOLD_VERSION, TABLES, Delete, Drop, Erase, RowChange, Upsert

_SCHEMA = """
create table if not exists record (seq integer primary key, bytes blob not null) strict;
create trigger if not exists record_is_not_deleted before delete on record
    begin select raise(abort, 'the ledger is append-only'); end;
create trigger if not exists record_follows before insert on record
    when new.seq is not (select coalesce(max(seq), 0) + 1 from record)
    begin select raise(abort, 'the ledger is append-only'); end;
create table if not exists node (level integer, position integer, hash blob not null, primary key (level, position))
    strict, without rowid;
create table if not exists checkpoint (size integer primary key, note text not null, at text not null) strict;
create table if not exists fold (version integer not null, seq integer not null, latest text not null) strict;
"""

_PRAGMAS = (
    "journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 4000", "temp_store = memory", "secure_delete = on",
)  # fmt: skip


def open_writer(path: Path) -> Database:
    """The one connection that writes: WAL, and every commit on the disk before it returns.

    It waits a second for a lock that nobody else should hold: no longer, because doors wait with it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=1.0, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        database = Database(connection)
        connection.executescript(_SCHEMA)
        retention.guard(connection)
        adopt(connection)
        connection.executescript(pin_store.SCHEMA)
        create_tables(database)
    except sqlite3.Error:
        connection.close()
        raise
    return database


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; one a thread. Raises sqlite3.OperationalError when there is no such file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("pragma query_only = on")
    return connection


def drop_actors(path: Path) -> None:
    """Drops every trigger and view of a ledger's file at rest, which could act or answer by themselves.

    Ours are made anew when it is opened. Raises sqlite3.DatabaseError for a file that is no database.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma trusted_schema = off")
        actors = connection.execute("select type, name from sqlite_schema where type in ('trigger', 'view')").fetchall()
        for type, name in actors:
            quoted = str(name).replace('"', '""')
            connection.execute(f'drop {type} if exists "{quoted}"')
    finally:
        connection.close()


def create_tables(database: Database) -> None:
    """Creates the folded tables and their indexes where they are not there, all in one transaction."""
    there = set(database.table_names())
    missing = [text for name, text in _schema().items() if name not in there]
    if missing:
        with database.atomic():
            for text in missing:
                for statement in text:
                    database.execute(statement)


@cache
def _schema() -> dict[str, tuple[str, ...]]:
    """By table, the statements that create it and its indexes: as sqlite-utils makes them, asked for once a process."""
    scratch = Database(memory=True)
    for table in TABLES.values():
        stored = scratch.table(table.name)
        stored.create(dict(table.columns), pk=table.key if len(table.key) > 1 else table.key[0], strict=True)
        for columns in table.indexes:
            stored.create_index(list(columns))
    made: dict[str, list[str]] = {name: [] for name in TABLES}
    for name, text in scratch.execute("select tbl_name, sql from sqlite_schema where sql is not null order by rowid"):
        made[name].append(text)
    return {name: tuple(statements) for name, statements in made.items()}


def drop_tables(database: Database) -> None:
    """Drops the folded tables, and only those."""
    for name in TABLES:
        database.table(name).drop(ignore=True)
    database.conn.execute("delete from fold")


def fold_is_current(connection: sqlite3.Connection, size: int) -> bool:
    """Whether the tables were folded by this program's fold and to the ledger's end."""
    row = connection.execute("select version, seq from fold").fetchone()
    return bool(row == (FOLD_VERSION, size))


def latest_time(connection: sqlite3.Connection) -> str:
    """The latest time that a folded record carries; empty before the first."""
    row = connection.execute("select latest from fold").fetchone()
    return "" if row is None else str(row[0])


class Tables:
    """Applies row changes; keeps the text of each shape of statement, for sqlite3 to keep it prepared."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._texts: dict[tuple[str, tuple[str, ...]], str] = {}

    def apply(self, changes: tuple[RowChange, ...]) -> None:
        """Inserts, upserts, deletes and erases, in order, inside the caller's transaction."""
        for change in changes:
            if isinstance(change, Upsert):
                columns = tuple(change.row)
                text = self._texts.get((change.table, columns)) or self._upsert(change.table, columns)
                self._connection.execute(text, tuple(change.row.values()))
                if change.table == "pin":
                    pin_store.folded(self._connection, change.row)
            elif isinstance(change, Erase):
                erase_person(self._connection, change.person)
                pin_store.blank(self._connection, change.person)
            elif isinstance(change, Drop):
                retention.drop(self._connection, change)
            else:
                self._delete(change)

    def _delete(self, change: Delete) -> None:
        where = " and ".join(f'"{column}" = ?' for column in change.key)
        self._connection.execute(f'delete from "{TABLES[change.table].name}" where {where}', tuple(change.key.values()))  # noqa: S608

    def _upsert(self, table: str, columns: tuple[str, ...]) -> str:
        known = TABLES[table]
        unknown = set(columns) - set(known.columns)
        if unknown or not set(known.key) <= set(columns):
            raise ValueError(f"{table}: columns {sorted(unknown) or columns} do not fit")
        names = ", ".join(f'"{column}"' for column in columns)
        keys = ", ".join(f'"{column}"' for column in known.key)
        sets = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in known.key)
        marks = ", ".join("?" * len(columns))
        text = f'insert into "{table}" ({names}) values ({marks}) on conflict ({keys}) do '  # noqa: S608
        text += f"update set {sets}" if sets else "nothing"
        self._texts[table, columns] = text
        return text
