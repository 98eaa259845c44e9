"""What all commands have in common: their exit code, and one clear line for everything that can keep them from running."""

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import typer

from controller.backup.archive import BadBackup
from controller.backup.identities import BadIdentity, BadRecipient
from controller.backup.taking import BackupRuns
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.console import NotRunning
from controller.deploy.accounts import BadName
from controller.deploy.certificates import BadCertificate
from controller.deploy.mosquitto import BadHost
from controller.deploy.systemd import BadPath
from controller.facility.settings import BadSettings
from controller.ledger.database import open_reader
from controller.ledger.ledger import LedgerInUse, WrongLedger
from controller.record.envelope import MalformedRecord
from controller.record.keys import BadKey
from hardware.protocols import HardwareFault

DONE, FOUND, COULD_NOT_RUN = 0, 1, 2
"""Exit codes: done; found something wrong, or was refused; could not run."""

LEDGER = "ledger.sqlite3"

Parameters = ParamSpec("Parameters")


class NoLedger(RuntimeError):
    """There is no ledger here, or it cannot be read."""


_CODES: dict[type[Exception], str] = {
    BadSettings: "settings",
    BadKey: "key",
    BadName: "name",
    BadHost: "name",
    BadPath: "path",
    BadCertificate: "certificate",
    LedgerInUse: "in_use",
    WrongLedger: "wrong_ledger",
    NoLedger: "no_ledger",
    NotRunning: "not_running",
    HardwareFault: "part",
    MalformedRecord: "malformed",
    BadRecipient: "recipient",
    BadIdentity: "identity",
    BadBackup: "backup",
    BackupRuns: "backup_runs",
    sqlite3.DatabaseError: "database",
    OSError: "system",
}
"""What keeps a command from running, and its code. Anything else is a bug, and ends in a traceback."""


def command(run: Callable[Parameters, int | None]) -> Callable[Parameters, None]:
    """Decorator: the returned integer is the exit code, and what cannot be done is said in one line (exit 2)."""

    @functools.wraps(run)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            code = run(*args, **kwargs)
        except BrokenPipeError:
            raise  # whoever read our output has gone; typer ends for that
        except tuple(_CODES) as error:
            _tell(Voice(Lang(str(kwargs["lang"])), bool(kwargs["as_json"])), error)
            code = COULD_NOT_RUN
        raise typer.Exit(code or DONE)

    return guarded


def _tell(voice: Voice, error: Exception) -> None:
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    match error:
        case BadSettings():
            words = voice.text("cannot.settings", file=error.file, count=len(error.mistakes))
            more = {"file": error.file, "mistakes": error.mistakes}
            voice.trouble(code, "\n  ".join([words, *error.mistakes]), **more)
        case HardwareFault():
            voice.trouble(code, voice.text("cannot.part", part=error.part, reason=str(error)), part=error.part)
        case OSError(filename=str(file), strerror=str(reason)):
            voice.trouble(code, voice.text("cannot.system", reason=f"{file}: {reason}"), file=file)
        case _:
            voice.trouble(code, voice.text(f"cannot.{code}", reason=error))


def read_ledger(data: Path) -> sqlite3.Connection:
    """The ledger of a data directory, for reading. Raises NoLedger."""
    return read_ledger_file(data / LEDGER)


def read_ledger_file(path: Path) -> sqlite3.Connection:
    """A ledger's file, for reading. Raises NoLedger."""
    try:
        connection = open_reader(path)
        connection.execute("select max(seq) from record").fetchone()
    except sqlite3.DatabaseError as error:
        raise NoLedger(f"{path}: {error}") from error
    return connection
