"""`sekimori explain`: what the door would say to a person, or would have said, and why: every check, passed or not."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import instant
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.progress import Bar
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.explaining import Unknown, explained
from controller.facility import Facility
from controller.ledger.past import last_until, tables_until
from controller.record.canonical import timestamp
from controller.record.envelope import decode
from controller.record.explained import Explained, Said
from controller.record.husk import husk_seq
from controller.record.words import words
from controller.site import settings_of


@command
def explain(
    data: Data,
    lang: Language,
    person: Annotated[str, typer.Argument(metavar="PERSON")],
    portal: Annotated[str, typer.Argument(metavar="PORTAL")],
    at: Annotated[str | None, typer.Option("--at", metavar="TIME")] = None,
    as_json: AsJson = False,
) -> int:
    """0 when it opens, 1 when something is missing."""
    voice, facility, ledger = Voice(lang, as_json), settings_of(data), read_ledger(data)
    names = Names(ledger)
    called = names.people_called(person)
    if len(called) != 1:
        return _unknown(voice, "explain.several" if called else "explain.person", "person", person)
    now = datetime.now(UTC)
    when = now if at is None else instant(voice, at, facility.timezone)
    try:
        found = _at(voice, facility, ledger, called[0], portal, when, now)
    except Unknown as error:
        return _unknown(voice, f"explain.{error}", str(error), portal if str(error) == "portal" else person)
    _describe(voice, lang, names, ledger, found, facility.timezone)
    voice.answer(msgspec.to_builtins(found))
    return DONE if found.code is None or found.stands else FOUND


def _unknown(voice: Voice, text: str, place: str, said: str) -> int:
    voice.refusal(voice.text(text, said=said))
    voice.answer({"code": "subject", "place": place})
    return FOUND



def _at(
    voice: Voice,
    facility: Facility,
    ledger: sqlite3.Connection,
    person: int,
    portal: str,
    when: datetime,
    now: datetime,
) -> Explained:
    """Of the past by the tables as they were then; of now and later by those of now. Raises Unknown."""
    if when >= now:
        size = ledger.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        return explained(facility, ledger, person, portal, when, size)
    last = last_until(ledger, timestamp(when))
    with Bar(voice) as bar:
        tables = tables_until(ledger, last, lambda done, total: bar.told("fold", done, total))
    return explained(facility, tables, person, portal, when, last)


def _describe(
    voice: Voice, lang: Lang, names: Names, ledger: sqlite3.Connection, found: Explained, zone: ZoneInfo
) -> None:
    who = f"{names.person(found.person)} #{found.person}".strip()
    local = datetime.fromisoformat(found.at).astimezone(zone)
    voice.table(
        "explain.title",
        ["answer", "check", "missing", "records"],
        [_row(voice, lang, ledger, zone, said) for said in found.checks],
        person=who,
        portal=names.place("portal", found.portal, lang),
        at=f"{local:%Y-%m-%d %H:%M}",
    )
    if found.stands:
        voice.say("explain.stands", cause=words(found.stands, lang, "cause"), style="yellow")
    if found.code is None:
        voice.say("explain.opens", right=found.access_right, style="green")
    else:
        voice.say("explain.refused", why=words(found.code, lang, "code"), style="red")


def _row(voice: Voice, lang: Lang, ledger: sqlite3.Connection, zone: ZoneInfo, said: Said) -> list[str]:
    answer = "unasked" if not said.asked else "passed" if said.code is None else "missing"
    why = "" if said.code is None else f"{words(said.code, lang, 'code')} ({said.place})"
    records = ", ".join(_record(ledger, lang, zone, seq) for seq in said.behind)
    return [voice.text(f"explain.{answer}"), words(said.check, lang, "check"), why, records]


def _record(ledger: sqlite3.Connection, lang: Lang, zone: ZoneInfo, seq: int) -> str:
    """A record behind an answer, as one line: its number, what it is, when."""
    row = ledger.execute("select bytes from record where seq = ?", (seq,)).fetchone()
    if row is None or husk_seq(row[0]) is not None:
        return f"#{seq}"
    record = decode(row[0])
    at = datetime.fromisoformat(record.at).astimezone(zone)
    return f"#{seq} {words(record.kind, lang, 'kind')} {at:%Y-%m-%d %H:%M}"
