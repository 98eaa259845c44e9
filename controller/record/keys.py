"""Whose word it is: the key pairs of a site and of a dashboard.

Each party has two pairs: Ed25519 to sign, X25519 to receive what is private. The public halves travel by hand, at the two
consoles, in one line of text; its check digits catch a slip of the hand.
"""

import base64
import binascii
import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_PREFIX = "sekimori-key-1."


class BadKey(ValueError):
    """The text or the file holds no key; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """A party's public halves: `signing` (Ed25519) and `sealing` (X25519), 32 bytes each."""

    signing: bytes
    sealing: bytes

    @property
    def id(self) -> str:
        """Sixteen hex digits that name the party."""
        return hashlib.sha256(b"sekimori key id\0" + self.signing + self.sealing).hexdigest()[:16]

    def text(self) -> str:
        """The line that is carried from console to console."""
        raw = self.signing + self.sealing
        check = hashlib.sha256(raw).digest()[:4]
        return _PREFIX + base64.urlsafe_b64encode(raw + check).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The keys in a line written by `text`. Raises BadKey."""
        text = text.strip()
        if not text.startswith(_PREFIX):
            raise BadKey(f"a key begins with {_PREFIX}")
        try:
            body = text[len(_PREFIX) :]
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadKey("the key has a character that cannot stand in it") from error
        if len(raw) != 68 or hashlib.sha256(raw[:64]).digest()[:4] != raw[64:]:
            raise BadKey("the key is not whole: a character is missing or changed")
        return cls(raw[:32], raw[32:64])

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether the holder of the signing key signed these bytes."""
        return verify(self.signing, signature, message)


@lru_cache(maxsize=64)
def _verifier(signing: bytes) -> Ed25519PublicKey:
    """The key, unpacked once: the same few parties sign everything."""
    return Ed25519PublicKey.from_public_bytes(signing)


def verify(signing: bytes, signature: bytes, message: bytes) -> bool:
    """Whether this Ed25519 key signed these bytes. Never raises for a bad key or signature."""
    try:
        _verifier(signing).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyPair:
    """A party's private halves. Its text form never leaves its file; `repr` shows the id alone."""

    def __init__(self, signing: Ed25519PrivateKey, sealing: X25519PrivateKey) -> None:
        self._signing = signing
        self.sealing = sealing
        self.public = PublicKeys(signing.public_key().public_bytes_raw(), sealing.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"KeyPair({self.public.id})"

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return self._signing.sign(message)

    def alias(self, purpose: str) -> str:
        """A name that is always the same, and that nobody without these keys can guess or tie to them."""
        return hashlib.sha256(self.sign(b"sekimori alias\0" + purpose.encode())).hexdigest()[:20]

    @classmethod
    def generate(cls) -> Self:
        """New keys from the system's randomness."""
        return cls(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, *, guarded: bool = False) -> Self:
        """The keys in a file. Raises BadKey when others may read the file, or it is not one; OSError.

        `guarded`: whoever made the folder keeps others out of it, as systemd does, whose credentials' modes say nothing.
        """
        if not guarded and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadKey(f"{path}: others may read it; chmod 600 it and consider the key known")
        raw = path.read_bytes()
        if len(raw) != 64:
            raise BadKey(f"{path}: {len(raw)} bytes; a key file has 64")
        return cls(Ed25519PrivateKey.from_private_bytes(raw[:32]), X25519PrivateKey.from_private_bytes(raw[32:]))

    def save(self, path: Path) -> None:
        """Writes a new file that its owner alone may read. Raises FileExistsError rather than replace a key."""
        write_secret(path, self._signing.private_bytes_raw() + self.sealing.private_bytes_raw())

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The keys in the file, made now if there is none."""
        if path.exists():
            return cls.load(path)
        pair = cls.generate()
        pair.save(path)
        return pair


def write_secret(path: Path, data: bytes) -> None:
    """Writes a new file, mode 0600, durable, whole or not at all. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # unlike a rename, never in another's place
    except PermissionError:  # a file system without links: a stick with FAT
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
