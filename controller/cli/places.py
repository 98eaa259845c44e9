"""`sekimori places`: zones and containers, what class they hold, who answers for each, and which are without (C3.1, C8.1)."""

import sqlite3
from typing import Annotated, Any

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.kinds.container import BADGE
from controller.record.words import words
from controller.storage_facts import assets, keepers
from controller.storage_facts.places import Places

LOCKS = "select container, lock from container"


@command
def places(
    data: Data,
    lang: Language,
    missing: Annotated[bool, typer.Option("--missing")] = False,
    as_json: AsJson = False,
) -> int:
    """One line for each place; 1 while one of them has no manager or no deputy of its own."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, known = Names(ledger), Places(ledger)
    locks = dict(ledger.execute(LOCKS).fetchall())
    lines = [_line(id, ledger, known, names, locks, voice) for id in known]
    incomplete = [line for line in lines if line["missing"]]
    shown = incomplete if missing else lines
    columns = ["place", "name", "secrecy", "manager", "deputy", "lock", "missing"]
    voice.table("places.title", columns, [_shown(line, names, voice) for line in shown], count=len(incomplete))
    voice.answer({"code": None, "incomplete": len(incomplete), "places": shown})
    return FOUND if incomplete else DONE


def _line(
    id: str, ledger: sqlite3.Connection, known: Places, names: Names, locks: dict[str, str], voice: Voice
) -> dict[str, Any]:
    place = known.find(id)
    registered = place is not None and place.registered
    manager, deputy = keepers.of(ledger, id)
    own = zip(("manager", "deputy"), keepers.own(ledger, id), strict=True)
    return {
        "place": id,
        "name": names.place("zone", id, voice.lang),
        "inside": place.around[0] if place is not None and place.around else "",
        "container": place is not None and place.container,
        "secrecy": assets.secrecy(ledger, id, known),
        "lock": locks.get(id, BADGE) if registered else BADGE,
        "manager": manager,
        "deputy": deputy,
        "missing": [duty for duty, person in own if person is None],
    }


def _called(names: Names, person: int | None, stands_in: bool) -> str:
    """Who it is; in brackets where they are another place's, and stand in."""
    called = "" if person is None else names.person(person) or f"#{person}"
    return f"({called})" if called and stands_in else called


def _shown(line: dict[str, Any], names: Names, voice: Voice) -> list[str]:
    missing, lang = line["missing"], voice.lang
    return [
        line["place"],
        line["name"],
        words(line["secrecy"], lang, "secrecy") if line["secrecy"] else "",
        *(_called(names, line[duty], duty in missing) for duty in ("manager", "deputy")),
        words(line["lock"], lang, "place_lock"),
        ", ".join(words(duty, lang, "duty") for duty in missing),
    ]
