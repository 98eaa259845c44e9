"""Dropping record bytes past their retention: what is due, doing it, and whether what was dropped was dropped by a rule.

The one change that the ledger's triggers allow of a record: from its bytes to its husk, where the newest `records.dropped`
names its kind and place. It happens where that record is folded: so again in a rebuild, after a recovery, and at dashboards.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from controller.record.canonical import timestamp
from controller.record.husk import MARK, husk, husk_seq, leaf_of
from controller.record.kinds.retention import RecordsDropped, digest_of
from controller.record.tables import Drop
from controller.rules import retention as rule
from controller.rules.retention import BLOCK, Line

TRIGGER = """
create trigger if not exists record_is_not_changed before update on record when not (
    new.seq = old.seq and cast(old.bytes as text) not glob '{"dropped":*'
    and cast(new.bytes as text) glob '{"dropped":"*","seq":' || new.seq || '}'
    and length(new.bytes) = 85 + length(cast(new.seq as text))
    and exists (select 1 from retention where seq = (select max(seq) from retention) and old.seq between first and last
        and instr(' ' || kinds || ' ', ' ' || json_extract(cast(old.bytes as text), '$.kind') || ' ')
        and not instr(' ' || kept || ' ', ' ' || old.seq || ' ')))
    begin select raise(abort, 'the ledger is append-only'); end;
"""


_AHEAD = 4096
"""Records behind a block that are looked through for one whose time is to be trusted."""
_NEAR = 64
"""Records looked through for one of some weeks ago whose time is to be trusted."""
_MOST_BLOCKS = 16
"""Blocks looked at in one step when there is nothing to drop in them."""
POINTERS = """select seq, cause_seq, release_seq from portal_state
    union all select seq, null, null from presence union all select seq, null, null from presence_doubt
    union all select seq, null, null from awaited union all select seq, null, null from escorting"""
"""The records on which a state stands: they stay, whatever their age."""


class _Said(msgspec.Struct):
    at: str = ""
    clock: str = ""
    kind: str = ""
    seq: int = 0


_said = msgspec.json.Decoder(_Said)


def guard(connection: sqlite3.Connection) -> None:
    """Makes the trigger, in the place of an older program's that allowed nothing at all."""
    named = "select sql from sqlite_schema where type = 'trigger' and name = 'record_is_not_changed'"
    found = connection.execute(named).fetchone()
    if found is not None and "retention" not in found[0]:
        connection.execute("drop trigger record_is_not_changed")
    connection.executescript(TRIGGER)


class Due:
    """What is to be dropped next. Where it has looked already is in memory alone: a start looks again."""

    def __init__(self) -> None:
        self._after: int | None = None

    def next(self, connection: sqlite3.Connection, now: datetime, days: int) -> RecordsDropped | None:
        """The next rule to be recorded for records older than so many days; None where there is none for now."""
        cutoff = timestamp(now - timedelta(days=days))
        pointed = {seq for row in connection.execute(POINTERS) for seq in row if seq is not None}
        if self._after is None:
            if not _goes_on(connection, now):
                return None
            self._after = _last(connection)
            if (left := _left_over(connection, pointed)) is not None:
                self._after = None  # there may be more
                return left
        for _ in range(_MOST_BLOCKS):
            block = list(_lines(connection, self._after, BLOCK))
            if len(block) < BLOCK or not rule.is_past(block, _lines(connection, block[-1].seq, _AHEAD), cutoff):
                self._after = None
                return None
            self._after = block[-1].seq
            if (found := rule.drop(block, pointed)) is not None:
                return found
        return None

    @property
    def has_more(self) -> bool:
        """Whether the last step ended before the records did."""
        return self._after is not None


def _left_over(connection: sqlite3.Connection, pointed: set[int]) -> RecordsDropped | None:
    """A rule for a record that an earlier rule had to keep, and that nothing stands on any more."""
    for (kept,) in connection.execute("select kept from retention where kept <> ''").fetchall():
        for seq in map(int, kept.split()):
            if seq not in pointed and (found := rule.drop(list(_lines(connection, seq - 1, 1)), ())) is not None:
                return found
    return None


def _goes_on(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether the ledger's last weeks bear out what the clock says."""
    settled, recent = timestamp(now - rule.SETTLED), timestamp(now - rule.RECENT)
    at = "select bytes from record where seq = ?"
    low, high = 0, connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
    while low < high:  # times mostly ascend; where they do not, this finds too little rather than too much
        middle = (low + high + 1) // 2
        if _said.decode(connection.execute(at, (middle,)).fetchone()[0]).at <= settled:
            low = middle
        else:
            high = middle - 1
    near = _lines(connection, max(0, low - _NEAR), _NEAR)
    return any(line.trusted and recent <= line.at <= settled for line in near)


def _last(connection: sqlite3.Connection) -> int:
    """Up to which record rules have been made."""
    last: int = connection.execute("select coalesce(max(last), 0) from retention").fetchone()[0]
    return last


def _lines(connection: sqlite3.Connection, after: int, most: int) -> Iterator[Line]:
    rows = connection.execute("select seq, bytes from record where seq > ? order by seq limit ?", (after, most))
    for seq, data in rows:
        said = _said.decode(data)
        yield Line(seq, said.at, said.clock, said.kind)


def drop(connection: sqlite3.Connection, change: Drop) -> None:
    """Makes husks of the records that the newest rule names, inside a transaction; of a husk nothing."""
    rows = connection.execute(
        "select seq, bytes from record where seq between ? and ?", (change.first, change.last)
    ).fetchall()
    for seq, data in rows:
        if _said.decode(data).kind in change.kinds and seq not in change.kept:
            connection.execute("update record set bytes = ? where seq = ?", (husk(seq, leaf_of(data)), seq))


def unsound(connection: sqlite3.Connection, behind: int) -> str | None:
    """What is wrong with the husks behind a record: rules have to stand for all of them, and for no others. None: nothing."""
    husks = [seq for (seq,) in connection.execute(
        "select seq from record where seq > ? and substr(bytes, 1, ?) = ?", (behind, len(MARK), MARK)
    )]  # fmt: skip
    ruled: set[int] = set()
    rules = connection.execute(
        "select seq, first, last, kept, digest from retention where last > ?", (behind,)
    ).fetchall()
    for seq, first, last, kept, digest in rules:
        there = connection.execute(
            "select seq, bytes from record where seq between ? and ? order by seq", (first, last)
        )
        dropped = [n for n, data in there if husk_seq(data) == n and n not in set(map(int, kept.split()))]
        if digest_of(dropped) != digest:
            return f"record {seq} says that other records than these were dropped"
        ruled.update(dropped)
    alone = next((seq for seq in husks if seq not in ruled), None)
    return None if alone is None else f"record {alone} is not there, and no rule says that it was dropped"
