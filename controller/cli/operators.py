"""`sekimori operator`: the people at the dashboards, their roles and the zones they answer for."""

from typing import Annotated, Any

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.words import words

operator = typer.Typer(no_args_is_help=True)


@operator.command("add")
@command
def add(
    data: Data,
    lang: Language,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[list[str], typer.Option("--role")],
    zone: Annotated[list[str] | None, typer.Option("--zone")] = None,
    person: Annotated[int | None, typer.Option("--person", min=1)] = None,
    as_json: AsJson = False,
) -> int:
    """The new operator's number."""
    voice = Voice(lang, as_json)
    asked = {"name": name, "roles": role, "scope": zone or ["*"], "person": person}
    answer = ask_controller(data, "operator.add", asked)
    return _told(voice, answer, "operator.added")


@operator.command("change")
@command
def change(
    data: Data,
    lang: Language,
    number: Annotated[int, typer.Argument(metavar="N", min=1)],
    role: Annotated[list[str] | None, typer.Option("--role")] = None,
    zone: Annotated[list[str] | None, typer.Option("--zone")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere")] = False,
    as_json: AsJson = False,
) -> int:
    """Other roles or another scope; what is not said stays."""
    voice = Voice(lang, as_json)
    if not (role or zone or everywhere) or (zone and everywhere):
        raise typer.BadParameter(voice.text("operator.nothing"))
    asked = {"operator": number, "roles": role or None, "scope": ["*"] if everywhere else zone or None}
    return _told(voice, ask_controller(data, "operator.change", asked), "operator.changed")


@operator.command("retire")
@command
def retire(
    data: Data,
    lang: Language,
    number: Annotated[int, typer.Argument(metavar="N", min=1)],
    as_json: AsJson = False,
) -> int:
    """Ends an operator's say; the records keep the number."""
    return _told(
        Voice(lang, as_json), ask_controller(data, "operator.retire", {"operator": number}), "operator.retired"
    )


@operator.command("list")
@command
def operators(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """Everybody who is or was an operator."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names = Names(ledger)
    rows = ledger.execute("select operator, roles, scope, person, state from operator order by operator").fetchall()
    voice.table(
        "operator.list",
        ["number", "name", "roles", "scope", "person", "state"],
        [
            [str(n), names.operator(n), ", ".join(words(r, lang, "role") for r in roles.split()),
             voice.text("operator.everywhere") if scope == "*" else scope, str(person or ""), words(state, lang, "state")]
            for n, roles, scope, person, state in rows
        ],
    )  # fmt: skip
    described = [
        {"operator": n, "name": names.operator(n), "roles": roles.split(), "scope": scope.split(), "person": person,
         "state": state}
        for n, roles, scope, person, state in rows
    ]  # fmt: skip
    voice.answer({"operators": described})
    return DONE


def _told(voice: Voice, answer: dict[str, Any], done: str) -> int:
    """Says what the controller answered; the exit code."""
    code = answer["code"]
    if code:
        voice.refusal(voice.text("operator.refused", why=words(code, voice.lang, "code"), place=answer["place"]))
        voice.answer({"code": code, "place": answer["place"], "operator": None})
        return FOUND
    number = answer["records"][0]["operator"]
    voice.say(done, number=number, style="green")
    voice.answer({"code": None, "place": "", "operator": number})
    return DONE
