"""The private store, and how a row is erased from it so that none of its bytes are left in the file.

SQLite's `secure_delete` overwrites what is deleted, but not what it moved before: a row of a page that was split or joined can
leave a copy behind that no later deletion knows of (of 1,500 rows erased from a table keyed by their id, about 15 were
still in the file). So rows are only ever added at the end, which moves none, and an erased one is overwritten where it
stands by as many bytes of nothing; its place is kept, with `ERASED_SALT` for its salt. What the write-ahead log held of it
goes when that is written back and cut (`controller.truncation`).
"""

import sqlite3

from controller.record.canonical import canonical
from controller.record.private import ERASED_SALT, PrivateRow

SCHEMA = """
create table if not exists private (n integer primary key, id text not null, version integer not null, text text not null,
    salt text not null, at text not null, unique (id, version)) strict;
"""

HELD = f"salt <> '{ERASED_SALT}'"
"""What a question for private rows has to add: without it the places of erased rows are answered too."""

_ERASE = f"""update private set text = '{{}}' || printf('%*c', length(cast(text as blob)) - 2, ' '), salt = '{ERASED_SALT}'
    where {HELD} and id in (select private from private_of where person = ?)"""  # noqa: S608 - constants alone
_ERASED = """select 1 from private_of join person on person.person = private_of.person
    where private_of.digest = ? and person.state = 'erased'"""


def adopt(connection: sqlite3.Connection) -> None:
    """Makes the store, or copies that of an older program, whose rows could move, into it."""
    found = connection.execute("select sql from sqlite_schema where type = 'table' and name = 'private'").fetchone()
    if found is None or "without rowid" not in found[0].lower():
        connection.executescript(SCHEMA)
        return
    connection.executescript(
        f"""begin immediate; alter table private rename to private_before; {SCHEMA}
        insert into private (id, version, text, salt, at) select id, version, text, salt, at from private_before;
        drop table private_before; commit;"""  # noqa: S608 - constants alone
    )


def put(connection: sqlite3.Connection, row: PrivateRow, at: str) -> None:
    """Stores a version of a row inside a transaction; nothing for one whose person was erased, wherever it comes from."""
    if connection.execute(_ERASED, (row.ref().digest,)).fetchone() is None:
        connection.execute(
            "insert into private (id, version, text, salt, at) values (?, ?, ?, ?, ?)",
            (row.id, row.version, canonical(row.text).decode(), row.salt, at),
        )


def erase_person(connection: sqlite3.Connection, person: int) -> None:
    """Erases every version of every row about the person, inside a transaction."""
    connection.execute(_ERASE, (person,))
