"""One pass over a ledger's records, in order: their form, their places, the tree over them, and every checkpoint on the way.

Blocks of 256 records are taken at a time, so that the work per record is a hash, its share of the tree and of one decoding
and encoding of the whole block; memory is a block and the tree's right edge. Nothing stored about the tree is believed.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from controller.ledger.dropped import MARK as RULE
from controller.ledger.dropped import Dropped
from controller.ledger.epochs import Epochs
from controller.ledger.keyline import Change, KeyLine, key_line
from controller.ledger.report import MOST_FINDINGS, Finding, Report
from controller.record.canonical import canonical
from controller.record.envelope import LARGEST_RECORD, Mark
from controller.record.husk import MARK as HUSK
from controller.record.husk import husk_seq, leaf_of
from controller.record.note import BadNote, Checkpoint, VerifierKey, open_checkpoint
from controller.record.tree import EMPTY_ROOT, Frontier, node_hash

BLOCK = 256

_SHA256 = hashlib.sha256

Row = tuple[int, bytes]


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True, omit_defaults=True):
    """A record as any version of the program writes it; its fields in the order of canonical bytes."""

    at: str
    body: Any
    boot: str
    by: str
    clock: str
    kind: str
    mark: Mark = ""
    seq: int
    v: int


_lines = msgspec.json.Decoder(_Line)
_encoder = msgspec.json.Encoder(order="sorted")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Note(msgspec.Struct, frozen=True):
    """A checkpoint to be compared: its text, and the size it is filed under (None: it says so itself)."""

    text: str
    size: int | None = None


class Examination:
    """Takes rows in order with `take`, then answers with `report`. `notes` must come in order of their size."""

    def __init__(
        self,
        source: str,
        key: VerifierKey | None,
        notes: Iterable[tuple[int, Note]],
        changes: Sequence[Change] = (),
    ) -> None:
        self._source = source
        self._key = key
        self._line = None if key is None else key_line(key, changes)
        self._handed: set[int] = set()
        self._notes = iter(notes)
        self._waiting = next(self._notes, None)
        self._tree: _Tree | None = _Tree()
        self._findings: list[Finding] = []
        self._more = 0
        self._gaps: list[tuple[int, int]] = []
        self._epochs = Epochs()
        self._dropped = Dropped()
        self._count, self._first, self._last = 0, 0, 0
        self._covered, self._checkpoints, self._signed = 0, 0, 0
        self._contradicting: list[int] = []
        self._doubted: int | None = None

    def note(self, finding: Finding) -> None:
        """Adds a finding; past `MOST_FINDINGS` it is counted."""
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(finding)
        else:
            self._more += 1

    # Records ---------------------------------------------------------------------------------------------------------------

    def take(self, rows: Sequence[Row]) -> None:
        """The next rows, `BLOCK` at most, the first of them one behind a multiple of `BLOCK` unless some were missing."""
        if not rows:
            return
        if not self._count:
            self._first = rows[0][0]
            if (unopened := self._epochs.begin(*rows[0])) is not None:
                self.note(unopened)
        keys, datas = [row[0] for row in rows], [row[1] for row in rows]
        whole = self._placed(keys)
        leaves = self._leaves(keys, datas)
        for finding in self._epochs.look(keys, datas):
            self.note(finding)
        if self._tree is not None and whole:
            self._grow(leaves[:whole])
        if whole < len(keys):
            self._tree = None  # past a gap no root can be computed
        self._count += len(keys)
        self._last = keys[-1]

    def _placed(self, keys: list[int]) -> int:
        """Notes gaps; answers how many rows follow the last one without any."""
        expected = self._last + 1
        if keys[0] == expected and keys[-1] == expected + len(keys) - 1 and keys == list(range(expected, keys[-1] + 1)):
            return len(keys)
        whole = len(keys)
        for n, key in enumerate(keys):
            if key < expected:
                self.note(Finding("seq", f"row {key} comes behind row {expected - 1}", key, key))
            elif key > expected:
                gap = (expected, key - 1)
                if len(self._gaps) < MOST_FINDINGS:
                    self._gaps.append(gap)
                self.note(Finding("gap", f"records {gap[0]} to {gap[1]} are missing", *gap))
            if key != expected:
                whole = min(whole, n)
            expected = key + 1
        return whole

    def _leaves(self, keys: list[int], datas: list[bytes]) -> list[bytes]:
        """The leaf hash of each row; looks at records, husks, and rules by which records were dropped."""
        text = b"\n".join(datas) + b"\n"
        for data in datas if RULE in text else ():
            if RULE in data:
                self._dropped.rule(data)
        if HUSK not in text:
            self._examine(keys, datas, text)
            return [_SHA256(b"\x00" + data).digest() for data in datas]
        records = [(key, data) for key, data in zip(keys, datas, strict=True) if husk_seq(data) != key]
        self._dropped.husks.extend(sorted(set(keys) - {key for key, _ in records}))
        if records:
            left = [data for _, data in records]
            self._examine([key for key, _ in records], left, b"\n".join(left) + b"\n")
        return [leaf_of(data) for data in datas]

    def _examine(self, keys: list[int], datas: list[bytes], text: bytes) -> None:
        """Whether each row is the one form of a record, and says its own place: first all at once, then one by one."""
        try:
            lines = _lines.decode_lines(text)
            # As many values as rows and the same bytes again: no row has a line break, so each row is one value.
            if _encoder.encode_lines(lines) == text and [line.seq for line in lines] == keys:
                if max(map(len, datas)) <= LARGEST_RECORD:
                    return
        except (*_UNREADABLE, TypeError):
            pass
        for key, data in zip(keys, datas, strict=True):
            if (fault := record_fault(key, data)) is not None:
                self.note(fault)

    def _grow(self, leaves: list[bytes]) -> None:
        tree = self._tree
        if tree is None:
            return
        due = list(self._due(tree.size + len(leaves)))
        roots = tree.grow(leaves, {size for size, _ in due})
        for size, note in due:
            self._compare(size, note, roots.get(size, EMPTY_ROOT))

    # Checkpoints -------------------------------------------------------------------------------------------------------------

    def _due(self, size: int) -> Iterator[tuple[int, Note]]:
        while self._waiting is not None and self._waiting[0] <= size:
            yield self._waiting
            self._waiting = next(self._notes, None)

    def _compare(self, size: int, note: Note, root: bytes) -> None:
        """One checkpoint against the root of the first `size` records."""
        checkpoint = self._opened(note)
        if checkpoint is None:
            self._doubt(size, note, root)
            return
        if checkpoint.root != root:
            # Kept until the end: a later one that agrees tells whether the records or this checkpoint are wrong.
            if len(self._contradicting) < MOST_FINDINGS:
                self._contradicting.append(size)
            return
        self._checkpoints += 1
        self._signed += self._key is not None
        self._covered = size
        if self._line is not None and size in self._line.handed:
            self._handed.add(size)

    def _opened(self, note: Note) -> Checkpoint | None:
        """The checkpoint in a note, if it is one of this ledger and, with a key given, signed."""
        try:
            checkpoint = Checkpoint.parse(note.text)
            if note.size is not None and note.size != checkpoint.size:
                raise BadNote(f"filed under {note.size}, but says {checkpoint.size}")
            if (misnamed := self._misnamed(checkpoint)) is not None:
                self.note(misnamed)
                return None
        except BadNote as error:
            self.note(Finding("note", str(error), checkpoint=note.size))
            return None
        if (fault := signature_fault(self._line, checkpoint, note.text)) is not None:
            self.note(fault)
            return None
        return checkpoint

    def _doubt(self, size: int, note: Note, root: bytes) -> None:
        """An own checkpoint under another name that contradicts the records: a changed first record makes them look so."""
        if note.size == size and self._doubted is None:
            with contextlib.suppress(BadNote):
                self._doubted = size if Checkpoint.parse(note.text).root != root else None

    def _misnamed(self, checkpoint: Checkpoint) -> Finding | None:
        """What is wrong with the name of a checkpoint: another epoch than its size is of here, or another ledger altogether."""
        name, size, expected = checkpoint.origin[:80], checkpoint.size, self._epochs.of(checkpoint.size)
        if not expected or name == expected:
            return None
        opened = self._epochs.broken_off(name)
        if opened is None or size < opened:
            return Finding("note", f"a checkpoint of {name}, not of {expected}", checkpoint=size)
        text = f"a checkpoint over {size} records of {name}, which ends here with record {opened - 1}: not all of them are here"
        return Finding("epoch", text, checkpoint=size)

    # The end -----------------------------------------------------------------------------------------------------------------

    def report(self, unproven: Iterable[str]) -> Report:
        """What was found. `unproven`: codes that the caller knows of; those of signature and newest are added here."""
        if not self._count:
            self.note(Finding("opening", "there are no records"))
        self._finish_notes()
        if self._doubted is not None and not self._checkpoints:
            self._contradicting.insert(0, self._doubted)
        self._look_at_handovers()
        for finding in self._dropped.findings():
            self.note(finding)
        wrong = [size for size in self._contradicting if size > self._covered]
        for size in [size for size in self._contradicting if size <= self._covered] + wrong[:1]:
            self.note(self._contradiction(size))
        bad = [finding.first for finding in self._findings if finding.first is not None]
        open_ends = set(unproven) | ({"signature"} if self._key is None else set())
        if self._covered < self._last:
            open_ends.add("newest")
        return Report(
            source=self._source,
            origin=self._epochs.origin,
            count=self._count,
            first=self._first if self._count else None,
            last=self._last if self._count else None,
            gaps=tuple(self._gaps),
            first_bad=min(bad, default=None),
            root=self._tree.root().hex() if self._tree is not None else None,
            covered=self._covered,
            checkpoints=self._checkpoints,
            signed=self._signed,
            findings=tuple(self._findings),
            more=self._more,
            unproven=tuple(sorted(open_ends)),
            breaks=tuple(self._epochs.breaks),
            dropped=len(self._dropped.husks),
            dropped_first=self._dropped.husks[0] if self._dropped.husks else None,
            dropped_last=self._dropped.husks[-1] if self._dropped.husks else None,
        )

    def _finish_notes(self) -> None:
        """What waits still is over more records than there are, or lies behind a gap."""
        while self._waiting is not None:
            size, note = self._waiting
            checkpoint = self._opened(note)
            if checkpoint is not None and size > self._last:
                text = f"a checkpoint over {size} records; there are {self._last}"
                self.note(Finding("tail", text, self._last + 1, size, size))
            self._waiting = next(self._notes, None)

    def _look_at_handovers(self) -> None:
        """Forward only under the old key's last word: else whoever has the new one could have written what was before."""
        for seq in self._line.handed if self._line is not None else ():
            if self._covered > seq and seq not in self._handed:
                text = f"no checkpoint of the key before covers its change at record {seq}"
                self.note(Finding("signature", text, checkpoint=seq))

    def _contradiction(self, size: int) -> Finding:
        if size <= self._covered:
            text = (
                f"the checkpoint over {size} records says another history than these and the one over {self._covered}"
            )
            return Finding("fork", text, checkpoint=size)
        text = f"records {self._covered + 1} to {size}, some of them, are not the ones the checkpoint was signed over"
        return Finding("root", text, self._covered + 1, size, size)


class _Tree:
    """RFC 6962's tree, a block at a time: the right edge of whole blocks, and the open block behind it."""

    def __init__(self) -> None:
        self._blocks = Frontier()
        self._open = Frontier()

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._blocks.size * BLOCK + self._open.size

    def grow(self, leaves: list[bytes], wanted: set[int]) -> dict[int, bytes]:
        """Adds leaf hashes, at most up to a block's end; answers the roots at the wanted sizes."""
        sha256 = _SHA256
        roots: dict[int, bytes] = {}
        end = self.size + len(leaves)
        if len(leaves) == BLOCK and not self._open.size and wanted <= {end}:
            while len(leaves) > 1:
                pairs = iter(leaves)
                leaves = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            self._blocks.append(leaves[0])
        else:
            for leaf in leaves:
                self._open.append(leaf)
                if self.size in wanted:
                    roots[self.size] = self.root()
            if self._open.size == BLOCK:
                self._blocks.append(self._open.root())
                self._open = Frontier()
        if end in wanted:
            roots[end] = self.root()
        return roots

    def root(self) -> bytes:
        """The root over all leaves so far."""
        hashes = [*self._blocks.hashes(), *self._open.hashes()]
        if not hashes:
            return EMPTY_ROOT
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root


def signature_fault(line: KeyLine | None, checkpoint: Checkpoint, note: str) -> Finding | None:
    """What is wrong with a checkpoint's signature by the line of keys, if there is one to look by."""
    if line is None:
        return None
    key = line.of(checkpoint.size)
    if key is None:
        text = "the key was changed before it by one that does not vouch for the new key: give the newer key"
        return Finding("signature", text, checkpoint=checkpoint.size)
    try:
        open_checkpoint(note, key.named(checkpoint.origin))
    except BadNote as error:
        return Finding("signature", str(error), checkpoint=checkpoint.size)
    return None


def record_fault(key: int, data: bytes) -> Finding | None:
    """What is wrong with one row, or None."""
    try:
        if len(data) > LARGEST_RECORD:
            raise ValueError(f"{len(data)} bytes; {LARGEST_RECORD} at most")
        line = _lines.decode(data)
        text = canonical(line)
    except (*_UNREADABLE, TypeError, ValueError) as error:
        return Finding("record", f"row {key} is no record: {str(error)[:120]}", key, key)
    if text != data:
        return Finding("canonical", f"record {key} is not in its canonical form", key, key)
    if line.seq != key:
        return Finding("seq", f"row {key} says it is record {line.seq}", key, key)
    return None
