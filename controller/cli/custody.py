"""`sekimori custody`: what is out of its place, whose it is and until when; and what waits for somebody's word (C4.1, C9.1)."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.handling import OFF_SITE
from controller.record.words import words

LISTED = """select custody, coalesce(thing.code, ''), line.thing, line.asset, act, line.medium, line.place, person, line.state,
        due_at, (select count(*) from handout h where h.custody = line.custody and h.state = 'out')
    from custody line left join thing on thing.thing = line.thing
    where line.state in ('open', 'unwitnessed', 'requested', 'approved')
    order by line.state not in ('open', 'unwitnessed'), due_at, custody limit ?"""

MOST = 1000
OUT = ("open", "unwitnessed")


@command
def custody(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """One line for each thing that is out or asked for, the longest overdue first; 1 while one is overdue."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, now = Names(ledger), timestamp(datetime.now(UTC))
    lines = [_line(row, names, voice.lang, now) for row in ledger.execute(LISTED, (MOST,)).fetchall()]
    late, local = sum(line["late"] for line in lines), ZoneInfo(names.timezone())
    columns = ["number", "thing", "act", "place", "whose", "due", "state"]
    voice.table("custody.title", columns, [_shown(line, voice.lang, local) for line in lines], count=late)
    if not lines:
        voice.say("custody.none", style="green")
    voice.answer({"code": None, "late": late, "custody": lines})
    return FOUND if late else DONE


def _line(row: tuple[Any, ...], names: Names, lang: Lang, now: str) -> dict[str, Any]:
    custody, code, thing, asset, act, medium, place, person, state, due_at, copies = row
    return {
        "custody": custody,
        "code": code,
        "thing": thing,
        "asset": asset,
        "act": act,
        "medium": medium,
        "place": place,
        "place_name": words(OFF_SITE, lang, "off_site") if place == OFF_SITE else names.place("zone", place, lang),
        "person": person,
        "person_name": names.person(person) or f"#{person}",
        "state": state,
        "due_at": due_at,
        "late": state in OUT and due_at is not None and due_at <= now,
        "copies_out": copies,
    }


def _shown(line: dict[str, Any], lang: Lang, local: ZoneInfo) -> list[str]:
    due = until_text(line["due_at"], local)
    what = line["code"] or f"#{line['thing'] or line['asset']}"
    state = words("overdue", lang, "due_stage") if line["late"] else words(line["state"], lang, "custody_state")
    return [
        str(line["custody"]), f"{what} {words(line['medium'], lang, 'medium')}".strip(), words(line["act"], lang, "act"),
        line["place_name"], line["person_name"], due, state,
    ]  # fmt: skip
