"""What is in the works: which input the loop decides just now, so that one that ends the process is known at the restart.

An exception is certain: its input is noted durably before the process ends. A process that just dies (a segmentation fault, no
memory) leaves the input in a small file, written in microseconds without fsync; as anybody may be in the works when a process
is killed, that counts only when the same input was in the works at two deaths in a row, with the machine up all the time: a
power cut is nobody's fault. Not a mapped file: on a disk that turned read-only a write to one would be the end of the process.
The notes are given over to the ledger at the next start and live there.
"""

import json
import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
import structlog

from controller.inbox import (
    CheckpointShown,
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    DigitsTyped,
    Input,
    PartAnswering,
    PartFailing,
    PinChosen,
    PinTyped,
    QueriesTurnedAway,
    RequestReceived,
    SlotSeen,
)

DEATHS = 2
"""Deaths in a row with the same input in the works."""
_MOST = 16
"""Notes that wait for a start."""
_DIGEST = 32
_PLACE = 160
_SIZE = 512
_DIED, _COUNT, _BOOT = 256, 256 + _DIGEST, 256 + _DIGEST + 1
_NOBODY = bytes(_DIGEST)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

log = structlog.get_logger()


class Suspect(msgspec.Struct, frozen=True):
    """An input by what it is known by: its digest (hex), its sort, and where it came from."""

    poison: str
    sort: str
    place: str


def shape(item: Input) -> tuple[str, str, bytes]:
    """The input's sort, where it came from, and what makes another one the same."""
    match item:
        case CredentialPresented(reader, card):
            return "tap", reader, _text(reader, card.credential, str(card.problem))
        case ContactSeen(portal, which):
            return "contact", f"{portal}/{which}", _text(portal, which)
        case PinTyped(reader) | PinChosen(reader):
            return "pin", reader, _text(type(item).__name__, reader)  # and no word of what was typed
        case SlotSeen(cabinet, slot):
            return "slot", f"{cabinet}/{slot}", _text("SlotSeen", cabinet, str(slot))
        case DigitsTyped(station):
            return "digits", station, _text("DigitsTyped", station)
        case RequestReceived(data):
            return "request", "", data
        case CheckpointShown(note):
            return "checkpoint", "", note
        case ConsoleAsked(command, arguments):
            return "console", command[:40], _text(command, json.dumps(arguments, sort_keys=True, default=repr))
        case PartFailing(part) | PartAnswering(part) | QueriesTurnedAway(part):
            return "part", part, _text(type(item).__name__, part)


def _text(*parts: str) -> bytes:
    return "\0".join(parts).encode(errors="surrogatepass")


class Works:
    """One data directory's; the loop's thread alone. `key` keeps digests from being guessed back.

    `notes` is the file that is durable, `passing` the one that may be gone after a power cut.
    """

    def __init__(self, notes: Path, passing: Path, key: bytes) -> None:
        self._key = key[:64]
        self._notes = notes
        self._path = passing
        self._file: int | None = None
        self._now: Suspect | None = None
        self._found = self._left_behind()

    def suspect(self, item: Input, sort: str = "") -> Suspect:
        """What this input is known by; `sort` names another way of meeting the same input."""
        own, place, content = shape(item)
        sort = sort or own
        digest = blake2b(content, key=self._key, digest_size=_DIGEST, person=sort.encode()[:16]).hexdigest()
        return Suspect(digest, sort, place)

    def begin(self, suspect: Suspect) -> None:
        """This input is in the works from now on."""
        self._now = suspect
        noted = f"{suspect.sort} {suspect.place}".encode(errors="replace")[:_PLACE]
        self._write(bytes.fromhex(suspect.poison) + noted.ljust(_PLACE, b"\0"))

    def end(self) -> None:
        """Nothing is."""
        self._now = None
        self._write(_NOBODY)

    def let_go(self) -> None:
        """Closes the file, as the ledger's is while the disk fails; it is opened again by itself."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def caught(self) -> None:
        """What is in the works has raised: notes it durably. The disk may fail in that too; then it is a death like others."""
        if self._now is None:
            return
        log.critical("input stopped the loop", poison=self._now.poison, sort=self._now.sort, place=self._now.place)
        try:
            self._keep([*self._kept(), self._now][-_MOST:])
        except OSError as error:
            log.error("poison not noted", problem=str(error))

    def found(self) -> list[Suspect]:
        """What earlier runs were stopped by, and no record says yet."""
        return list({suspect.poison: suspect for suspect in [*self._kept(), *self._found]}.values())

    def told(self) -> None:
        """It is on record."""
        self._found = []
        with suppress(OSError):
            self._notes.unlink(missing_ok=True)

    # The files ------------------------------------------------------------------------------------------------------------

    def _left_behind(self) -> list[Suspect]:
        """What the last run died with, if the run before it died with the same."""
        try:
            left = self._path.read_bytes().ljust(_SIZE, b"\0")
        except OSError:
            left = bytes(_SIZE)
        boot, died, before = _boot(), left[:_DIGEST], left[_DIED:_COUNT]
        deaths = 0
        if died != _NOBODY and left[_BOOT : _BOOT + len(boot)] == boot:
            deaths = 1 + (left[_COUNT] if died == before else 0)
        sort, _, place = left[_DIGEST : _DIGEST + _PLACE].rstrip(b"\0").decode(errors="replace").partition(" ")
        told = (died if deaths else _NOBODY) + bytes([min(deaths, 255)]) + boot
        self._write(_NOBODY.ljust(_DIED, b"\0") + told)
        return [Suspect(died.hex(), sort, place)] if deaths >= DEATHS else []

    def _write(self, data: bytes) -> None:
        """Into the file, from its beginning, as far as it takes it."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, data, 0)
        except OSError:  # deaths are not counted then: the ledger will say what is wrong with the disk
            self.let_go()

    def _kept(self) -> list[Suspect]:
        try:
            return msgspec.json.decode(self._notes.read_bytes(), type=list[Suspect])
        except (OSError, msgspec.DecodeError, ValueError):
            return []

    def _keep(self, suspects: list[Suspect]) -> None:
        fresh = self._notes.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(suspects))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self._notes)
        handle = os.open(self._notes.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _boot() -> bytes:
    """The machine's boot, 36 bytes; empty where it does not say."""
    try:
        return _BOOT_ID.read_bytes().strip()[:36]
    except OSError:
        return b""
