"""`sekimori backup` and `sekimori restore`: everything that makes this site, taken away encrypted, and put back (C9.2)."""

import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from controller.backup import identities
from controller.backup.archive import SETTINGS, BadBackup
from controller.backup.comparison import Difference
from controller.backup.restoring import Restored, Wanted
from controller.backup.restoring import restore as put_back
from controller.backup.taking import Taken, take
from controller.cli.command import COULD_NOT_RUN, DONE, FOUND, NoLedger, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.progress import Bar
from controller.cli.voice import Voice
from controller.facility.settings import BadSettings
from controller.keyring import LEDGER
from controller.record.canonical import timestamp
from controller.record.note import BadNote, VerifierKey
from controller.site import backup_source, settings_of

_COULD_NOT = {"identity", "space"}
"""What says nothing of the backup or the data directory: exit 2; the rest is a refusal, exit 1."""


@command
def backup(
    data: Data,
    lang: Language,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE|DIR")] = None,
    to: Annotated[list[str] | None, typer.Option("--to", metavar="RECIPIENT|FILE")] = None,
    new_key: Annotated[Path | None, typer.Option("--new-key", metavar="FILE", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> int:
    """One file, whole or not at all; or, with `--new-key`, the key that will open such files."""
    voice = Voice(lang, as_json)
    if (output is None) == (new_key is None):
        raise typer.BadParameter(voice.text("backup.which"))
    if new_key is not None:
        return _new_key(voice, new_key)
    assert output is not None  # noqa: S101 - one of the two was given
    read_ledger(data).close()
    named = identities.recipients(to or settings_of(data).backup_recipients)
    now = datetime.now(UTC)
    out = output / _dated(data, now) if output.is_dir() else output
    with Bar(voice) as bar:
        done = take(backup_source(data), out, named, timestamp(now), version("sekimori"), bar.told, _nothing)
    _tell_taken(voice, done)
    return DONE if done.report.ok else FOUND


def _new_key(voice: Voice, path: Path) -> int:
    recipient = identities.new_identity(path, datetime.now(UTC))
    voice.say("backup.key", file=path, style="green")
    voice.line(f"  {recipient}")
    voice.say("backup.key_away", file=path, style="yellow")
    voice.answer({"recipient": recipient, "identity": str(path)})
    return DONE


def _dated(data: Path, now: datetime) -> str:
    connection = read_ledger(data)
    try:
        site = Names(connection).site()
    finally:
        connection.close()
    return f"sekimori-{site}-{now:%Y%m%dT%H%M%SZ}.tar.age"


def _tell_taken(voice: Voice, done: Taken) -> None:
    voice.say("backup.done", count=done.manifest.size, file=done.path, bytes=done.bytes, style="green")
    voice.line(f"SHA-256 {done.sha256}")
    voice.say("backup.members", names=", ".join(member.name for member in done.manifest.members))
    for name in done.outside:
        voice.say("backup.outside", file=name, style="yellow")
    if not done.report.ok:
        voice.say("backup.wrong", finding=done.report.findings[0].text, style="bold red")
    voice.say("backup.open", file=done.path)
    manifest = msgspec.to_builtins(done.manifest)
    voice.answer(
        {
            "ok": done.report.ok, "file": done.path, "bytes": done.bytes, "sha256": done.sha256, "count": done.manifest.size,
            "recipients": done.recipients, "outside": done.outside, "manifest": manifest,
            "findings": msgspec.to_builtins(done.report.findings),
        }
    )  # fmt: skip


@command
def restore(
    lang: Language,
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    identity: Annotated[Path, typer.Option("--identity", metavar="KEYFILE", dir_okay=False)],
    data: Annotated[Path, typer.Option("--data", metavar="DIR")],
    replace: Annotated[bool, typer.Option("--replace")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    key: Annotated[str | None, typer.Option("--key", metavar="VKEY")] = None,
    as_json: AsJson = False,
) -> int:
    """All of it or nothing; what was there is moved aside."""
    voice = Voice(lang, as_json)
    try:
        known = None if key is None else VerifierKey.parse(key)
    except BadNote as error:
        raise typer.BadParameter(str(error), param_hint="--key") from error
    wanted = Wanted(file, identities.load_identities(identity), data, replace, dry_run, _site_there(data), known)
    now = datetime.now(UTC)
    try:
        with Bar(voice) as bar:
            done = put_back(wanted, timestamp(now), f"{now:%Y%m%dT%H%M%SZ}", _site_in, bar.told, _nothing)
    except BadBackup as error:
        voice.refusal(voice.text(f"why.{error.why}", reason=error))
        voice.answer({"code": error.why, "place": str(error)})
        return COULD_NOT_RUN if error.why in _COULD_NOT else FOUND
    _tell_restored(voice, data, done)
    return DONE


def _site_in(folder: Path) -> str:
    """The site's id in the settings of a folder. Raises BadBackup for settings that cannot be used."""
    try:
        return settings_of(folder).id
    except BadSettings as error:
        raise BadBackup("content", str(error)) from error


def _site_there(data: Path) -> str | None:
    """Whose data directory it is now; None for nobody's, and for one too broken to say it."""
    try:
        if (data / LEDGER).exists():
            connection = read_ledger(data)
            try:
                return Names(connection).site() or None
            finally:
                connection.close()
        return settings_of(data).id if (data / SETTINGS).exists() else None
    except (NoLedger, BadSettings, sqlite3.DatabaseError, ValueError, LookupError):
        return None


def _tell_restored(voice: Voice, data: Path, done: Restored) -> None:
    manifest, difference = done.manifest, done.difference
    voice.say(
        "restore.backup", site=manifest.site, at=manifest.at, count=manifest.size, newest=difference.newest or "–"
    )
    _tell_difference(voice, difference)
    if done.dry_run:
        voice.say("restore.dry", style="green")
    else:
        voice.say("restore.done", data=data, count=manifest.size, style="green")
        if done.moved is not None:
            voice.say("restore.moved", folder=done.moved)
        voice.say("restore.next")
    voice.answer(
        {
            "code": None, "dry_run": done.dry_run, "data": str(data), "moved": done.moved,
            "manifest": msgspec.to_builtins(manifest), "difference": msgspec.to_builtins(difference),
        }
    )  # fmt: skip


def _tell_difference(voice: Voice, difference: Difference) -> None:
    voice.say(f"history.{difference.history}", count=difference.records_there, newest=difference.newest_there or "–")
    for name, side in (difference.keys | difference.files).items():
        voice.say(f"side.{side}", name=name)
    if difference.settings:
        voice.say("restore.settings", keys=", ".join(difference.settings))


def _nothing(_step: str) -> None:
    """Takes no note of steps."""
