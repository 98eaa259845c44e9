"""`sekimori demo` and `sekimori tap`."""

import json
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from controller.demo.check import Check, CheckFailed
from controller.demo.processes import DidNotStart
from controller.demo.stage import Plan, Stage, load_plan
from controller.demo.texts import terminal_language, text
from controller.facility import load_facility
from controller.ledger.database import open_reader
from controller.record.envelope import decode
from controller.record.words import words
from hardware.simulated.client import BuildingClient, BuildingRefused

Data = Annotated[Path, typer.Option(help="Where the demo keeps everything.")]
Lang = Annotated[str, typer.Option(help="ja or en.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
_TYPING_S = 5.0
_OF_TAPS = ("entry.granted", "entry.refused", "exit.", "badge.enrolled", "enrolment.closed")
"""What a tap at a door leads to. At a station it may be anything."""
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Where to keep everything (.demo); --check alone keeps nothing.")
    ] = None,
    temp: Annotated[bool, typer.Option("--temp", help="In a temporary directory; leaves nothing behind.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Headless: four taps, and whether all is as it must be.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of history.")] = 90,
    port: Annotated[int | None, typer.Option(help="The dashboard's port; a free one if not given.")] = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """An example manufacturer in a simulated building: broker, controller, dashboard and building on this machine.

    Example: sekimori demo --temp
    Example: sekimori demo --check --json
    """
    with _directory(data, temp or (check and data is None)) as where:
        stage = Stage(where, port)
        try:
            plan = _prepared(stage, 3 if check and days == 90 else days, quiet=as_json, lang=lang)
            plan = stage.play(plan, accounts=not check)
            code = _check(plan, as_json, lang) if check else _watch(stage, plan, lang)
        except (DidNotStart, CheckFailed, OSError) as error:
            _err.print(f"sekimori demo: {error}")
            code = 2
        finally:
            stage.processes.stop()
    raise typer.Exit(code)


@contextmanager
def _directory(data: Path | None, temporary: bool) -> Iterator[Path]:
    if not temporary:
        yield data or Path(".demo")
        return
    with tempfile.TemporaryDirectory(prefix="sekimori-") as made:
        yield Path(made)


def _prepared(stage: Stage, days: int, quiet: bool, lang: str) -> Plan:
    with Progress(console=_err, transient=True, disable=quiet) as progress:
        task = progress.add_task(text("making", lang, days=days), total=1.0)
        return stage.prepare(days, lambda part: progress.update(task, completed=part))


def _check(plan: Plan, as_json: bool, lang: str) -> int:
    report = Check(plan).run()
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    else:
        for tap in report["taps"]:
            _out.print(_tap_line(tap, lang))
        _out.print(report["ledger"], report["checkpoint"], report["verifier_key"], sep="\n\n", soft_wrap=True)
    return 0 if report["ok"] else 1


def _tap_line(tap: dict[str, Any], lang: str) -> str:
    mark = "✓" if tap["good"] else "✗"
    result = (
        words(tap["code"], lang or terminal_language(), "code")
        if tap["code"]
        else words(tap["kind"], lang or terminal_language(), "kind")
    )
    lock = "–" if tap["lock_ms"] is None else f"{tap['lock_ms']} ms"
    return f"{mark} {tap['who']}: {result}; {text('lock', lang)} {lock}, {text('dashboard', lang)} {tap['dashboard_ms']} ms"


def _said(tap: dict[str, Any], lang: str) -> str:
    """What a tap led to, in words."""
    lang = lang or terminal_language()
    return words(str(tap["code"]), lang, "code") if tap["code"] else words(str(tap["kind"]), lang, "kind")


def _watch(stage: Stage, plan: Plan, lang: str) -> int:
    """Says what to do, and stays until it is interrupted or one of the processes ends."""
    _out.print(text("welcome", lang, url=plan.url, data=_shown(stage.data)), soft_wrap=True)
    for account in plan.accounts:
        roles = " ".join(words(role, lang or terminal_language(), "role") for role in account.roles.split())
        _out.print(
            f"  {account.login:<10} {account.password:<14} {account.name}  {roles}", markup=False, soft_wrap=True
        )
    _out.print(text("next", lang, data=_shown(stage.data)), markup=False, soft_wrap=True)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    while not ending.wait(0.5):
        if (ended := stage.processes.ended()) is not None:
            _err.print(text("ended", lang, process=ended, log=str(stage.processes.logs / f"{ended}.log")))
            return 2
    return 0


def _shown(data: Path) -> str:
    """The option that leads back to this demo; nothing for the usual place."""
    return "" if data == Path(".demo").resolve() else f" --data {data}"


def tap(
    badge: Annotated[
        str, typer.Argument(help="BADGE@PORTAL or BADGE@STATION, for example yamada@rnd, yamada@rnd/out or yamada@desk.")
    ],
    data: Data = Path(".demo"),
    stay: Annotated[bool, typer.Option("--stay", help="Do not walk through.")] = False,
    keypad: Annotated[
        bool, typer.Option("--pin", help="Ask for a PIN, or read it from standard input, and press it at the keypad.")
    ] = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Taps an emulated badge of the demo at a portal, and walks through if it opens.

    Besides the employees' badges there are `stranger`, `copy` (a right holder's number without the key) and `blank`;
    and stickers for things, `sticker-laptop` and `sticker-usb`.

    Example: sekimori tap suzuki@main
    Example: sekimori tap copy@main --json
    """
    card, _, place = badge.partition("@")
    try:
        plan = load_plan(data)
        stations = load_facility(Path(plan.data) / "site.toml").stations
        reader = place if "/" in place or place in stations else f"{place}/in"
        report = _tapped(plan, card, reader, not stay, _pin() if keypad else "")
    except (FileNotFoundError, BuildingRefused, OSError) as error:
        _err.print(f"sekimori tap: {text('no_demo', lang) if isinstance(error, FileNotFoundError) else error}")
        raise typer.Exit(2) from error
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    else:
        code = str(report["code"])
        said = (
            words(code, lang or terminal_language(), "code")
            if code
            else words(str(report["kind"]), lang or terminal_language(), "kind")
        )
        ms = "" if report["lock_ms"] is None else f"  {text('lock', lang)} {report['lock_ms']} ms"
        _out.print(f"{card} → {reader}: {said}{ms}", markup=False, soft_wrap=True)
    done = report["opened"] or (report["lock_ms"] is not None and stay) or (reader in stations and not report["code"])
    raise typer.Exit(0 if done else 1)


def _pin() -> str:
    """The keys to be pressed: never from the command line, which everybody on the machine can read."""
    return getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline(64).strip()


@contextmanager
def _typing(plan: Plan, reader: str, pin: str) -> Iterator[None]:
    """Somebody stands at the keypad, and types once they are asked."""
    if not pin:
        yield
        return
    with BuildingClient(plan.building) as hand:
        keys = f"{pin}#"
        refused: list[BuildingRefused] = []

        def type_keys() -> None:
            try:
                hand.type_keys(reader, keys, timeout_s=_TYPING_S)
            except BuildingRefused as error:  # there is no keypad at this reader
                refused.append(error)

        typing = threading.Thread(target=type_keys, daemon=True)
        typing.start()
        yield
        typing.join(2 * _TYPING_S)
        if refused:
            raise refused[0]


def _tapped(plan: Plan, card: str, reader: str, walk: bool, pin: str) -> dict[str, Any]:
    """Taps and reads the ledger's own word on it."""
    ledger = open_reader(Path(plan.data) / "ledger.sqlite3")
    before = ledger.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
    with BuildingClient(plan.building) as building, _typing(plan, reader, pin):
        outcome = building.tap(card, reader, walk=walk, timeout_s=_TYPING_S if pin else 2.0)
    for (data,) in ledger.execute("select bytes from record where seq > ? order by seq", (before,)):
        record = decode(data)
        if "/" not in reader or record.kind.startswith(_OF_TAPS):
            lock_ms = None if outcome.ms is None else round(outcome.ms, 1)
            code = getattr(record.body, "code", "") or ""
            return {"kind": record.kind, "code": code, "seq": record.seq, "lock_ms": lock_ms, "opened": outcome.opened}
    return {"kind": "", "code": "part", "seq": 0, "lock_ms": None, "opened": outcome.opened}
