"""`sekimori export`, `verify` and `rebuild`: the ledger taken out, looked at from outside, and its tables folded anew."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from controller.cli.command import DONE, FOUND, command, read_ledger, read_ledger_file
from controller.cli.instants import instant
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.ledger.export import export_records
from controller.ledger.verify import Report, verify_file
from controller.record.note import BadNote, VerifierKey
from controller.record.words import words
from controller.site import open_site

_SHOWN = 10
"""Findings shown in words; `--json` has them all."""


class Form(StrEnum):
    """What an export looks like."""

    JSONL = "jsonl"
    CSV = "csv"


@command
def export(
    data: Data,
    lang: Language,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", dir_okay=False)],
    form: Annotated[Form, typer.Option("--format")] = Form.JSONL,
    ledger: Annotated[Path | None, typer.Option("--ledger", metavar="FILE", dir_okay=False)] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE")] = None,
    as_json: AsJson = False,
) -> int:
    """All rows of the period; the file appears whole or not at all."""
    voice = Voice(lang, as_json)
    connection = read_ledger(data) if ledger is None else read_ledger_file(ledger)
    zone = ZoneInfo(Names(connection).timezone())
    done = export_records(
        connection,
        output,
        format=form.value,
        from_at=None if since is None else instant(voice, since, zone),
        to_at=None if until is None else instant(voice, until, zone, end_of_day=True),
    )
    first, last = done.first or 0, done.last or 0
    voice.say("export.done", count=done.count, first=first, last=last, file=output, style="green")
    if done.dropped:
        voice.say("export.dropped", count=done.dropped, style="yellow")
    voice.line(f"SHA-256 {done.sha256}")
    voice.answer(msgspec.to_builtins(done))
    return DONE



@command
def verify(
    lang: Language,
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    checkpoint: Annotated[list[Path] | None, typer.Option("--checkpoint", metavar="NOTEFILE", dir_okay=False)] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="VKEY")] = None,
    as_json: AsJson = False,
) -> int:
    """Needs neither settings nor network: the file and, to know whose it is, the key."""
    voice = Voice(lang, as_json)
    try:
        known = None if key is None else VerifierKey.parse(key)
    except BadNote as error:
        raise typer.BadParameter(str(error), param_hint="--key") from error
    notes = [path.read_text(encoding="utf-8", errors="replace") for path in checkpoint or ()]
    report = verify_file(file, notes=notes, key=known)
    _tell(voice, file, report)
    voice.answer({"ok": report.ok, "file": str(file), **msgspec.to_builtins(report)})
    return DONE if report.ok else FOUND


def _tell(voice: Voice, file: Path, report: Report) -> None:
    verdict = "verify.good" if report.ok else "verify.bad"
    voice.say(verdict, file=file, count=len(report.findings) + report.more, style="green" if report.ok else "bold red")
    voice.say("verify.what", source=voice.text(f"source.{report.source}"), origin=report.origin or "–")
    voice.say("verify.range", count=report.count, first=_or_dash(report.first), last=_or_dash(report.last))
    gaps = ", ".join(f"{first}–{last}" for first, last in report.gaps) or voice.text("verify.none")
    voice.say("verify.gaps", gaps=gaps)
    voice.say("verify.first_bad", seq=voice.text("verify.none") if report.first_bad is None else report.first_bad)
    voice.say("verify.checkpoints", count=report.checkpoints, signed=report.signed, covered=report.covered)
    if report.dropped:
        voice.say("verify.dropped", count=report.dropped, first=report.dropped_first, last=report.dropped_last)
    for broken in report.breaks:
        size, reason = _or_dash(broken.size), words(broken.reason, voice.lang, "opening") or "–"
        voice.say("verify.break", epoch=broken.epoch, first=broken.first, size=size, reason=reason, style="yellow")
    if report.root is not None:
        voice.say("verify.root", root=report.root)
    for finding in report.findings[:_SHOWN]:
        voice.line(f"  ✗ {voice.text(f'finding.{finding.code}')}: {finding.text}", style="red")
    if (more := len(report.findings) - _SHOWN + report.more) > 0:
        voice.say("verify.more", count=more)
    for code in report.unproven:
        voice.line(f"  – {voice.text('verify.unproven')}: {voice.text(f'unproven.{code}')}")


def _or_dash(value: Any) -> str:  # noqa: ANN401 - a number or None
    return "–" if value is None else str(value)


@command
def rebuild(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """Needs the ledger for itself: the controller must not run."""
    voice, site = Voice(lang, as_json), open_site(data)
    try:
        count = site.ledger.rebuild()
    finally:
        site.ledger.close()
    voice.say("rebuild.done", count=count, style="green")
    voice.answer({"folded": count})
    return DONE
