"""Exports: records as they are (JSON lines, which `verify` can prove) or as a sheet (CSV), and the evidence of one record.

Read in pieces through a reader's connection, so that neither memory nor the ledger's WAL grows with the export. A file
appears whole under its name or not at all.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from controller.ledger.archive import End, Evidence, Handover, Head, line
from controller.ledger.archive import Path as ProofPath
from controller.ledger.keyline import MOST_CHANGES
from controller.ledger.nodes import subtree_of
from controller.ledger.output import Output
from controller.record.canonical import canonical, timestamp
from controller.record.envelope import MalformedRecord, Unknown, decode
from controller.record.facets import facets
from controller.record.husk import husk_seq
from controller.record.note import Checkpoint
from controller.record.tree import inclusion_proof

FORMATS = ("jsonl", "csv")
COLUMNS = ("seq", "at", "kind", "portal", "zone", "person", "code", "by", "body", "mark")
_PIECE = 512
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With what a sheet begins to calculate (OWASP, CSV injection), in both widths."""


class Exported(msgspec.Struct, frozen=True):
    """What was written. `complete`: from record 1 with none left out; `checkpoint`: the size of the one in the file."""

    path: str
    format: str
    count: int
    first: int | None
    last: int | None
    sha256: str
    complete: bool
    checkpoint: int | None
    dropped: int = 0
    """How many records are not in it, because their bytes were dropped: in a complete one their leaf hashes stand there."""


class _Choice:
    """Which records: by place, and by the time they say."""

    def __init__(
        self, connection: sqlite3.Connection, first: int | None, last: int | None,
        from_at: datetime | None, to_at: datetime | None,
    ) -> None:  # fmt: skip
        newest: int = connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        self._connection = connection
        self.first = max(1, first or 1)
        self.last = newest if last is None else min(last, newest)
        self._from = None if from_at is None else timestamp(from_at)
        self._to = None if to_at is None else timestamp(to_at)
        self.dropped = 0
        self.complete = self.first == 1 and self._from is None and self._to is None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        after = self.first - 1
        while rows := self._connection.execute(
            "select seq, bytes from record where seq > ? and seq <= ? order by seq limit ?", (after, self.last, _PIECE)
        ).fetchall():
            after = rows[-1][0]
            yield from (row for row in rows if self._within(row[1]))

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Those that are there; the others are counted."""
        for seq, data in self:
            if husk_seq(data) is None:
                yield seq, data
            else:
                self.dropped += 1

    def _within(self, data: bytes) -> bool:
        if self._from is None and self._to is None:
            return True
        try:
            at = decode(data).at
        except MalformedRecord:
            return False
        return (self._from is None or self._from <= at) and (self._to is None or at < self._to)


def export_records(
    connection: sqlite3.Connection, out: Path, *, format: str = "jsonl", first: int | None = None, last: int | None = None,
    from_at: datetime | None = None, to_at: datetime | None = None,
) -> Exported:  # fmt: skip
    """Writes the records from `first` to `last` whose `at` is from `from_at` until before `to_at` (aware) to `out`.

    Raises ValueError for an unknown format or a naive time; OSError, sqlite3.Error, and then leaves no file.
    """
    if format not in FORMATS:
        raise ValueError(f"{format!r} is none of {', '.join(FORMATS)}")
    choice = _Choice(connection, first, last, from_at, to_at)
    checkpoint = newest_checkpoint(connection, choice.last if choice.complete else None) if format == "jsonl" else None
    file = Output(out)
    try:
        write = _write_lines if format == "jsonl" else _write_sheet
        count, begin, end = write(file, choice, connection, checkpoint)
        digest = file.keep()
    except BaseException:
        file.drop()
        raise
    size = None if checkpoint is None else checkpoint[0].size
    return Exported(str(out), format, count, begin, end, digest, choice.complete, size, choice.dropped)


_Span = tuple[int, int | None, int | None]
_Newest = tuple[Checkpoint, str]


def _write_lines(file: Output, choice: _Choice, connection: sqlite3.Connection, newest: _Newest | None) -> _Span:
    origin = newest[0].origin if newest else ""
    note = newest[1] if newest else ""
    changes = handovers(connection, newest[0].size) if newest else ()
    file.write(line(Head(1, note, choice.complete, choice.first, choice.last, origin, changes)))
    subtree = lru_cache(maxsize=4096)(subtree_of(connection))
    size = newest[0].size if newest and not choice.complete else 0
    count, begin, end = 0, None, None
    for seq, data in choice if choice.complete else choice.records():
        choice.dropped += choice.complete and husk_seq(data) is not None
        count, begin, end = count + 1, begin or seq, seq
        file.write(data + b"\n")
        if seq <= size:
            path = inclusion_proof(seq - 1, size, subtree)
            file.write(line(ProofPath(tuple(sibling.hex() for sibling in path), seq)))
    file.write(line(End(count)))
    return count, begin, end


def _write_sheet(file: Output, choice: _Choice, _: sqlite3.Connection, __: _Newest | None) -> _Span:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    file.write("\ufeff".encode())
    writer.writerow(COLUMNS)
    count, begin, end = 0, None, None
    for seq, data in choice.records():
        count, begin, end = count + 1, begin or seq, seq
        writer.writerow([seq, *map(cell, _cells(data))])
        if text.tell() > 65_536:
            file.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    file.write(text.getvalue().encode())
    return count, begin, end


def _cells(data: bytes) -> tuple[str, ...]:
    """A record's cells behind its `seq`; bytes that are none stand in that of the body."""
    try:
        record = decode(data)
    except MalformedRecord:
        return ("",) * 7 + (data.decode(errors="replace"), "")
    about = facets(record)
    body = record.body.raw if isinstance(record.body, Unknown) else canonical(record.body)
    person = "" if about.person is None else str(about.person)
    return (
        record.at,
        record.kind,
        about.portal,
        about.zone,
        person,
        about.code,
        record.by,
        body.decode(errors="replace"),
        about.mark,
    )


def cell(text: str) -> str:
    """The text as a cell that no sheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def newest_checkpoint(connection: sqlite3.Connection, last: int | None = None) -> tuple[Checkpoint, str] | None:
    """The newest stored checkpoint, over `last` records at most; None before the first."""
    row = connection.execute(
        "select note from checkpoint where ? is null or size <= ? order by size desc limit 1", (last, last)
    ).fetchone()
    return None if row is None else (Checkpoint.parse(row[0]), row[0])


def prove(connection: sqlite3.Connection, seq: int) -> Evidence:
    """Record `seq` with all that proves it. Raises LookupError when it is not there, or no checkpoint covers it yet."""
    row = connection.execute("select bytes from record where seq = ?", (seq,)).fetchone()
    if row is None:
        raise LookupError(f"there is no record {seq}")
    if husk_seq(row[0]) is not None:
        raise LookupError(f"record {seq} was dropped past its retention: its leaf hash alone is left")
    newest = newest_checkpoint(connection)
    if newest is None or newest[0].size < seq:
        raise LookupError(f"no checkpoint covers record {seq} yet")
    path = inclusion_proof(seq - 1, newest[0].size, subtree_of(connection))
    siblings = tuple(sibling.hex() for sibling in path)
    return Evidence(1, newest[1], siblings, row[0].decode(), seq, handovers(connection, newest[0].size))


def handovers(connection: sqlite3.Connection, last: int) -> tuple[Handover, ...]:
    """The changes of the site's key up to record `last`, for whoever knows an older one."""
    rows = connection.execute(
        "select s.seq, r.bytes, coalesce(c.note, '') from succession s join record r on r.seq = s.seq"
        " left join checkpoint c on c.size = s.seq where s.seq <= ? order by s.seq limit ?",
        (last, MOST_CHANGES),
    )
    return tuple(Handover(seq, data.decode(), note) for seq, data, note in rows)


def write_evidence(evidence: Evidence, out: Path) -> str:
    """Writes an evidence file, whole or not at all; answers its SHA-256."""
    file = Output(out)
    try:
        file.write(evidence.text().encode())
        return file.keep()
    except BaseException:
        file.drop()
        raise
