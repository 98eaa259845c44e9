"""Checkpoints: C2SP `tlog-checkpoint` bodies in C2SP `signed-note` envelopes, with Ed25519.

A stranger needs the note and the verifier key, nothing of ours. Origin and key name are both `sekimori/<site>/<epoch>`.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Self

from controller.record.keys import KeyPair, verify

_ED25519 = b"\x01"

LARGEST_NOTE = 4096
"""Characters; a longer note is none."""

LARGEST_SIZE = 2**53
"""Records; more than any database column holds as a number is no ledger."""


class BadNote(ValueError):
    """The text is no note, no checkpoint, or not signed by the key; the message says which."""


def _key_id(name: str, signing: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + signing).digest()[:4]


def origin(site: str, epoch: int) -> str:
    """The origin line, and the key's name, of a site's ledger in one of its epochs."""
    return f"sekimori/{site}/{epoch}"


def epoch_of(name: str, site: str) -> int:
    """Which epoch of this site's ledger an origin line names; 0 for anything else."""
    prefix, _, number = name.rpartition("/")
    good = prefix == f"sekimori/{site}" and number.isascii() and number.isdigit() and len(number) < 16
    return int(number) if good and number == str(int(number)) else 0


def _site(name: str) -> str:
    """The site whose ledger an origin line names; empty for another's."""
    prefix, _, number = name.rpartition("/")
    _, separator, site = prefix.partition("sekimori/")
    return site if separator and not prefix.startswith("/") and number.isdigit() else ""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A signed-note verifier key: `name+hash+base64`, the form that every C2SP tool takes."""

    name: str
    signing: bytes

    def text(self) -> str:
        """The key in that form."""
        encoded = base64.b64encode(_ED25519 + self.signing).decode()
        return f"{self.name}+{_key_id(self.name, self.signing).hex()}+{encoded}"

    def named(self, name: str) -> Self:
        """The same key under the name of another epoch of its site; itself for any other name."""
        return type(self)(name, self.signing) if _site(name) == _site(self.name) != "" else self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadNote."""
        parts = text.strip().split("+", 2)
        try:
            name, hashed, encoded = parts
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise BadNote("a verifier key is name+hash+base64") from error
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise BadNote("the verifier key is not an Ed25519 key")
        key = cls(name, raw[1:])
        if _key_id(name, key.signing).hex() != hashed:
            raise BadNote("the verifier key's hash is not that of its name and key")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: this ledger has `size` records and this root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The note's text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key: KeyPair) -> str:
        """The signed note."""
        signature = key.sign(self.body().encode())
        blob = base64.b64encode(_key_id(self.origin, key.public.signing) + signature).decode()
        return f"{self.body()}\n— {self.origin} {blob}\n"

    @classmethod
    def parse(cls, note: str) -> Self:
        """What a note says, its signature not looked at. Raises BadNote."""
        body, separator, _ = note.partition("\n\n")
        lines = body.split("\n")
        if not separator or len(lines) < 3 or len(note) > LARGEST_NOTE:
            raise BadNote("not a checkpoint: origin, size and root, an empty line, signatures")
        name, size, root = lines[:3]
        if not name or not size.isascii() or not size.isdigit() or size != str(int(size)):
            raise BadNote("not a checkpoint: the second line is its size")
        try:
            raw = base64.b64decode(root, validate=True)
        except (ValueError, binascii.Error) as error:
            raise BadNote("not a checkpoint: the third line is its root in base64") from error
        if len(raw) != 32:
            raise BadNote("not a checkpoint: a root has 32 bytes")
        return cls(name, int(size), raw)


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint that this key signed. Signatures of others are passed over. Raises BadNote."""
    checkpoint = Checkpoint.parse(note)
    if checkpoint.origin != key.name:
        raise BadNote(f"a checkpoint of {checkpoint.origin}, not of {key.name}")
    text, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        name, _, blob = line.removeprefix("— ").partition(" ")
        if not line.startswith("— ") or name != key.name:
            continue
        try:
            raw = base64.b64decode(blob, validate=True)
        except (ValueError, binascii.Error):
            continue
        if raw[:4] == _key_id(key.name, key.signing) and verify(key.signing, raw[4:], (text + "\n").encode()):
            return checkpoint
    raise BadNote(f"not signed by {key.name}")


def read_note(payload: bytes, site: str, signing: bytes) -> Checkpoint | None:
    """The checkpoint in a note that this site signed, in any epoch, with this Ed25519 key; None if it did not."""
    try:
        note = payload.decode()
        checkpoint = Checkpoint.parse(note)
        if epoch_of(checkpoint.origin, site) and checkpoint.size <= LARGEST_SIZE:
            return open_checkpoint(note, VerifierKey(checkpoint.origin, signing))
    except ValueError:
        pass
    return None
