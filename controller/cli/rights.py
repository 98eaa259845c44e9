"""`sekimori rights`: where a person may enter, by which right or group, who asked, who approved, what for and until when."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.effective import Effective, effective
from controller.record.words import words
from controller.site import settings_of

COLUMNS = ["zone", "now", "by_group", "hours", "until", "asked_by", "approved_by", "purpose"]


@command
def rights(
    data: Data,
    lang: Language,
    person: Annotated[str, typer.Argument(metavar="PERSON")],
    as_json: AsJson = False,
) -> int:
    """0 when told, 1 when there is no such person."""
    voice, facility, ledger = Voice(lang, as_json), settings_of(data), read_ledger(data)
    names = Names(ledger)
    called = names.people_called(person)
    if len(called) != 1 or not names.person_state(called[0]):
        voice.refusal(voice.text("explain.several" if len(called) > 1 else "explain.person", said=person))
        voice.answer({"code": "subject", "place": "person"})
        return FOUND
    found = effective(facility, ledger, called[0], datetime.now(UTC))
    _describe(voice, lang, names, ledger, called[0], found, facility.timezone)
    voice.answer(
        {
            "person": called[0],
            "state": names.person_state(called[0]),
            "rights": [_said(names, ledger, lang, right) for right in found],
        }
    )
    return DONE


def _describe(
    voice: Voice,
    lang: Lang,
    names: Names,
    ledger: sqlite3.Connection,
    person: int,
    found: tuple[Effective, ...],
    zone: ZoneInfo,
) -> None:
    who = f"{names.person(person)} #{person}".strip()
    if not found:
        voice.say("rights.none", person=who)
        return
    rows = [_row(names, ledger, lang, right, zone) for right in found]
    voice.table("rights.title", COLUMNS, rows, person=who, state=words(names.person_state(person), lang, "state"))


def _row(names: Names, ledger: sqlite3.Connection, lang: Lang, right: Effective, zone: ZoneInfo) -> list[str]:
    until = datetime.fromisoformat(right.until_at).astimezone(zone)
    now = words("active", lang, "state") if right.code is None else words(right.code, lang, "code")
    manner = "" if right.manner == "own" else f" ({words(right.manner, lang, 'manner')})"
    return [
        names.place("zone", right.zone, lang) + manner,
        now,
        names.team(right.team) if right.team is not None else "",
        names.place("schedule", right.schedule, lang),
        f"{until:%Y-%m-%d %H:%M}",
        names.operator(right.requested_by),
        names.operator(right.approved_by) if right.approved_by is not None else "",
        _purpose(ledger, right.purpose),
    ]


def _said(names: Names, ledger: sqlite3.Connection, lang: Lang, right: Effective) -> dict[str, object]:
    """One right for a program: ids, with the names that are for the eyes at this console beside them."""
    return {
        "access_right": right.access_right,
        "zone": right.zone,
        "zone_name": names.place("zone", right.zone, lang),
        "code": right.code,
        "team": right.team,
        "team_name": names.team(right.team) if right.team is not None else None,
        "manner": right.manner,
        "schedule": right.schedule,
        "from_at": right.from_at,
        "until_at": right.until_at,
        "requested_by": right.requested_by,
        "approved_by": right.approved_by,
        "purpose": _purpose(ledger, right.purpose),
        "records": list(right.records),
    }


def _purpose(ledger: sqlite3.Connection, id: str) -> str:
    query = "select json_extract(text, '$.purpose') from private where id = ? order by version desc limit 1"
    row = ledger.execute(query, (id,)).fetchone()
    return "" if row is None or row[0] is None else str(row[0])
