"""The form of a backup's inside: a tar archive of a few named members, made and read as a stream."""

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

MANIFEST = "manifest.json"
SETTINGS = "site.toml"
LEDGER = "ledger.sqlite3"
KEYS = ("keys/site.key", "keys/cards.key", "keys/pepper.key")
NEEDED = (SETTINGS, *KEYS, LEDGER)
"""What every backup has, in this order; other files come before the ledger."""

LARGEST_SMALL = 1_048_576
"""Bytes of any member but the ledger, and of the manifest."""
MOST_MEMBERS = 32
_BLOCK = 512
_CHUNK = 65_536
_OTHER = re.compile(r"(keys/)?[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OURS = re.compile(r"(manifest\.json|restored\.json|link\.json|console\.sock|.*\.(lock|part|new|copy)|ledger\..*)")


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file in the archive: its place in the data directory, its bytes, and the SHA-256 over them in hex."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the backup holds. `size`, `root` (hex) and `note`, a checkpoint over exactly these, are the ledger's.

    `note` is empty when the ledger did not verify; nothing restores that.
    """

    version: int = msgspec.field(name="sekimori-backup")
    program: str
    site: str
    at: str
    epoch: int
    size: int
    root: str
    note: str
    members: tuple[Member, ...]


class BadBackup(ValueError):
    """The file is no backup that can be used; `why` is one of `WHY`, the text says where."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


WHY = ("identity", "damaged", "form", "content", "other_site", "holds_ledger", "no_data_directory", "space")


def may_be_member(name: str) -> bool:
    """Whether a file of this name in the data directory may be in a backup: flat names only, and none of our own making."""
    return name in NEEDED or (_OTHER.fullmatch(name) is not None and _OURS.fullmatch(name) is None)


# Making ----------------------------------------------------------------------------------------------------------------


def member_of(name: str, path: Path) -> Member:
    """The member that this file will be; read once for its hash."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Member(name, file.tell(), digest.hexdigest())


class Packed:
    """The archive as a file to be read: nothing of it lies anywhere. Raises ValueError when a file changes under way."""

    def __init__(self, manifest: Manifest, files: Sequence[Path], told: Callable[[int], None]) -> None:
        self._pieces = _pieces(manifest, files)
        self._rest = b""
        self._told = told
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        try:
            while not self._rest and (piece := next(self._pieces, None)) is not None:
                self._rest = piece
        except (OSError, ValueError) as error:
            self.error = error  # age says only that reading failed
            raise
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._told(len(taken))
        return taken


def _pieces(manifest: Manifest, files: Sequence[Path]) -> Iterator[bytes]:
    head = msgspec.json.encode(manifest)
    yield from _member(MANIFEST, len(head), [head])
    for member, path in zip(manifest.members, files, strict=True):
        with path.open("rb") as file:
            yield from _member(member.name, member.size, _checked(member, file))
    yield bytes(2 * _BLOCK)


def _member(name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    yield header.tobuf(tarfile.GNU_FORMAT)
    yield from pieces
    yield bytes(-size % _BLOCK)


def _checked(member: Member, file: BinaryIO) -> Iterator[bytes]:
    digest, count = hashlib.sha256(), 0
    while piece := file.read(_CHUNK):
        digest.update(piece)
        count += len(piece)
        yield piece
    if (count, digest.hexdigest()) != (member.size, member.sha256):
        raise ValueError(f"{member.name} changed while it was read")


# Reading ---------------------------------------------------------------------------------------------------------------


class Unpacked:
    """The archive as a file to be written: its members appear in the folder `into`, mode 0600, as they come.

    `begin` is called with the manifest before the first member. `error` is what was wrong, because age does not say it.
    """

    def __init__(self, into: Path, begin: Callable[[Manifest], None], told: Callable[[int], None]) -> None:
        self._into = into
        self._begin = begin
        self._told = told
        self._waiting = bytearray()
        self._steps = self._unpack()
        self._needs = next(self._steps)
        self._open: BinaryIO | None = None
        self.manifest: Manifest | None = None
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        """Takes the next bytes. Raises BadBackup, OSError."""
        self._waiting += data
        try:
            while self._needs and len(self._waiting) >= self._needs:
                piece = bytes(self._waiting[: self._needs])
                del self._waiting[: self._needs]
                self._needs = self._steps.send(piece)
            if not self._needs and self._waiting.strip(b"\0"):
                raise BadBackup("form", "bytes behind the archive's end")
            if not self._needs:
                self._waiting.clear()
        except (BadBackup, OSError) as error:
            self.error = error
            raise
        self._told(len(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self) -> Manifest:
        """The manifest, if everything came. Raises BadBackup."""
        if self._needs or self.manifest is None:
            raise BadBackup("damaged", "the archive ends too early")
        return self.manifest

    def close(self) -> None:
        """Closes what was being written."""
        self._steps.close()

    def _unpack(self) -> Generator[int, bytes, None]:
        """Asks for so many bytes at a time; 0 when it wants no more."""
        head = yield from self._small(MANIFEST)
        self.manifest = manifest = read_manifest(head)
        self._begin(manifest)
        for member in manifest.members:
            yield from self._file(member)
        if (yield _BLOCK).strip(b"\0"):
            raise BadBackup("form", "more members than the manifest names")
        while True:
            yield 0

    def _header(self, name: str) -> Generator[int, bytes, int]:
        """The size in the next header, which must be that of a plain file of this name."""
        block = yield _BLOCK
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except tarfile.HeaderError as error:
            raise BadBackup("form", f"{name}: no member begins here: {error}") from error
        if header.name != name or header.type != tarfile.REGTYPE:
            raise BadBackup("form", f"{header.name[:80]!r} stands where {name} belongs")
        return header.size

    def _small(self, name: str) -> Generator[int, bytes, bytes]:
        size = yield from self._header(name)
        if not 0 < size <= LARGEST_SMALL:
            raise BadBackup("form", f"{name}: {size} bytes; {LARGEST_SMALL} at most")
        return (yield size + -size % _BLOCK)[:size]

    def _file(self, member: Member) -> Generator[int, bytes, None]:
        size = yield from self._header(member.name)
        if size != member.size:
            raise BadBackup("form", f"{member.name}: {size} bytes, the manifest says {member.size}")
        path = self._into / member.name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        digest, left = hashlib.sha256(), size
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            while left:
                piece = yield min(left, _CHUNK)
                digest.update(piece)
                file.write(piece)
                left -= len(piece)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != member.sha256:
            raise BadBackup("damaged", f"{member.name}: its SHA-256 is not the one in the manifest")
        if -size % _BLOCK:
            yield -size % _BLOCK


def read_manifest(data: bytes) -> Manifest:
    """The manifest in these bytes, its members looked at. Raises BadBackup."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBackup("form", f"{MANIFEST}: {error}") from error
    if manifest.version != 1:
        raise BadBackup("form", f"a backup of version {manifest.version}; this program reads version 1")
    names = [member.name for member in manifest.members]
    if len(names) > MOST_MEMBERS or len(set(names)) != len(names) or not set(NEEDED) <= set(names):
        raise BadBackup("form", f"{MANIFEST}: members are missing, or there are too many, or one stands twice")
    for member in manifest.members:
        if not may_be_member(member.name):
            raise BadBackup("form", f"{MANIFEST}: {member.name[:80]!r} is no file of a data directory")
        if member.size < 0 or (member.name != LEDGER and member.size > LARGEST_SMALL):
            raise BadBackup("form", f"{MANIFEST}: {member.name}: {member.size} bytes")
    return manifest
