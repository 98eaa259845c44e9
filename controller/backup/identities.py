"""age's key pairs: recipients, to whom a backup is encrypted, and identities, which open it and stay away from the Pi."""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyrage

from controller.record.keys import sync_folder, write_secret

_LARGEST = 65_536


class BadRecipient(ValueError):
    """A text or a file that names nobody to encrypt to; the message says which."""


class BadIdentity(ValueError):
    """A file without an identity; the message never quotes it."""


def recipients(named: Iterable[str]) -> list[str]:
    """Every recipient, as `age1…`: each text is one, or a file with one a line. Raises BadRecipient, OSError."""
    found: list[str] = []
    for text in named:
        lines = [text] if text.startswith("age1") else _lines(Path(text))
        for line in lines:
            _parse(line)
            found.append(line)
    if not found:
        raise BadRecipient("nobody is named to encrypt to")
    return list(dict.fromkeys(found))


def parsed(texts: Iterable[str]) -> list[pyrage.x25519.Recipient]:
    """The recipients as age wants them. Raises BadRecipient."""
    return [_parse(text) for text in texts]


def _parse(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise BadRecipient(f"{text[:80]!r} is no recipient: {error}") from error


def new_identity(path: Path, at: datetime) -> str:
    """Makes an identity in a new file of mode 0600, as `age-keygen` would; its recipient. Raises FileExistsError."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = f"# created: {at.isoformat(timespec='seconds')}\n# public key: {recipient}\n{identity}\n"
    write_secret(path, text.encode())
    sync_folder(path.parent)
    return recipient


def load_identities(path: Path) -> list[pyrage.x25519.Identity]:
    """The identities in a file. Raises BadIdentity, OSError."""
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in _lines(path)]
    except pyrage.IdentityError as error:
        raise BadIdentity(f"{path}: a line that is no AGE-SECRET-KEY-1…") from error
    if not found:
        raise BadIdentity(f"{path}: no identity in it")
    return found


def _lines(path: Path) -> list[str]:
    """The lines of a small file, without comments and empty ones."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > _LARGEST:
            raise BadRecipient(f"{path}: {_LARGEST} bytes at most")
        text = file.read(_LARGEST).decode(errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
