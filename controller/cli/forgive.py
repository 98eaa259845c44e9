"""`sekimori forgive`: the inputs that stopped the controller and are refused since; and to have one tried again."""

from typing import Annotated

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.words import words


@command
def forgive(
    data: Data,
    lang: Language,
    poison: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    as_json: AsJson = False,
) -> int:
    """Forgives one if it is named; then says which are refused."""
    voice = Voice(lang, as_json)
    code = None if poison is None else ask_controller(data, "forgive", {"poison": poison})["code"]
    if code:
        voice.refusal(voice.text("forgive.refused", why=words(code, lang, "code")))
    elif poison is not None:
        voice.say("forgive.done", style="green")
    rows = read_ledger(data).execute("select poison, sort, place, version, at from poison order by seq").fetchall()
    names = ("id", "sort", "place", "version", "at")
    voice.table(
        "forgive.list",
        ["id", "sort", "place", "version", "since"],
        [[id, voice.text(f"sort.{sort}"), place, version, at] for id, sort, place, version, at in rows],
    )
    voice.answer({"code": code, "refused": [dict(zip(names, row, strict=True)) for row in rows]})
    return FOUND if code else DONE
