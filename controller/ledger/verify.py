"""Verifying: whether a ledger, or what was exported of one, is whole and is what its checkpoints were signed over.

Needs neither settings, nor network, nor the controller: a file, and to prove more, a checkpoint that somebody else kept and
the site's verifier key. A file is only read, and may be a bare copy. A ledger at rest (no `-wal` beside it) is opened so
that SQLite writes nothing next to it either; one in use is read as of one moment.
"""

import heapq
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from controller.ledger.archive import END_MARK, EVIDENCE_MARK, EXPORT_MARK, PATH_MARK, End, Evidence, Head
from controller.ledger.examination import BLOCK, Examination, Note, Row
from controller.ledger.keyline import MOST_CHANGES, Change
from controller.ledger.proving import changes_in, examine_evidence, examine_paths
from controller.ledger.report import Finding, Report
from controller.record.envelope import LARGEST_RECORD, MalformedRecord, decode
from controller.record.kinds.trust import SiteRekeyed
from controller.record.note import BadNote, Checkpoint, VerifierKey

_SQLITE = b"SQLite format 3\x00"
_LONGEST_LINE = 2 * LARGEST_RECORD
_Notes = list[tuple[int, Note]]


def verify_file(path: Path, *, notes: Sequence[str] = (), key: VerifierKey | None = None) -> Report:
    """What is right and wrong with a ledger, an export or an evidence file, told apart by how they begin.

    `notes`: checkpoints that were kept elsewhere; `key`: the site's verifier key. Never raises for what is in the file or
    the notes; OSError when it cannot be opened.
    """
    with path.open("rb") as file:
        begin = file.read(len(_SQLITE))
    if begin == _SQLITE:
        return _verify_ledger(path, notes, key)
    if EXPORT_MARK.startswith(begin):
        return _verify_export(path, notes, key)
    if EVIDENCE_MARK.startswith(begin):
        return _verify_evidence_file(path, notes, key)
    examination = Examination("unknown", key, ())
    examination.note(Finding("file", "neither a ledger, nor an export, nor evidence"))
    return examination.report(())


def verify_evidence(evidence: Evidence, *, notes: Sequence[str] = (), key: VerifierKey | None = None) -> Report:
    """Whether the record is the one that the checkpoint was signed over, at its place."""
    return examine_evidence(evidence, notes, key)


def _read_notes(notes: Sequence[str]) -> tuple[_Notes, list[Finding]]:
    """The notes from elsewhere, by size; and what is wrong with those that are none."""
    good: _Notes = []
    bad: list[Finding] = []
    for text in notes:
        try:
            good.append((Checkpoint.parse(text).size, Note(text)))
        except BadNote as error:
            bad.append(Finding("note", f"the checkpoint given: {error}"))
    return sorted(good, key=_size), bad


def _size(filed: tuple[int, Note]) -> int:
    return filed[0]


# Ledgers -----------------------------------------------------------------------------------------------------------------


def _verify_ledger(path: Path, notes: Sequence[str], key: VerifierKey | None) -> Report:
    given, wrong = _read_notes(notes)
    connection = _open(path)
    try:
        stored = _stored_notes(connection, wrong)
        connection.execute("begin")  # one moment of a ledger in use
        examination = Examination("ledger", key, heapq.merge(stored, given, key=_size), _changes(connection))
        for finding in wrong:
            examination.note(finding)
        wrong.clear()
        try:
            for rows in _rows(connection):
                examination.take(rows)
        except (sqlite3.Error, ValueError, TypeError) as error:
            examination.note(Finding("file", f"the ledger cannot be read to its end: {error}"))
        report = examination.report(() if given else ("tail",))
    finally:
        connection.close()
    return report if not wrong else msgspec.structs.replace(report, findings=(*report.findings, *wrong))


def _open(path: Path) -> sqlite3.Connection:
    """A connection that reads, and leaves no trace beside a ledger at rest."""
    wal = path.with_name(path.name + "-wal")
    at_rest = not wal.exists() or not wal.stat().st_size
    quoted = os.fspath(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    options = "mode=ro&immutable=1" if at_rest else "mode=ro"
    connection = sqlite3.connect(f"file:{quoted}?{options}", uri=True, isolation_level=None)
    connection.execute("pragma query_only = on")
    return connection


def _changes(connection: sqlite3.Connection) -> list[Change]:
    """The records by which the site's key changed. The table only says where they are: what they say is in the records."""
    try:
        rows = connection.execute(
            "select r.seq, r.bytes from succession s join record r on r.seq = s.seq order by r.seq limit ?", (MOST_CHANGES,)
        ).fetchall()
        records = [decode(data) for _, data in rows]
    except (sqlite3.Error, MalformedRecord, TypeError, UnicodeDecodeError):  # an error's own text can be damaged, too
        return []
    return [(record.seq, record.body) for record in records if isinstance(record.body, SiteRekeyed)]


def _rows(connection: sqlite3.Connection) -> Iterator[list[Row]]:
    """The records, a block at a time. Raises ValueError for a row that holds no bytes."""
    cursor = connection.execute("select seq, bytes from record order by seq")
    while rows := cursor.fetchmany(BLOCK):
        if any(type(seq) is not int or type(data) is not bytes for seq, data in rows):
            rows = [(seq, data if isinstance(data, bytes) else b"") for seq, data in rows]
            if any(type(seq) is not int for seq, _ in rows):
                raise ValueError("a record whose place is no number")
        yield rows


def _stored_notes(connection: sqlite3.Connection, wrong: list[Finding]) -> Iterator[tuple[int, Note]]:
    """The ledger's own checkpoints, in order of size; a table that cannot be read is noted in `wrong`."""
    try:
        for size, text in connection.execute("select size, note from checkpoint order by size"):
            if isinstance(size, int) and isinstance(text, str):
                yield size, Note(text, size)
            else:
                wrong.append(Finding("note", f"a stored checkpoint is no text: {str(size)[:40]}"))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        wrong.append(Finding("file", f"the ledger's checkpoints cannot be read: {error}"))


# Exports -----------------------------------------------------------------------------------------------------------------


def _verify_export(path: Path, notes: Sequence[str], key: VerifierKey | None) -> Report:
    given, wrong = _read_notes(notes)
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
        try:
            head = msgspec.json.decode(next(lines, b""), type=Head)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            examination = Examination("export", key, ())
            examination.note(Finding("file", f"the first line is not that of an export: {error}"))
            return examination.report(())
        if not head.complete:
            return examine_paths(head, lines, given, wrong, key)
        own: _Notes = []
        if head.checkpoint:
            own, bad = _read_notes([head.checkpoint, *(handover.note for handover in head.handovers if handover.note)])
            wrong += bad
        examination = Examination("export", key, sorted([*own, *given], key=_size), changes_in(head.handovers))
        for finding in wrong:
            examination.note(finding)
        _take_lines(lines, examination)
    return examination.report(() if given else ("tail",))


def _take_lines(lines: Iterator[bytes], examination: Examination) -> None:
    """The records of a complete export, and its end."""
    rows: list[Row] = []
    seq = 0
    end = None
    for text in lines:
        if end is not None or text.startswith(PATH_MARK) or not text.endswith(b"\n"):
            examination.note(Finding("end", f"line {seq + 2} does not belong there, or is not whole"))
            break
        if text.startswith(END_MARK):
            end = text
            continue
        seq += 1
        rows.append((seq, text[:-1]))
        if len(rows) == BLOCK:
            examination.take(rows)
            rows = []
    examination.take(rows)
    if end is None or end != msgspec.json.encode(End(seq)) + b"\n":
        examination.note(Finding("end", f"the export does not end behind its {seq} records: it was cut or added to"))


def _verify_evidence_file(path: Path, notes: Sequence[str], key: VerifierKey | None) -> Report:
    with path.open("rb") as file:
        data = file.read(_LONGEST_LINE + 16_384)
    try:
        evidence = msgspec.json.decode(data, type=Evidence)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        examination = Examination("evidence", key, ())
        examination.note(Finding("file", f"not evidence: {error}"))
        return examination.report(())
    return verify_evidence(evidence, notes=notes, key=key)


__all__ = ["Finding", "Report", "verify_evidence", "verify_file"]
