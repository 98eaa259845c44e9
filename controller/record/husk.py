"""What stands in the place of a record whose bytes were dropped: its leaf hash, so that the tree stands (design §4).

A husk is a line like a record, and in the record's place wherever records are: in the ledger, in an export, in what is resent.
So nothing has a hole, and places and sizes mean what they did. It says nothing but what the tree says. That it stands there
rightly, a `records.dropped` behind it has to say; whoever takes husks from somebody looks for that.
"""

import re

import msgspec

from controller.record.canonical import canonical
from controller.record.tree import leaf_hash

MARK = b'{"dropped":"'
"""With what a husk begins, and no record."""

_FORM = re.compile(rb'\{"dropped":"([0-9a-f]{64})","seq":([1-9][0-9]{0,15})\}')


class _Husk(msgspec.Struct, frozen=True):
    dropped: str
    seq: int


def husk(seq: int, leaf: bytes) -> bytes:
    """The canonical bytes of the husk of record `seq`."""
    return canonical(_Husk(leaf.hex(), seq))


def husk_seq(data: bytes) -> int | None:
    """Of which record these bytes are the husk; None for anything else."""
    found = _FORM.fullmatch(data) if data.startswith(MARK) else None
    return None if found is None else int(found[2])


def leaf_of(data: bytes) -> bytes:
    """The leaf hash of a record's bytes, or the one that its husk states."""
    found = _FORM.fullmatch(data) if data.startswith(MARK) else None
    return leaf_hash(data) if found is None else bytes.fromhex(found[1].decode())
