"""`sekimori register`: who may enter where, set when and by whom, with what training; now or as of a past day (C7.5)."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import instant
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.progress import Bar
from controller.cli.voice import Voice
from controller.ledger.erasing import HELD
from controller.ledger.export import cell
from controller.ledger.past import last_until, tables_until
from controller.record.canonical import moment, timestamp
from controller.record.register import SOURCES, Holder, Training, holders
from controller.record.words import words

_COLUMNS = ("person_no", "name", "title", "department", "zone", "set_on", "set_by", "asked_by", "until", "state", "training")

_NARROW = ("person_no", "name", "title", "zone", "set_on", "set_by", "training")
"""What fits a terminal: the columns that the criterion asks for."""


@command
def register(
    data: Data,
    lang: Language,
    at: Annotated[str | None, typer.Option("--at", metavar="DATE")] = None,
    zone: Annotated[str, typer.Option("--zone", metavar="ZONE")] = "",
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
    as_json: AsJson = False,
) -> int:
    """One line a person and zone; a day counts to its end, and a day to come is now."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names = Names(ledger)
    if zone and ledger.execute("select 1 from zone where zone = ?", (zone,)).fetchone() is None:
        voice.refusal(voice.text("register.zone", zone=zone))
        voice.answer({"code": "subject", "place": "zone"})
        return FOUND
    local = ZoneInfo(names.timezone())
    now = datetime.now(UTC)
    when = now if at is None else min(now, instant(voice, at, local, end_of_day=True))
    tables = ledger if when == now else _past(voice, ledger, when)
    found = holders({name: _rows(tables, name) for name in SOURCES}, timestamp(when), zone)
    lines = [_line(ledger, names, voice, one, local) for one in found]
    _show(voice, lines, when.astimezone(local), as_csv)
    voice.answer({"code": None, "at": timestamp(when), "zone": zone or None, "register": lines})
    return DONE


def _show(voice: Voice, lines: list[dict[str, Any]], when: datetime, as_csv: bool) -> None:
    columns = _COLUMNS if as_csv else _NARROW
    rows = [[_shown(line[column]) for column in columns] for line in lines]
    if not as_csv:
        voice.table("register.title", list(columns), rows, at=f"{when:%Y-%m-%d %H:%M}", count=len(rows))
        return
    if voice.as_json:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([voice.text(f"column.{column}") for column in _COLUMNS])
    writer.writerows([[cell(value) for value in row] for row in rows])
    voice.raw("\ufeff" + text.getvalue().removesuffix("\r\n") + "\r")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " / ".join(f"{one['name']} {one['on_day']}" for one in value)
    return "" if value is None else str(value)



def _past(voice: Voice, ledger: sqlite3.Connection, when: datetime) -> sqlite3.Connection:
    with Bar(voice) as bar:
        return tables_until(
            ledger, last_until(ledger, timestamp(when)), lambda done, total: bar.told("fold", done, total)
        )


def _rows(tables: sqlite3.Connection, name: str) -> list[dict[str, Any]]:
    cursor = tables.execute(f"select * from {name}")  # noqa: S608 - one of SOURCES
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _line(ledger: sqlite3.Connection, names: Names, voice: Voice, one: Holder, local: ZoneInfo) -> dict[str, Any]:
    """One line, named in the words of then; of whoever was erased since, the number is left."""
    text, lang = _text(ledger, one), voice.lang
    return {
        "person_no": one.person,
        "name": text.get("name") or words("erased", lang, "state"),
        "title": text.get("title", ""),
        "department": text.get("department", ""),
        "zone_id": one.zone,
        "zone": names.place("zone", one.zone, lang),
        "access_right": one.access_right,
        "team": one.team,
        "from": _day(one.from_at, local),
        "until": _last_day(one.until_at, local),
        "schedule": one.schedule,
        "set_on": _day(one.set_at, local),
        "set_by": names.operator(one.set_by) or str(one.set_by or ""),
        "asked_by": names.operator(one.requested_by) or str(one.requested_by or ""),
        "state": words(one.state, lang, "state"),
        "training": [_training(names, voice, course, local) for course in one.training],
    }


def _text(ledger: sqlite3.Connection, one: Holder) -> dict[str, str]:
    row = ledger.execute(
        f"select text from private where id = ? and version = ? and {HELD}",  # noqa: S608 - a constant
        (one.private, one.version),
    ).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def _training(names: Names, voice: Voice, one: Training, local: ZoneInfo) -> dict[str, Any]:
    id = f"training:{one.course}"
    called = names.place("condition", id, voice.lang)
    until = None if one.until_at is None else _last_day(one.until_at, local)
    return {"course": one.course, "name": one.course if called == id else called, "on_day": one.on_day, "until": until}


def _day(at: str, local: ZoneInfo) -> str:
    return "" if not at else f"{moment(at).astimezone(local):%Y-%m-%d}"


def _last_day(at: str, local: ZoneInfo) -> str:
    """The day on which something ends: what ends at midnight lasts through the day before."""
    return f"{(moment(at) - timedelta(microseconds=1)).astimezone(local):%Y-%m-%d}"
