"""`sekimori trust`: which dashboards this site believes, and by which keys the site itself is known."""

import sqlite3
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, LEDGER, command, read_ledger
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.keyring import site_keys
from controller.record.note import VerifierKey, origin
from controller.record.words import words
from controller.site import settings_of


@command
def trust(
    data: Data,
    lang: Language,
    key: Annotated[str | None, typer.Argument(metavar="DASHBOARD-KEY")] = None,
    revoke: Annotated[str | None, typer.Option("--revoke", metavar="ID")] = None,
    as_json: AsJson = False,
) -> int:
    """Enrols or revokes a dashboard's key if there is one to; then says the site's own keys and whom it trusts."""
    voice = Voice(lang, as_json)
    site = settings_of(data).id
    answers = []
    if key is not None:
        answers.append(ask_controller(data, "trust", {"key": key}))
    if revoke is not None:
        answers.append(ask_controller(data, "revoke", {"dashboard": revoke}))
    refused = next((answer for answer in answers if answer["code"]), None)
    if refused is not None:
        why = f"{words(refused['code'], lang, 'code')} ({refused['place']})"
        known = key is not None and refused["code"] == "subject"
        voice.refusal(voice.text("trust.known") if known else voice.text("trust.refused", why=why))
    elif answers:
        voice.say("trust.done" if revoke is None else "trust.revoked", style="green")
    _keys(voice, data, site, None if refused is None else refused["code"])
    return DONE if refused is None else FOUND


def _keys(voice: Voice, data: Path, site: str, code: str | None) -> None:
    public = site_keys(data).site.public
    ledger = read_ledger(data) if (data / LEDGER).exists() else None
    verifier = VerifierKey(origin(site, _epoch(ledger)), public.signing)
    voice.say("trust.site_key", site=site)
    voice.line(f"  {public.text()}")
    voice.say("trust.verifier_key")
    voice.line(f"  {verifier.text()}")
    voice.say("trust.pin")
    voice.line(f"  sekimori-dashboard trust {public.text()} --site {site}")
    dashboards = [] if ledger is None else _dashboards(ledger)
    rows = [[row["dashboard"], words(row["state"], voice.lang, "state"), row["at"]] for row in dashboards]
    voice.table("trust.dashboards", ["id", "state", "since"], rows)
    voice.answer(
        {
            "code": code,
            "site": site,
            "site_key": public.text(),
            "verifier_key": verifier.text(),
            "dashboards": dashboards,
        }
    )


def _epoch(ledger: sqlite3.Connection | None) -> int:
    """The epoch in the name of the ledger's key: of its newest beginning, or what a new ledger will have."""
    row = (
        None if ledger is None else ledger.execute("select note from checkpoint order by size desc limit 1").fetchone()
    )
    return 1 if row is None else int(row[0].partition("\n")[0].rpartition("/")[2])


def _dashboards(ledger: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = ledger.execute("select dashboard, state, at from dashboard order by at")
    return [{"dashboard": id, "state": state, "at": at} for id, state, at in rows]
