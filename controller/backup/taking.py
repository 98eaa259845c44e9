"""Taking a backup: of one moment of a ledger in use, through a connection of its own. No tap waits for it.

SQLite copies the ledger (VACUUM INTO: one read transaction, and no page of an erased text comes along) into a file beside it,
mode 0600; that copy is verified, hashed, encrypted and removed. Nothing readable is ever written to another disk, and a copy
that a crash left there is removed when the command runs again.
"""

import fcntl
import os
import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyrage

from controller.backup.archive import (
    LARGEST_SMALL,
    LEDGER,
    MOST_MEMBERS,
    NEEDED,
    SETTINGS,
    BadBackup,
    Manifest,
    Packed,
    may_be_member,
    member_of,
)
from controller.backup.identities import parsed
from controller.ledger.output import Output
from controller.ledger.report import Report
from controller.ledger.verify import verify_file
from controller.record.envelope import decode
from controller.record.keys import KeyPair
from controller.record.kinds.site import LedgerOpened
from controller.record.note import Checkpoint, VerifierKey, epoch_of, origin

COPY = "backup.copy"
LOCK = "backup.lock"
SPARE = 33_554_432
"""Bytes that a backup leaves free on the ledger's disk: the doors' records come first."""

Step = Callable[[str], None]
Progress = Callable[[str, int, int], None]
"""What is done now (`copy`, `verify`, `write`, `read`), how many bytes of it, of how many (0: not known)."""


class BackupRuns(RuntimeError):
    """Another backup of this data directory is being taken."""


class Source(msgspec.Struct, frozen=True):
    """What to back up: the data directory, where its keys are by name, and the site's own key, which signs the backup."""

    data: Path
    keys: Mapping[str, Path]
    key: KeyPair


class Taken(msgspec.Struct, frozen=True):
    """What was written. `outside`: files that the settings name and that lie elsewhere, so they are not in it."""

    path: str
    bytes: int
    sha256: str
    recipients: tuple[str, ...]
    outside: tuple[str, ...]
    manifest: Manifest
    report: Report


def take(
    source: Source, out: Path, recipients: Sequence[str], at: str, program: str, told: Progress, reached: Step
) -> Taken:
    """Writes a backup to `out`, whole or not at all; `at` is the time it says.

    Raises BackupRuns, BadBackup (`space`, `content`), BadRecipient, sqlite3.Error, OSError.
    """
    readers = parsed(recipients)
    with _alone(source.data):
        copy = source.data / COPY
        try:
            _copy(source.data / LEDGER, copy, told)
            reached("copied")
            files, outside = members(source, copy)
            site, epoch = _opened(copy)
            told("verify", 0, 0)
            report = verify_file(copy, key=VerifierKey(origin(site, epoch), source.key.public.signing))
            note = _sign(copy, report, report.origin, source.key, at)
            epoch = epoch_of(report.origin, site) or epoch  # the newest; the copy's first record names the first
            reached("verified")
            described = tuple(member_of(name, path) for name, path in files.items())
            manifest = Manifest(1, program, site, at, epoch, report.count, report.root or "", note, described)
            size, digest = _write(out, manifest, list(files.values()), readers, told, reached)
        finally:
            copy.unlink(missing_ok=True)
            copy.with_name(COPY + "-journal").unlink(missing_ok=True)
    return Taken(str(out), size, digest, tuple(recipients), outside, manifest, report)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One backup of a data directory at a time: the copy has one place."""
    handle = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupRuns(f"{data}: another backup is being taken") from error
    finally:
        os.close(handle)


def _copy(ledger: Path, copy: Path, told: Progress) -> None:
    """The ledger as of one moment, in a file of its own."""
    for left in (copy, copy.with_name(COPY + "-journal")):
        left.unlink(missing_ok=True)
    size = ledger.stat().st_size
    free = shutil.disk_usage(ledger.parent).free
    if free < size + SPARE:
        raise BadBackup("space", f"{ledger.parent}: {size + SPARE} bytes are needed for the copy, {free} are free")
    told("copy", 0, 0)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("vacuum into ?", (str(copy),))
    finally:
        connection.close()


def members(source: Source, ledger: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files of a backup by name, the ledger last; and what the settings name that lies elsewhere."""
    files = {SETTINGS: source.data / SETTINGS}
    files |= {f"keys/{name}": path for name, path in source.keys.items()}
    files |= {f"keys/{path.name}": path for path in sorted((source.data / "keys").glob("site.key.*")) if path.suffix != ".new"}
    named, outside = _named(source.data)
    files |= {path.name: path for path in named if path.name not in files}
    for name, path in files.items():
        if path.stat().st_size > LARGEST_SMALL or not may_be_member(name):
            raise BadBackup("content", f"{path}: too large for a backup, or not of a name that it takes")
    if len(files) >= MOST_MEMBERS or not {*NEEDED, LEDGER} <= {*files, LEDGER}:
        raise BadBackup("content", f"{source.data}: {len(files)} files, or one of {', '.join(NEEDED)} is missing")
    return files | {LEDGER: ledger}, outside


def _named(data: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Files that the settings name by their path: those in the data directory, and those outside."""
    settings = tomllib.loads((data / SETTINGS).read_text(encoding="utf-8"))
    here, home = [], data.resolve()
    outside: list[str] = []
    for text in _texts(settings):
        path = home / text
        if "\0" in text or "\n" in text or len(text) > 255 or not path.is_file():
            continue
        if path.resolve().parent == home and may_be_member(path.name):
            here.append(path)
        elif path.is_absolute() and path.resolve() != home / SETTINGS:
            outside.append(str(path))
    return here, tuple(dict.fromkeys(outside))


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever TOML holds
    match value:
        case str():
            yield value
        case dict():
            for below in value.values():
                yield from _texts(below)
        case list():
            for below in value:
                yield from _texts(below)


def _opened(copy: Path) -> tuple[str, int]:
    """Site and epoch of the copy. Raises BadBackup before the ledger began."""
    connection = sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)
    try:
        first = connection.execute("select bytes from record where seq = 1").fetchone()
    finally:
        connection.close()
    opened = decode(first[0]).body if first else None
    if not isinstance(opened, LedgerOpened):
        raise BadBackup("content", "the ledger has not begun")
    return opened.site, opened.epoch


def _sign(copy: Path, report: Report, name: str, key: KeyPair, at: str) -> str:
    """A checkpoint over all of the copy, kept in it: without one nobody could tell its newest records from invented ones.

    Empty for a ledger that does not verify: nothing is signed that was not looked at.
    """
    if not report.ok or report.root is None:
        return ""
    note = Checkpoint(name, report.count, bytes.fromhex(report.root)).sign(key)
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("insert or ignore into checkpoint values (?, ?, ?)", (report.count, note, at))
        kept: tuple[str] = connection.execute("select note from checkpoint where size = ?", (report.count,)).fetchone()
    finally:
        connection.close()
    return kept[0]  # the one that was there: behind a change of the key, the old key's last


def _write(
    out: Path,
    manifest: Manifest,
    files: Sequence[Path],
    readers: Sequence[pyrage.x25519.Recipient],
    told: Progress,
    reached: Step,
) -> tuple[int, str]:
    total, done = sum(member.size for member in manifest.members), 0

    def went(count: int) -> None:
        nonlocal done
        done += count
        told("write", min(done, total), total)

    packed, file = Packed(manifest, files, went), Output(out)
    written = _Into(file)
    try:
        try:
            pyrage.encrypt_io(packed, written, list(readers))
        except (pyrage.EncryptError, OSError, ValueError) as error:
            raise packed.error or written.error or error from error
        reached("written")
        digest = file.keep()
    except BaseException:
        file.drop()
        raise
    reached("kept")
    return file.size, digest


class _Into:
    """The output as age writes to it; keeps what went wrong, because age says only that something did."""

    def __init__(self, file: Output) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Adds bytes."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Hands over to the system."""
        try:
            self._file.flush()
        except OSError as error:
            self.error = error
            raise
