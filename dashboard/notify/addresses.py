"""By which service and in which language each account is told: a file beside the keys, that nobody else may read.

Not in the database: an address there may be a token, and a database goes into backups and to other machines. An account that
does not stand in the file is told nothing.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from controller.record.keys import sync_folder

FILE = "notify.addresses"
LOCK = "notify.addresses.lock"
MOST = 10_000
LANGUAGES = ("ja", "en")


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one account is told."""

    service: str
    address: str
    lang: str

    def __repr__(self) -> str:
        return f"Told({self.service!r})"


class BadAddresses(ValueError):
    """The file is damaged, or others may read it."""


def read(data: Path) -> Mapping[int, Told]:
    """All of them, by account. Raises BadAddresses, OSError."""
    path = data / FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    if path.stat().st_mode & 0o077:
        raise BadAddresses(f"others may read {FILE}: chmod 600")
    try:
        known = msgspec.json.decode(raw, type=dict[int, Told], strict=False)
    except msgspec.MsgspecError:
        raise BadAddresses(f"{FILE} is damaged") from None
    if not all(told.lang in LANGUAGES for told in known.values()):
        raise BadAddresses(f"{FILE} is damaged")
    return known


def put(data: Path, account: int, told: Told | None) -> None:
    """Keeps how an account is told; None: not any more. Whole or not at all. Raises BadAddresses, OSError."""
    with _alone(data):
        known = dict(read(data))
        if told is None:
            known.pop(account, None)
        elif account in known or len(known) < MOST:
            known[account] = told
        else:
            raise BadAddresses(f"{FILE} is full")
        fresh = data / f"{FILE}.new"
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode({str(number): one for number, one in known.items()}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, data / FILE)
        sync_folder(data)


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One at a time, of all threads and processes."""
    handle = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
