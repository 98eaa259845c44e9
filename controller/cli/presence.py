"""`sekimori presence`: where people are, by hand, and entries from the reception's book. For a site without a dashboard."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import instant
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.words import words

presence = typer.Typer(no_args_is_help=True)

Person = Annotated[int, typer.Argument(metavar="N", min=1)]
Note = Annotated[int, typer.Argument(metavar="N", min=1)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT")]


@presence.command("correct")
@command
def correct(
    data: Data,
    lang: Language,
    person: Person,
    reason: Reason,
    zone: Annotated[str, typer.Option("--zone", metavar="ZONE")] = "",
    as_json: AsJson = False,
) -> int:
    """The person is there."""
    answer = ask_controller(data, "presence.correct", {"person": person, "zone": zone, "reason": reason})
    return _told(Voice(lang, as_json), answer, "presence.corrected", person=person)


@presence.command("forgive")
@command
def forgive(
    data: Data,
    lang: Language,
    person: Person,
    reason: Reason,
    minutes: Annotated[int, typer.Option("--minutes", metavar="N", min=1, max=24 * 60)] = 30,
    as_json: AsJson = False,
) -> int:
    """No anti-passback keeps them out for so long."""
    answer = ask_controller(data, "presence.forgive", {"person": person, "minutes": minutes, "reason": reason})
    return _told(Voice(lang, as_json), answer, "presence.forgiven", person=person)


@presence.command("note")
@command
def note(
    data: Data,
    lang: Language,
    person: Person,
    portal: Annotated[str, typer.Argument(metavar="PORTAL")],
    side: Annotated[str, typer.Argument(metavar="in|out")],
    at: Annotated[str, typer.Option("--at", metavar="TIME")],
    reason: Reason,
    as_json: AsJson = False,
) -> int:
    """They passed there at that time, by the book."""
    voice = Voice(lang, as_json)
    book_at = timestamp(instant(voice, at, ZoneInfo(Names(read_ledger(data)).timezone())))
    asked = {"person": person, "portal": portal, "side": side, "book_at": book_at, "reason": reason}
    return _told(voice, ask_controller(data, "entry.note", asked), "presence.noted")


@presence.command("confirm")
@command
def confirm(data: Data, lang: Language, note: Note, as_json: AsJson = False) -> int:
    """Another stands by it."""
    return _told(Voice(lang, as_json), ask_controller(data, "entry.confirm", {"note": note}), "presence.confirmed")


@presence.command("decline")
@command
def decline(data: Data, lang: Language, note: Note, as_json: AsJson = False) -> int:
    """Nobody stands by it."""
    return _told(Voice(lang, as_json), ask_controller(data, "entry.decline", {"note": note}), "presence.declined")


def _told(voice: Voice, answer: dict[str, Any], done: str, **more: object) -> int:
    """Says what the controller answered; the exit code."""
    code = answer["code"]
    if code:
        voice.refusal(voice.text("presence.refused", why=words(code, voice.lang, "code"), place=answer["place"]))
        voice.answer({"code": code, "place": answer["place"]})
        return FOUND
    body = answer["records"][0]
    voice.say(done, number=body.get("note", ""), style="green", **more)
    voice.answer({"code": None, "place": "", **{key: body[key] for key in ("person", "note", "zone") if key in body}})
    return DONE
