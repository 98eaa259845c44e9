"""`sekimori transports`: what is on its way, what is late, and where a seal differs, for whoever stands at the Pi (C8.6)."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.words import words

LISTED = """select transport, state, from_place, to_place, person, carrier, differs, dispatch_by, arrive_by, receipt_by
    from transport where ? or state not in ('received', 'declined', 'cancelled') order by transport"""
_UNTIL = {"ordered": 7, "approved": 7, "packed": 7, "dispatched": 8, "arrived": 8, "delivered": 9}
"""By state the column of the deadline by which it has to be over."""


@command
def transports(
    data: Data, lang: Language, all: Annotated[bool, typer.Option("--all")] = False, as_json: AsJson = False
) -> int:
    """One line for each transport under way; 1 where one is late, lost, or has a seal that differs."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    now = datetime.now(UTC)
    names = Names(ledger)
    local = ZoneInfo(names.timezone())
    lines = [_line(row, names, voice, now, local) for row in ledger.execute(LISTED, (all,)).fetchall()]
    wrong = sum(line["wrong"] for line in lines)
    heads = ["number", "state", "from", "to", "carrier", "due", "wrong"]
    if lines:
        voice.table("transports.title", heads, [_shown(line, voice) for line in lines], count=wrong)
    else:
        voice.say("transports.none", style="green")
    voice.answer({"code": None, "wrong": wrong, "transports": lines})
    return FOUND if wrong else DONE


def _line(row: tuple[Any, ...], names: Names, voice: Voice, now: datetime, local: ZoneInfo) -> dict[str, Any]:
    number, state, from_place, to_place, person, carrier, differs = row[:7]
    due_at = row[_UNTIL[state]] if state in _UNTIL else None
    late = due_at is not None and due_at <= timestamp(now)
    return {
        "transport": number,
        "state": state,
        "state_words": words(state, voice.lang, "transport_state"),
        "from_place": from_place,
        "from": names.place("zone", from_place, voice.lang),
        "to_place": to_place,
        "to": names.place("zone", to_place, voice.lang) if to_place else voice.text("transports.outside"),
        "person": person,
        "carrier": carrier,
        "carried_by": _carrier(person, carrier, names, voice),
        "due_at": due_at,
        "due": until_text(due_at, local),
        "late": late,
        "seal_differs": bool(differs),
        "wrong": late or bool(differs) or state == "lost",
    }


def _carrier(person: int | None, company: int | None, names: Names, voice: Voice) -> str:
    """Who carries it. A company's name is the dashboard's to show: here it has its number."""
    if person is None:
        return voice.text("transports.company", number=company)
    return names.person(person) or f"#{person}"


def _shown(line: dict[str, Any], voice: Voice) -> list[str]:
    wrong = {"late": voice.text("transports.late"), "seal_differs": voice.text("transports.seal_differs")}
    said = [words_ for what, words_ in wrong.items() if line[what]]
    carried = (line["state_words"], line["from"], line["to"], line["carried_by"])
    return [str(line["transport"]), *carried, line["due"], " ".join(said)]
