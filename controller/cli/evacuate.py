"""`sekimori evacuate`: begins an evacuation at the console, ends it, or says which stand (C8.9)."""

from typing import Annotated

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.words import words
from controller.rules.posture import SITE


@command
def evacuate(
    data: Data,
    lang: Language,
    zone: Annotated[str | None, typer.Argument(metavar="[ZONE]")] = None,
    site: Annotated[bool, typer.Option("--site")] = False,
    end: Annotated[bool, typer.Option("--end")] = False,
    as_json: AsJson = False,
) -> int:
    """Alone it says which evacuations stand: 1 while one does."""
    voice = Voice(lang, as_json)
    if (zone is not None and site) or (end and zone is None and not site):
        raise typer.BadParameter(voice.text("evacuate.where"))
    place = SITE if site else zone
    code = None
    if place is not None:
        code = ask_controller(data, "evacuation.end" if end else "evacuation.begin", {"zone": place})["code"]
    if code:
        voice.refusal(voice.text("evacuate.refused", why=words(code, lang, "code")))
    ledger = read_ledger(data)
    names = Names(ledger)
    standing = ledger.execute("select zone, at, cause from evacuation order by seq").fetchall()
    for where, since, _ in standing:
        called = voice.text("schedule.site") if where == SITE else names.place("zone", where, lang)
        voice.say("evacuate.stands", place=called, since=since, style="bold red")
    if not standing:
        voice.say("evacuate.none", style="green")
    rows = [dict(zip(("zone", "since", "cause"), row, strict=True)) for row in standing]
    voice.answer({"code": code, "evacuations": rows})
    return FOUND if code or (place is None and standing) else DONE
