"""`sekimori simulate`: what a hand does at the demo's key cabinet. Only the simulated building is moved."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from controller.demo.stage import load_plan
from controller.demo.texts import text
from hardware.simulated.client import BuildingClient, BuildingRefused

Data = Annotated[Path, typer.Option(help="Where the demo keeps everything.")]
Lang = Annotated[str, typer.Option(help="ja or en.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Slot = Annotated[int, typer.Argument(metavar="SLOT", min=1)]

simulate = typer.Typer(no_args_is_help=True)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)
CABINET, STATION = "main", "keys"


@simulate.command("type")
def type_digits(
    digits: Annotated[str, typer.Argument(metavar="DIGITS")], data: Data = Path(".demo"), as_json: Json = False,
    lang: Lang = "",
) -> None:  # fmt: skip
    """Presses keys at the cabinet's keypad, and `#` behind them."""
    _act(data, lang, as_json, lambda hand: "typed" if hand.type_keys(STATION, f"{digits}#") else "not_asked", digits=digits)


@simulate.command("take")
def take(
    slot: Slot,
    force: Annotated[bool, typer.Option("--force", help="Tear it out, whatever the latch says.")] = False,
    data: Data = Path(".demo"),
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Pulls at the key in a slot."""

    def pull(hand: BuildingClient) -> str:
        return "taken" if hand.pull_key(CABINET, slot, force=force) is not None else "held"

    _act(data, lang, as_json, pull, slot=slot)


@simulate.command("hang")
def hang(
    key: Annotated[str, typer.Argument(metavar="KEY")],
    slot: Slot,
    data: Data = Path(".demo"),
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Hangs a key into a slot: its own, or a wrong one."""
    _act(data, lang, as_json, lambda hand: "hung" if hand.hang_key(CABINET, slot, key) else "full", key=key, slot=slot)


@simulate.command("wire")
def wire(
    tether: Annotated[str, typer.Argument(metavar="TETHER")],
    mend: Annotated[bool, typer.Option("--mend", help="Make it whole again.")] = False,
    data: Data = Path(".demo"),
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Cuts a wire that holds equipment, or mends it."""

    def cut(hand: BuildingClient) -> str:
        (hand.mend_tether if mend else hand.cut_tether)(tether)
        return "mended" if mend else "cut"

    _act(data, lang, as_json, cut, tether=tether)


@simulate.command("stick")
def stick(
    slot: Slot,
    works: Annotated[bool, typer.Option("--works", help="It works again.")] = False,
    data: Data = Path(".demo"),
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Lets the sensor of a slot stick at what it says now, or work again."""

    def jam(hand: BuildingClient) -> str:
        level = None if works else hand.look().slots[f"{CABINET}/{slot}"].key is not None
        hand.stick_sensor(CABINET, slot, level)
        return "works" if works else "stuck"

    _act(data, lang, as_json, jam, slot=slot)


def _act(
    data: Path, lang: str, as_json: bool, motion: Callable[[BuildingClient], str], **what: str | int
) -> None:
    try:
        with BuildingClient(load_plan(data).building) as hand:
            done = motion(hand)
    except (FileNotFoundError, BuildingRefused, KeyError, OSError) as error:
        _err.print(f"sekimori simulate: {text('no_demo', lang) if isinstance(error, FileNotFoundError) else error}")
        raise typer.Exit(2) from error
    if as_json:
        sys.stdout.write(json.dumps({"done": done, **what}, ensure_ascii=False) + "\n")
    else:
        _out.print(text(f"hand_{done}", lang, **what), markup=False, soft_wrap=True)
    raise typer.Exit(1 if done in ("held", "full", "not_asked") else 0)
