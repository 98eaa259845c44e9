"""Taking back lost records: bytes from a dashboard's copy, believed only when they lead to a checkpoint that the site signed.

Everything in one transaction: the bytes as they come, then the root, then their fold, the private rows beside them and the
record of it. Killed or refused anywhere, nothing of it was. Private rows are believed by the digests in those records.
"""

from collections.abc import Iterable

from controller.ledger.ledger import Ledger, Stamp
from controller.ledger.retention import unsound
from controller.record.envelope import MalformedRecord, Record
from controller.record.kinds.site import LedgerRecovered
from controller.record.note import Checkpoint, epoch_of
from controller.record.private import PrivateRef, PrivateRow, private_refs


class Refused(ValueError):
    """What came is not what was lost; the message says how that shows."""


class Adoption:
    """One attempt, inside `ledger.transaction()`: `take` until `complete`, then `conclude`."""

    def __init__(self, ledger: Ledger, target: Checkpoint) -> None:
        self._ledger = ledger
        self._target = target
        self._before = ledger.size
        self._unproven: dict[tuple[str, int], PrivateRow] = {}
        """Private rows that no record has referred to yet: a newer version comes with the first record that has any."""
        self._proven: list[tuple[PrivateRow, str]] = []
        """Those that one did, with its time."""

    @property
    def complete(self) -> bool:
        """Whether there are as many records as the checkpoint covers."""
        return self._ledger.size >= self._target.size

    def take(self, records: Iterable[bytes], rows: Iterable[PrivateRow]) -> None:
        """The next records, and private rows that these and later ones refer to. Raises Refused."""
        self._unproven.update({(row.id, row.version): row for row in rows})
        for data in records:
            if self.complete:
                return
            try:
                self._prove(self._ledger.extend(data))
            except MalformedRecord as error:
                raise Refused(str(error)) from error

    def _prove(self, record: Record) -> None:
        for ref in private_refs(record.body).values():
            row = self._unproven.pop((ref.id, ref.version), None)
            if row is None:
                continue
            if not _is(row, ref):
                raise Refused(f"the private row {ref.id[:64]} is not the one that record {record.seq} refers to")
            self._proven.append((row, record.at))

    def conclude(self, note: str, dashboard: str, stamp: Stamp) -> LedgerRecovered:
        """Compares with the checkpoint, folds, and records it. Raises Refused."""
        if self._ledger.size != self._target.size or self._ledger.checkpoint().root != self._target.root:
            raise Refused(f"the records do not lead to the checkpoint over {self._target.size}")
        self._ledger.fold_behind(self._before)
        if (wrong := unsound(self._ledger.connection, self._before)) is not None:
            raise Refused(wrong)
        if self._ledger.epoch != epoch_of(self._target.origin, self._ledger.site):
            raise Refused(f"the records do not open the epoch of {self._target.origin}")
        missing = [(row, at) for row, at in self._proven if not self._ledger.has_private(row.id, row.version)]
        for row, at in missing:
            self._ledger.put_private(row, at)
        self._ledger.keep_checkpoint(self._target, note, stamp.at)
        done = LedgerRecovered(self._before + 1, self._target.size, len(missing), dashboard, note)
        self._ledger.append(done, "controller", stamp)
        return done


def _is(row: PrivateRow, ref: PrivateRef) -> bool:
    """Whether the row is the one that the record's digest was made of."""
    try:
        return row.ref() == ref
    except ValueError:  # its salt is none
        return False
