"""Names and free text: kept beside the ledger in versioned rows that can be erased, while records hold only a salted digest.

A digest without its salt says nothing, even of a short name; erasing a row erases its salt.
"""

import hashlib

import msgspec

from controller.record.canonical import canonical

LONGEST_TEXT = 500
"""Characters of one private field."""

ERASED_SALT = "-" * 32
"""Stands in the place of an erased row's salt, where a store keeps the place: as long, and no salt."""

Text = dict[str, str]
"""The fields of a private row, for example `{"name": "山田 花子", "title": "係長"}`."""


class PrivateRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points from a record at one version of a private row."""

    id: str
    version: int
    digest: str


class PrivateRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a private row, as it is stored and, sealed, sent. `salt` is 32 hex digits."""

    id: str
    version: int
    text: Text
    salt: str

    def ref(self) -> PrivateRef:
        """What a record says of this row."""
        return PrivateRef(self.id, self.version, digest(self.text, bytes.fromhex(self.salt)))


def private_refs(body: object) -> dict[str, PrivateRef]:
    """Where a record's body points into the private store, by field."""
    names = getattr(body, "__struct_fields__", ())
    return {name: ref for name in names if isinstance(ref := getattr(body, name), PrivateRef)}


def digest(text: Text, salt: bytes) -> str:
    """SHA-256 of salt and canonical text, 64 hex digits."""
    return hashlib.sha256(salt + canonical(text)).hexdigest()
