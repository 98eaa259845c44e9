"""`sekimori erase`: a person's name and texts go from every copy. For a site without a dashboard; else ask there."""

from typing import Annotated

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.ledger.salvage import ASIDE
from controller.record.words import words


@command
def erase(
    data: Data,
    lang: Language,
    person: Annotated[int, typer.Argument(metavar="N", min=1)],
    reason: Annotated[str, typer.Option("--reason", metavar="CODE")],
    yes: Annotated[bool, typer.Option("--yes")] = False,
    as_json: AsJson = False,
) -> int:
    """Says what goes and what stays; with `yes`, does it."""
    voice = Voice(lang, as_json)
    names = Names(read_ledger(data))
    voice.say("erase.effects", person=f"{names.person(person)} #{person}".strip())
    if not yes:
        voice.refusal(voice.text("erase.confirm"))
        voice.answer({"code": "confirmation", "place": "--yes", "person": person})
        return FOUND
    answer = ask_controller(data, "person.erase", {"person": person, "reason": reason})
    voice.answer({"code": answer["code"], "place": answer["place"], "person": person})
    if answer["code"]:
        why = f"{words(answer['code'], lang, 'code')} ({answer['place']})"
        voice.refusal(voice.text("erase.refused", why=why))
        return FOUND
    voice.say("erase.done", person=person, style="green")
    if (data / ASIDE).exists():
        voice.say("erase.aside", folder=data / ASIDE, style="yellow")
    return DONE
