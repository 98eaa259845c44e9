"""The tables as they were: the fold of a ledger up to a time, in memory (C7.2: who could enter what, then).

It is made a few records at a time, so that whoever has something else to do as well is not kept from it.
"""

import sqlite3
from collections.abc import Callable

from sqlite_utils import Database

from controller.ledger.database import Tables, create_tables
from controller.record.envelope import decode
from controller.record.husk import husk_seq
from controller.record.projection import project
from controller.record.tables import Drop, Erase

_EVERY = 1000


class Past:
    """The way back to a record. Names and texts are not in its tables: they are in the private store alone.

    What was dropped past its retention changed no table.
    """

    def __init__(self, ledger: sqlite3.Connection, last: int) -> None:
        """`last`: the last record that is taken into account."""
        self._ledger = ledger
        self.last = last
        self.done = 0
        """Up to which record the tables are folded."""
        self.tables = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        create_tables(Database(self.tables))
        self._fold = Tables(self.tables)

    def go_on(self, most: int) -> bool:
        """Folds so many further records at most; whether it has arrived."""
        until = min(self.done + most, self.last)
        query = "select bytes from record where seq > ? and seq <= ? order by seq"
        rows = self._ledger.execute(query, (self.done, until)).fetchall()
        self.tables.execute("begin")
        for (data,) in rows:
            if husk_seq(data) is None:
                changes = project(decode(data))
                self._fold.apply(tuple(change for change in changes if not isinstance(change, Erase | Drop)))
        self.tables.execute("commit")
        self.done = until
        return self.done == self.last

    def close(self) -> None:
        """Lets the tables go."""
        self.tables.close()


def look_back(ledger: sqlite3.Connection, at: str, before: int, most: int) -> tuple[int, bool]:
    """The last record before the one numbered `before` that was written at or before a time (as in records).

    Looks at so many at most. Answers its number and True, 0 for none; or False, and from where on to look further back.

    Order is `seq` (design §6): a record with an earlier time behind a later one, after a clock was set back, counts too.
    """
    first = max(before - most, 1)
    query = "select seq, bytes from record where seq >= ? and seq < ? order by seq desc"
    for seq, data in ledger.execute(query, (first, before)).fetchall():
        if husk_seq(data) is None and decode(data).at <= at:
            return int(seq), True
    return (0, True) if first == 1 else (first, False)


def last_until(ledger: sqlite3.Connection, at: str) -> int:
    """The last record that was written at or before this time (as in records); 0 for none."""
    place = 1 + int(ledger.execute("select coalesce(max(seq), 0) from record").fetchone()[0])
    found = False
    while not found:
        place, found = look_back(ledger, at, place, _EVERY)
    return place


def tables_until(
    ledger: sqlite3.Connection, last: int, told: Callable[[int, int], None] = lambda done, total: None
) -> sqlite3.Connection:
    """A database in memory with the tables folded from the records up to `last`; `told` hears of the progress in records."""
    past = Past(ledger, last)
    while not past.go_on(_EVERY):
        told(past.done, last)
    told(last, last)
    return past.tables
