"""`sekimori due`: what is due and overdue at the site, the longest overdue first (C8.2, C8.3, C8.4, C4.1, C8.6)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.duty import ESCALATED, LATE, OVERDUE
from controller.record.words import words

LISTED = """select sort, number, due_at, place, person, stage, seq from due
    where due_at <= ? or stage != '' order by due_at, due"""


@command
def due(
    data: Data,
    lang: Language,
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, max=36500)] = 30,
    as_json: AsJson = False,
) -> int:
    """One line for each thing that is overdue, told of, or due within so many days; 1 while anything is overdue."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    now = datetime.now(UTC)
    names = Names(ledger)
    local = ZoneInfo(names.timezone())
    rows = ledger.execute(LISTED, (timestamp(now + timedelta(days=days)),)).fetchall()
    lines = [_line(row, names, voice, now, local) for row in rows]
    late = sum(line["late"] for line in lines)
    voice.table("due.title", ["sort", "number", "due", "state", "place", "whose"], [_shown(line) for line in lines], count=late)
    if not lines:
        voice.say("due.none", style="green", days=days)
    voice.answer({"code": None, "late": late, "due": lines})
    return FOUND if late else DONE


def _line(row: tuple[Any, ...], names: Names, voice: Voice, now: datetime, local: ZoneInfo) -> dict[str, Any]:
    sort, number, due_at, place, person, stage, seq = row
    late = due_at <= timestamp(now) or stage in LATE
    stage = OVERDUE if late and stage not in LATE else stage
    return {
        "sort": sort,
        "number": number,
        "what": words(sort, voice.lang, "due"),
        "due_at": due_at,
        "due": until_text(due_at, local),
        "late": late,
        "stage": stage,
        "state": _state(stage, voice),
        "place_id": place,
        "place": names.place("zone", place, voice.lang) if place else "",
        "person_no": person,
        "person": "" if person is None else names.person(person) or f"#{person}",
        "seq": seq,
    }


def _state(stage: str, voice: Voice) -> str:
    """The stage in words; what is escalated is overdue besides."""
    said = words(stage, voice.lang, "due_stage") if stage else ""
    return f"{words(OVERDUE, voice.lang, 'due_stage')} / {said}" if stage == ESCALATED else said


def _shown(line: dict[str, Any]) -> list[str]:
    return [line["what"], str(line["number"]), line["due"], line["state"], line["place"], line["person"]]
