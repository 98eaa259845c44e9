"""`sekimori tethers`: how the wires are, what is on the check list and when each thing is due (C8.13)."""

import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.record.canonical import moment, timestamp
from controller.record.words import words

WIRES = """select t.tether, t.zone, s.state, s.at, p.state from tether t
    left join tether_state s on s.tether = t.tether left join part p on p.part = t.part order by t.position"""
THINGS = """select t.tethered, t.equipment, t.place, t.result, t.checked_at, t.due_at, json_extract(p.text, '$.name')
    from tethered t left join private p on p.id = t.private and p.version = t.private_version
    where t.state = 'registered' order by t.due_at, t.tethered"""


@command
def tethers(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """One line a wire and one a thing on the list; 1 while a wire is cut, or a thing is overdue or not in order."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, now = Names(ledger), timestamp(datetime.now(UTC))
    local = ZoneInfo(names.timezone())
    wires = [_wire(row, names, voice.lang) for row in ledger.execute(WIRES).fetchall()]
    things = [_thing(row, names, voice.lang, now) for row in ledger.execute(THINGS).fetchall()]
    cut, late = sum(one["state"] == "cut" for one in wires), sum(one["late"] for one in things)
    wrong = sum(one["result"] not in ("", "ok") for one in things)
    shown = [_shown_wire(one, voice, local) for one in wires]
    voice.table("tethers.wires", ["name", "place", "state", "since_local"], shown, count=cut)
    columns = ["equipment", "name", "place", "last_look", "due"]
    voice.table("tethers.things", columns, [_shown_thing(one, voice, local) for one in things], count=late)
    if (running := _running(ledger)) is not None:
        voice.say("tethers.running", number=running)
    if not wires and not things:
        voice.say("tethers.none")
    counts = {"cut": cut, "late": late, "wrong": wrong, "round": running}
    voice.answer({"code": None, **counts, "wires": wires, "things": things})
    return FOUND if cut or late or wrong else DONE


def _running(ledger: sqlite3.Connection) -> int | None:
    row = ledger.execute("select tether_round from tether_round where state = 'open'").fetchone()
    return None if row is None else int(row[0])


def _wire(row: tuple[Any, ...], names: Names, lang: Lang) -> dict[str, Any]:
    tether, zone, state, at, part = row
    return {
        "tether": tether,
        "name": names.place("tether", tether, lang),
        "place_id": zone,
        "place": names.place("zone", zone, lang),
        "state": state or "",
        "at": at,
        "input": part or "ok",
    }


def _thing(row: tuple[Any, ...], names: Names, lang: Lang, now: str) -> dict[str, Any]:
    number, equipment, place, result, checked_at, due_at, name = row
    return {
        "number": number,
        "equipment": equipment,
        "name": name or "",
        "place_id": place,
        "place": names.place("zone", place, lang),
        "result": result or "",
        "checked_at": checked_at,
        "due_at": due_at,
        "late": due_at is not None and due_at <= now,
    }


def _shown_wire(one: dict[str, Any], voice: Voice, local: ZoneInfo) -> list[str]:
    state = words(one["state"], voice.lang, "tether") if one["state"] else voice.text("tethers.unheard")
    failed = f" ({words('part', voice.lang, 'code')})" if one["input"] == "failed" else ""
    return [one["name"], one["place"], state + failed, _when(one["at"], local)]


def _shown_thing(one: dict[str, Any], voice: Voice, local: ZoneInfo) -> list[str]:
    result = words(one["result"], voice.lang, "tether") if one["result"] else voice.text("tethers.unchecked")
    late = f" {voice.text('tethers.late')}" if one["late"] else ""
    look = f"{result} {_when(one['checked_at'], local)}".rstrip()
    return [one["equipment"], one["name"], one["place"], look, until_text(one["due_at"], local) + late]


def _when(at: str | None, local: ZoneInfo) -> str:
    return "" if at is None else f"{moment(at).astimezone(local):%Y-%m-%d %H:%M}"
