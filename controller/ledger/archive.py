"""The two files by which a ledger leaves the site: an export, and the evidence of one record. JSON, a line a value.

An export is a `Head`, then records as their exact canonical bytes, then an `End`. When it begins with record 1 and leaves
none out (`complete`), the checkpoint in its head proves it as it proves a ledger. Otherwise the line behind each record
is a `Path` that leads from it to that checkpoint. `verify` reads both without anything else.
"""

import msgspec


class Handover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the site's key: the record `site.rekeyed` as its canonical text, and the old key's last checkpoint."""

    seq: int
    record: str
    note: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first line. `checkpoint` is the newest signed note over records up to `last`, empty when there is none.

    `handovers`: how one comes from an older key to the one that signed it; not there while the site had but one.
    """

    version: int = msgspec.field(name="sekimori-export")
    checkpoint: str
    complete: bool
    first: int
    last: int
    origin: str
    handovers: tuple[Handover, ...] = ()


class Path(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The inclusion proof of record `seq`: sibling hashes in hex, from the leaf to the checkpoint's root."""

    path: tuple[str, ...]
    seq: int


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: how many records there were. A file without it was cut."""

    end: int


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One record with all that proves it: the checkpoint, the path to its root, and the changes of key as in a `Head`."""

    version: int = msgspec.field(name="sekimori-evidence")
    checkpoint: str
    path: tuple[str, ...]
    record: str
    """Its canonical bytes, as text."""
    seq: int
    handovers: tuple[Handover, ...] = ()

    def text(self) -> str:
        """The evidence as one line."""
        return line(self).decode()


EXPORT_MARK = b'{"sekimori-export":'
EVIDENCE_MARK = b'{"sekimori-evidence":'
PATH_MARK = b'{"path":'
END_MARK = b'{"end":'


def line(value: Head | Path | End | Evidence) -> bytes:
    """One line, its mark in front: fields stand as they are declared, not sorted."""
    return msgspec.json.encode(value) + b"\n"
