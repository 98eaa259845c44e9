"""All commands in one program, and its help in the language that was asked for.

Help, option texts and examples stand in `texts.toml` and not at the functions, because they are there twice.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer

from controller.cli.backup import backup, restore
from controller.cli.cabinet import cabinet
from controller.cli.check import check
from controller.cli.clock import clock
from controller.cli.combinations import combinations
from controller.cli.conditions import conditions
from controller.cli.custody import custody
from controller.cli.deploy import deploy
from controller.cli.due import due
from controller.cli.enrolment import enroll
from controller.cli.erasure import erase
from controller.cli.evacuate import evacuate
from controller.cli.explain import explain
from controller.cli.forgive import forgive
from controller.cli.key import key
from controller.cli.keys import keys
from controller.cli.leaving import leave
from controller.cli.ledger import export, rebuild, verify
from controller.cli.listen import listen
from controller.cli.muster import show as muster
from controller.cli.operators import operator
from controller.cli.pin import pin
from controller.cli.places import places
from controller.cli.presence import presence
from controller.cli.register import register
from controller.cli.rights import rights
from controller.cli.run import run
from controller.cli.schedule import schedule
from controller.cli.setup import setup
from controller.cli.tethers import tethers
from controller.cli.texts import Lang, all_texts
from controller.cli.transports import transports
from controller.cli.trust import trust
from controller.demo.cli import demo, tap
from controller.demo.hands import simulate

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo, "tap": tap, "setup": setup, "run": run, "check": check, "trust": trust, "enroll": enroll, "erase": erase,
    "leave": leave, "register": register, "rights": rights, "due": due, "combinations": combinations, "custody": custody,
    "tethers": tethers, "listen": listen, "explain": explain, "conditions": conditions, "clock": clock, "forgive": forgive,
    "schedule": schedule, "cabinet": cabinet, "evacuate": evacuate,
    "transports": transports,
    "export": export, "verify": verify, "rebuild": rebuild,
    "backup": backup, "restore": restore, "muster": muster, "places": places,
}  # fmt: skip


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sekimori {version('sekimori')}")
        raise typer.Exit


def _root(_version: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True)] = False) -> None:
    """Its help is in `texts.toml`."""


def program(lang: Lang) -> Any:  # noqa: ANN401 - the command class is typer's own affair
    """The whole command line, ready to be called."""
    app = typer.Typer(
        add_completion=False, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
    )
    app.callback()(_root)
    for name, function in COMMANDS.items():
        app.command(name)(function)
    app.add_typer(operator, name="operator")
    app.add_typer(presence, name="presence")
    app.add_typer(key, name="key")
    app.add_typer(keys, name="keys")
    app.add_typer(pin, name="pin")
    app.add_typer(deploy, name="deploy")
    app.add_typer(simulate, name="simulate")
    whole = typer.main.get_command(app)
    _translate(whole, "sekimori", lang)
    return whole


def _translate(part: Any, path: str, lang: Lang) -> None:  # noqa: ANN401
    """Puts help, examples and the options' texts into a command and those below it."""
    texts = all_texts()
    if found := texts["help"].get(path):
        part.help, part.short_help = found[lang], found[lang].partition("\n\n")[0]
    if examples := texts["example"].get(path):
        part.epilog = "\n\n".join([texts["word"]["examples"][lang], *examples])
    for parameter in part.params:
        own = texts["option"].get(f"{path} {parameter.name}") or texts["option"].get(parameter.name)
        if own:
            parameter.help = own[lang]
    for name, below in getattr(part, "commands", {}).items():
        _translate(below, f"{path} {name}".removeprefix("sekimori "), lang)
