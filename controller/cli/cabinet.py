"""`sekimori cabinet`: what hangs in each slot of the site's key cabinets, who has what does not, and what is wrong (C8.2)."""

import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.words import words

SLOTS = """select cabinet_slot.cabinet, cabinet_slot.slot, coalesce(stray_since, ''), lock_key.lock_key, lock_key.label,
    lock_key.state, lock_key.person, key_loan.due_at, coalesce(at_cabinet, ''), coalesce(at_slot, 0)
    from cabinet_slot
    left join lock_key on lock_key.cabinet = cabinet_slot.cabinet and lock_key.slot = cabinet_slot.slot
        and lock_key.state not in ('retired', 'sealed')
    left join key_loan on key_loan.key_loan = lock_key.loan
    order by cabinet_slot.cabinet, cabinet_slot.position, lock_key.lock_key"""
_WRONG = frozenset({"missing", "misplaced", "lost", "suspect"})


@command
def cabinet(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """One line for each key of each slot; 1 while one is missing, in a wrong slot, unknown, or overdue."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, now = Names(ledger), timestamp(datetime.now(UTC))
    local = ZoneInfo(names.timezone())
    lines = [_line(row, names, voice, now, local) for row in ledger.execute(SLOTS)]
    wrong = sum(line["wrong"] for line in lines)
    for id, called in _cabinets(ledger, lang):
        columns = ["slot", "key", "state", "whose", "due", "note"]
        mine = [line for line in lines if line["cabinet"] == id]
        count = sum(line["wrong"] for line in mine)
        voice.table("cabinet.title", columns, [_shown(line) for line in mine], name=called, count=count)
    if not lines:
        voice.say("cabinet.none")
    voice.answer({"code": None, "wrong": wrong, "slots": lines})
    return FOUND if wrong else DONE


def _cabinets(ledger: sqlite3.Connection, lang: str) -> list[tuple[str, str]]:
    return ledger.execute(f"select cabinet, name_{lang} from cabinet order by position").fetchall()  # noqa: S608 - ja or en


def _line(row: tuple[Any, ...], names: Names, voice: Voice, now: str, local: ZoneInfo) -> dict[str, Any]:
    cabinet, slot, stray, key, label, state, person, due_at, at_cabinet, at_slot = row
    due_at = (due_at or "") if state == "lent" else ""
    late = bool(due_at) and due_at <= now
    note = voice.text("cabinet.at", cabinet=at_cabinet, slot=at_slot) if state == "misplaced" and at_cabinet else ""
    note = voice.text("cabinet.late") if late else voice.text("cabinet.stray") if stray else note
    return {
        "cabinet": cabinet,
        "slot": slot,
        "key": key,
        "label": label or "",
        "state": state or "",
        "state_words": words(state, voice.lang, "key_state") if state else "",
        "person": person,
        "who": "" if person is None or state not in ("lent", "released") else names.person(person) or f"#{person}",
        "due_at": due_at,
        "due": until_text(due_at or None, local),
        "at": f"{at_cabinet}/{at_slot}" if at_cabinet else "",
        "stray": bool(stray),
        "note": note,
        "wrong": late or bool(stray) or state in _WRONG,
    }


def _shown(line: dict[str, Any]) -> list[str]:
    return [str(line["slot"]), line["label"], line["state_words"], line["who"], line["due"], line["note"]]
