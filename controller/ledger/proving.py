"""Single records, proven by their paths: evidence, and exports of chosen records. Needs no ledger.

A path and a checkpoint's size say which root the path leads to. All paths of an export have to lead to the one root that its
checkpoint states.
"""

import contextlib
from collections.abc import Iterator, Sequence

import msgspec

from controller.ledger.archive import END_MARK, PATH_MARK, End, Evidence, Handover, Head, Path
from controller.ledger.examination import Note, record_fault, signature_fault
from controller.ledger.keyline import MOST_CHANGES, Change, key_line
from controller.ledger.report import MOST_FINDINGS, Finding, Report
from controller.record.envelope import MalformedRecord, decode
from controller.record.kinds.trust import SiteRekeyed
from controller.record.note import BadNote, Checkpoint, VerifierKey
from controller.record.tree import BadProof, leaf_hash, verify_inclusion


class _Tally:
    """What becomes a report on chosen records."""

    def __init__(self, source: str, key: VerifierKey | None, changes: Sequence[Change] = ()) -> None:
        self._source = source
        self._key = key
        self._line = None if key is None else key_line(key, changes)
        self._findings: list[Finding] = []
        self._more = 0
        self.checkpoint: Checkpoint | None = None
        self.count, self.first, self.last = 0, 0, 0
        self.proven = 0
        self._kept_elsewhere = False
        self._newest = 0

    def note(self, code: str, text: str, seq: int | None = None, checkpoint: int | None = None) -> None:
        """Adds a finding; past `MOST_FINDINGS` it is counted."""
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(Finding(code, text, seq, seq, checkpoint))
        else:
            self._more += 1

    def open(self, text: str, origin: str | None) -> None:
        """The checkpoint that the paths must lead to."""
        try:
            checkpoint = Checkpoint.parse(text)
            if origin is not None and checkpoint.origin != origin:
                raise BadNote(f"a checkpoint of {checkpoint.origin[:80]}, not of {origin[:80]}")
        except BadNote as error:
            self.note("note", str(error))
            return
        if (fault := signature_fault(self._line, checkpoint, text)) is not None:
            self.note(fault.code, fault.text, checkpoint=fault.checkpoint)
            return
        self.checkpoint = checkpoint

    def compare(self, given: Sequence[str]) -> None:
        """Checkpoints kept elsewhere: one of the same size must say the same; others prove nothing about single records."""
        for text in given:
            try:
                other = Checkpoint.parse(text)
            except BadNote as error:
                self.note("note", f"the checkpoint given: {error}")
                continue
            if (fault := signature_fault(self._line, other, text)) is not None:
                self.note("note", f"the checkpoint given: {fault.text}")
                continue
            if self.checkpoint is None or other.size != self.checkpoint.size:
                continue
            if other != self.checkpoint:
                self.note("fork", "the checkpoint given says another history", checkpoint=other.size)

    def take(self, seq: int, data: bytes, path: tuple[str, ...] | None) -> None:
        """One record and its path (None: it has none)."""
        if seq <= self.last:
            self.note("seq", f"record {seq} comes behind record {self.last}", seq)
        self.count, self.first, self.last = self.count + 1, self.first or seq, max(seq, self.last)
        if (fault := record_fault(seq, data)) is not None:
            self.note(fault.code, fault.text, seq)
        if self.checkpoint is None or path is None:
            return
        try:
            proof = [bytes.fromhex(text) for text in path]
            verify_inclusion(leaf_hash(data), seq - 1, self.checkpoint.size, proof, self.checkpoint.root)
        except (BadProof, ValueError) as error:
            self.note("proof", f"record {seq}: {error}", seq)
        else:
            self.proven += 1
            self._newest = max(self._newest, seq)

    def report(self, origin: str) -> Report:
        """What was found."""
        unproven = {"between"} | ({"signature"} if self._key is None else set())
        if self.proven < self.count:
            unproven.add("newest")
        bad = [finding.first for finding in self._findings if finding.first is not None]
        agreed = self.checkpoint is not None and self.proven > 0
        return Report(
            source=self._source,
            origin=origin,
            count=self.count,
            first=self.first or None,
            last=self.last or None,
            gaps=(),
            first_bad=min(bad, default=None),
            root=None,
            covered=self._newest,
            checkpoints=int(agreed),
            signed=int(agreed and self._key is not None),
            findings=tuple(self._findings),
            more=self._more,
            unproven=tuple(sorted(unproven)),
        )


def changes_in(handovers: Sequence[Handover]) -> list[Change]:
    """The changes of the site's key that a file brings along. What is none is left out: then a signature does not hold."""
    found: list[Change] = []
    for handover in handovers[:MOST_CHANGES]:
        with contextlib.suppress(MalformedRecord, UnicodeEncodeError):
            record = decode(handover.record.encode())
            if isinstance(record.body, SiteRekeyed) and record.seq == handover.seq:
                found.append((record.seq, record.body))
    return sorted(found, key=lambda change: change[0])


def examine_evidence(evidence: Evidence, given: Sequence[str], key: VerifierKey | None) -> Report:
    """Whether the record is the one that the checkpoint was signed over, at its place."""
    tally = _Tally("evidence", key, changes_in(evidence.handovers))
    if evidence.version != 1:
        tally.note("file", f"evidence of version {evidence.version}; this program reads version 1")
    tally.open(evidence.checkpoint, None)
    tally.compare(given)
    tally.take(evidence.seq, evidence.record.encode(), evidence.path)
    return tally.report(tally.checkpoint.origin if tally.checkpoint else "")


def examine_paths(
    head: Head,
    lines: Iterator[bytes],
    given: Sequence[tuple[int, Note]],
    wrong: Sequence[Finding],
    key: VerifierKey | None,
) -> Report:
    """An export of chosen records, its head already read."""
    tally = _Tally("export", key, changes_in(head.handovers))
    for finding in wrong:
        tally.note(finding.code, finding.text)
    if head.checkpoint:
        tally.open(head.checkpoint, head.origin)
    tally.compare([note.text for _, note in given])
    record: bytes | None = None
    end = b""
    for text in lines:
        if end or not text.endswith(b"\n"):
            tally.note("end", f"behind record {tally.last}: a line that does not belong there, or is not whole")
            break
        if text.startswith(END_MARK):
            end = text
        elif text.startswith(PATH_MARK):
            _take_path(tally, record, text)
            record = None
        else:
            _take_alone(tally, record)
            record = text[:-1]
    _take_alone(tally, record)
    if end != msgspec.json.encode(End(tally.count)) + b"\n":
        tally.note("end", f"the export does not end behind its {tally.count} records: it was cut or added to")
    return tally.report(head.origin)


def _take_path(tally: _Tally, record: bytes | None, text: bytes) -> None:
    try:
        path = msgspec.json.decode(text, type=Path)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        tally.note("proof", f"behind record {tally.last}: no path: {error}")
        _take_alone(tally, record)
        return
    if record is None:
        tally.note("proof", f"a path for record {path.seq} without the record", path.seq)
        return
    tally.take(path.seq, record, path.path)


def _take_alone(tally: _Tally, record: bytes | None) -> None:
    """A record without a path: newer than the checkpoint, or its path was taken away."""
    if record is None:
        return
    seq = 0
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, RecursionError):
        seq = int(msgspec.json.decode(record)["seq"])
    if tally.checkpoint is not None and seq <= tally.checkpoint.size:
        tally.note("proof", f"record {seq} has no path to the checkpoint", seq)
    tally.take(seq, record, None)
