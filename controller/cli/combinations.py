"""`sekimori combinations`: the combination locks, when each number is due, what asks for a change, who knows it (C8.2-C8.4)."""

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
from controller.record.canonical import timestamp
from controller.record.kinds.combination import RETIRED
from controller.record.words import words

LOCKS = """select c.combination, c.place, c.sort, c.state, c.custodian, c.due_at, c.changed_at, c.changed_on,
        o.combination_change, o.state, o.step, o.due_at, o.custodian, o.witness
    from combination c left join combination_change o on o.combination = c.combination and o.state <> 'done'
    where c.state <> ? order by coalesce(min(o.due_at, c.due_at), o.due_at, c.due_at), c.combination"""


@command
def combinations(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """One line a lock, the earliest due first; 1 while a number or a change of one is overdue."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, now = Names(ledger), timestamp(datetime.now(UTC))
    lines = [_line(ledger, row, names, voice.lang, now) for row in ledger.execute(LOCKS, (RETIRED,)).fetchall()]
    late = sum(line["late"] for line in lines)
    local = ZoneInfo(names.timezone())
    columns = ["number", "name", "place", "due", "state", "reasons", "knowers"]
    voice.table("combinations.title", columns, [_shown(line, voice, local) for line in lines], count=late)
    if not lines:
        voice.say("combinations.none", style="green")
    voice.answer({"code": None, "late": late, "combinations": lines})
    return FOUND if late else DONE


def _line(ledger: sqlite3.Connection, row: tuple[Any, ...], names: Names, lang: Lang, now: str) -> dict[str, Any]:
    number, place, sort, state, custodian, due_at, changed_at, changed_on, change, *rest = row
    at, step, change_due, changing, witness = rest
    dues = [due for due in (due_at, change_due) if due is not None]
    reasons = ledger.execute(
        "select reason, person, at from combination_reason where combination_change = ? order by seq", (change,)
    )
    return {
        "number": number,
        "name": names.combination(number),
        "place_id": place,
        "place": names.place("zone", place, lang),
        "sort": sort,
        "state": state,
        "custodian": _who(names, custodian),
        "due_at": min(dues) if dues else None,
        "late": bool(dues) and min(dues) <= now,
        "number_due_at": due_at,
        "changed_at": changed_at or changed_on,
        "change": None
        if change is None
        else {
            "number": change,
            "state": at,
            "step": step,
            "due_at": change_due,
            "custodian": None if changing is None else _who(names, changing),
            "witness": None if witness is None else _who(names, witness),
            "reasons": [
                {"reason": reason, "person": _who(names, person) if person else None, "at": since}
                for reason, person, since in reasons
            ],
        },
        "knowers": _knowers(ledger, number, names),
    }


def _knowers(ledger: sqlite3.Connection, combination: int, names: Names) -> list[dict[str, Any]]:
    """Who knows the number now, also those who shall not any more."""
    rows = ledger.execute(
        """select knower, person, state, since_at, told_by, cause from knower
        where combination = ? and state in ('knows', 'removed') order by knower""",
        (combination,),
    )
    return [
        {
            "number": number,
            "person": _who(names, person),
            "state": state,
            "since_at": since,
            "told_by": None if told_by is None else _who(names, told_by),
            "cause": cause,
        }
        for number, person, state, since, told_by, cause in rows.fetchall()
    ]


def _who(names: Names, person: int) -> dict[str, Any]:
    return {"person": person, "name": names.person(person)}


def _called(who: dict[str, Any]) -> str:
    return who["name"] or f"#{who['person']}"


def _shown(line: dict[str, Any], voice: Voice, local: ZoneInfo) -> list[str]:
    change, due = line["change"], line["due_at"]
    state = words(line["state"], voice.lang, "combination_state")
    reasons = ""
    if change is not None:
        state = words(change["state"], voice.lang, "change_state")
        reasons = ", ".join(dict.fromkeys(words(one["reason"], voice.lang, "trigger") for one in change["reasons"]))
    when = until_text(due, local)
    late = f" {voice.text('combinations.late')}" if line["late"] else ""
    knowers = ", ".join(_called(one["person"]) + ("" if one["state"] == "knows" else " ×") for one in line["knowers"])
    return [str(line["number"]), line["name"], line["place"], when + late, state, reasons, knowers]
