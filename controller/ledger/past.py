"""The tables as they were: the fold of a ledger up to a time, in memory (C7.2: who could enter what, then)."""

import sqlite3
from collections.abc import Callable
from itertools import takewhile

from sqlite_utils import Database

from controller.ledger.database import Tables, create_tables
from controller.record.envelope import decode
from controller.record.husk import husk_seq
from controller.record.projection import project
from controller.record.tables import Drop, Erase

_EVERY = 1000


def last_until(ledger: sqlite3.Connection, at: str) -> int:
    """The last record that was written at or before this time (as in records); 0 for none.

    Order is `seq` (design §6): a record with an earlier time behind a later one, after a clock was set back, counts too.
    """
    for seq, data in ledger.execute("select seq, bytes from record order by seq desc"):
        if husk_seq(data) is None and decode(data).at <= at:
            return int(seq)
    return 0


def tables_until(
    ledger: sqlite3.Connection, last: int, told: Callable[[int, int], None] = lambda done, total: None
) -> sqlite3.Connection:
    """A database in memory with the tables folded from the records up to `last`; `told` hears of the progress in records.

    Names and texts are not in it: they are in the private store alone. What was dropped past its retention changed no table.
    """
    past = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    create_tables(Database(past))
    tables = Tables(past)
    rows = ledger.execute("select seq, bytes from record where seq <= ? order by seq", (last,))
    past.execute("begin")
    for seq, data in takewhile(lambda row: row[0] <= last, rows):
        if husk_seq(data) is None:
            changes = project(decode(data))
            tables.apply(tuple(change for change in changes if not isinstance(change, Erase | Drop)))
        if seq % _EVERY == 0:
            told(seq, last)
    past.execute("commit")
    told(last, last)
    return past
