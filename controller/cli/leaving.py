"""`sekimori leave`: everything that a person holds ends, at once or when their last day is over (C7.4)."""

import sqlite3
from typing import Annotated, Any

import typer

from controller import person_facts
from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.leaving import ENDINGS
from controller.record.words import words
from controller.rules.person import PRESENT

_TO_DO = {ending.table: ending.to_do for ending in ENDINGS}
_PLACES = {"access_right": "zone"}
"""Where what tells one thing from another is an id that has a name."""


@command
def leave(
    data: Data,
    lang: Language,
    person: Annotated[int, typer.Argument(metavar="N", min=1)],
    on: Annotated[str, typer.Option("--on", metavar="YYYY-MM-DD")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    as_json: AsJson = False,
) -> int:
    """Lists what ends and what has to be handed in; without `dry_run`, ends it."""
    voice = Voice(lang, as_json)
    ledger = read_ledger(data)
    names = Names(ledger)
    who = f"{names.person(person)} #{person}".strip()
    ends = _ends(ledger, person)
    answer: dict[str, Any] = {"person": person, "leaves_on": on or None, "ends": ends, "done": False}
    if names.person_state(person) not in PRESENT:
        return _refused(voice, answer, "subject", "person")
    _list(voice, names, who, ends)
    if dry_run:
        voice.say("leave.preview", style="yellow")
        voice.answer({"code": None, "place": "", **answer})
        return DONE
    said = ask_controller(data, "person.leave", {"person": person, "leaves_on": on})
    if said["code"]:
        return _refused(voice, answer, said["code"], said["place"])
    if on and names.person_state(person) in PRESENT:
        voice.say("leave.planned", who=who, on=on, style="green")
    else:
        voice.say("leave.done", who=who, style="green")
    voice.answer({"code": None, "place": "", **answer, "done": True})
    return DONE


def _ends(ledger: sqlite3.Connection, person: int) -> list[dict[str, Any]]:
    """What ends, with what people have to do about each."""
    held = person_facts.held(ledger, person)
    return [{"what": one.table, "id": one.id, "which": one.shown, "to_do": _TO_DO[one.table]} for one in held]


def _list(voice: Voice, names: Names, who: str, ends: list[dict[str, Any]]) -> None:
    if not ends:
        voice.say("leave.nothing", who=who)
        return
    rows = [
        [
            words(one["what"], voice.lang, "held"),
            str(one["id"]),
            _which(one, names, voice),
            words(one["to_do"], voice.lang, "to_do") if one["to_do"] else "",
        ]
        for one in ends
    ]
    voice.table("leave.ends", ["what", "id", "which", "to_do"], rows, who=who)


def _which(one: dict[str, Any], names: Names, voice: Voice) -> str:
    """What tells it from others, as people call it."""
    if one["what"] in _PLACES:
        return names.place(_PLACES[one["what"]], one["which"], voice.lang)
    return (names.combination(int(one["which"])) if one["what"] == "knower" else "") or str(one["which"])


def _refused(voice: Voice, answer: dict[str, Any], code: str, place: str) -> int:
    voice.refusal(voice.text("leave.refused", why=f"{words(code, voice.lang, 'code')} ({place})"))
    voice.answer({"code": code, "place": place, **answer})
    return FOUND
