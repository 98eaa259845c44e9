"""Retention: which records' bytes are not kept any longer (C9.2, design §4). Their leaf hashes stay, and so does the tree."""

import hashlib
from collections.abc import Sequence

import msgspec

from controller.record.canonical import canonical
from controller.record.envelope import Record, kind
from controller.record.tables import Drop, Row, RowChange, Upsert


@kind("records.dropped")
class RecordsDropped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records from `first` to `last` of these kinds, but for those in `kept`, are husks wherever this arrives."""

    first: int
    last: int
    kinds: tuple[str, ...]
    kept: tuple[int, ...]
    """Of these kinds, but something stands on them still: how a portal is."""
    count: int
    digest: str
    """SHA-256 over the list of the dropped records' numbers: a husk shows not of what kind the record was."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The rule, and what it does to the records themselves."""
        row: Row = {
            "seq": record.seq,
            "first": self.first,
            "last": self.last,
            "kinds": " ".join(self.kinds),
            "kept": " ".join(map(str, self.kept)),
            "count": self.count,
            "digest": self.digest,
            "at": record.at,
        }
        return (Upsert("retention", row), Drop(self.first, self.last, self.kinds, self.kept))


def digest_of(seqs: Sequence[int]) -> str:
    """What `digest` says of these numbers, ascending; 64 hex digits."""
    return hashlib.sha256(canonical(list(seqs))).hexdigest()
