"""`sekimori setup`: the first run. Asks for what is missing, does only that, and says what comes next (design §5, ux §3.1)."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.command import COULD_NOT_RUN, FOUND, LEDGER, command, read_ledger
from controller.cli.interview import Interview
from controller.cli.options import SYSTEM, AsJson, Language
from controller.cli.setup_answers import Asked, plan_of
from controller.cli.setup_steps import Steps
from controller.cli.voice import Voice
from controller.setup.plan import Plan
from controller.setup.questions import QUESTIONS
from controller.setup.standing import standing

Said = Annotated[str | None, typer.Option(metavar="TEXT")]
Url = Annotated[str | None, typer.Option(metavar="URL")]


@command
def setup(
    lang: Language,
    data: Annotated[Path, typer.Option("--data", metavar="DIR")] = SYSTEM,
    site: Annotated[str | None, typer.Option(metavar="ID")] = None,
    name_ja: Said = None,
    name_en: Said = None,
    timezone: Said = None,
    zone: Annotated[str | None, typer.Option(metavar="ID")] = None,
    zone_ja: Said = None,
    zone_en: Said = None,
    portal: Annotated[str | None, typer.Option(metavar="ID")] = None,
    portal_ja: Said = None,
    portal_en: Said = None,
    reader: Url = None,
    lock: Url = None,
    contact: Url = None,
    button: Url = None,
    building: Annotated[str | None, typer.Option(metavar="PATH")] = None,
    broker: Annotated[str | None, typer.Option(metavar="HOST[:PORT]|none")] = None,
    broker_user: Said = None,
    broker_password_file: Annotated[str | None, typer.Option(metavar="FILE")] = None,
    broker_ca_file: Annotated[str | None, typer.Option(metavar="FILE")] = None,
    operator: Annotated[list[str] | None, typer.Option("--operator", metavar="ROLE[,ROLE]=NAME")] = None,
    operator_file: Annotated[Path | None, typer.Option("--operator-file", metavar="FILE|-")] = None,
    alone: Annotated[bool, typer.Option("--alone")] = False,
    dashboard: Annotated[str | None, typer.Option("--dashboard", metavar="DASHBOARD-KEY")] = None,
    non_interactive: Annotated[bool, typer.Option("--non-interactive")] = False,
    as_json: AsJson = False,
) -> int:
    """Nothing is written before every answer is there and good."""
    said = locals()
    settings = {question.key: said[question.key] for question in QUESTIONS}
    voice = Voice(lang, as_json)
    if (owner := _other_owner(data)) is not None:
        voice.trouble("owner", voice.text("setup.owner", data=data, owner=owner))
        return COULD_NOT_RUN
    there = standing(data, read_ledger(data) if (data / LEDGER).exists() else None)
    interview = Interview(voice, asks=not non_interactive and sys.stdin.isatty())
    asked = Asked(data, settings, tuple(operator or ()), operator_file, alone, dashboard)
    try:
        plan = plan_of(interview, asked, there)
        ready = not interview.missing and not interview.mistakes and _confirmed(interview, plan)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")
        voice.trouble("given_up", voice.text("setup.given_up"))
        return COULD_NOT_RUN
    return Steps(voice, data, there, plan).run() if ready else _not_ready(voice, interview)


def _confirmed(interview: Interview, plan: Plan) -> bool:
    """Asks once before anything is written, if there was anything to ask."""
    if not interview.asks or not (plan.settings or plan.operators or plan.alone):
        return True
    if plan.alone:
        interview.tell("setup.alone_means")
    return interview.free("sure").casefold() in ("", "y", "yes", "はい")


def _not_ready(voice: Voice, interview: Interview) -> int:
    if interview.missing:
        missing = ", ".join(interview.missing)
        voice.trouble("missing", voice.text("setup.missing", missing=missing), missing=interview.missing)
        return COULD_NOT_RUN
    if not interview.mistakes:
        voice.trouble("given_up", voice.text("setup.given_up"))
        return COULD_NOT_RUN
    voice.refusal("\n  ".join([voice.text("setup.wrong", count=len(interview.mistakes)), *interview.mistakes]))
    voice.answer({"code": "form", "mistakes": interview.mistakes})
    return FOUND


def _other_owner(data: Path) -> str | None:
    """Whose the data directory is, if it is not ours: what root makes there, the controller's own user could not open."""
    return data.owner() if data.exists() and data.stat().st_uid != os.geteuid() else None
