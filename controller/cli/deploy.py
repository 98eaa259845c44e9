"""`sekimori deploy`: files for what stands around a controller in production. Installs nothing, and overwrites nothing."""

import grp
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.command import DONE, FOUND, command
from controller.cli.options import SYSTEM, AsJson, Language
from controller.cli.voice import Voice
from controller.deploy.accounts import accounts
from controller.deploy.certificates import RENEW_DAYS, days_left, names_of
from controller.deploy.folder import Folder
from controller.deploy.mosquitto import BrokerPlan, hosts_of, write_broker
from controller.deploy.systemd import GROUPS, ServicePlan, write_units

deploy = typer.Typer(no_args_is_help=True)

AT = Path("/etc/mosquitto/sekimori")
STORE = Path("/var/lib/mosquitto")
DASHBOARD = Path("/var/lib/sekimori-dashboard")
BACKUPS = Path("/var/backups/sekimori")
KEYS = Path("/etc/sekimori/keys")

Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR")]


@deploy.command()
@command
def mosquitto(
    output: Output,
    site: Annotated[list[str], typer.Option("--site", metavar="SITE")],
    host: Annotated[list[str], typer.Option("--host", metavar="HOST")],
    lang: Language,
    dashboard: Annotated[list[str] | None, typer.Option("--dashboard", metavar="ID[=SITE,…]")] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8883,
    bind: Annotated[str, typer.Option("--bind", metavar="ADDRESS")] = "",
    at: Annotated[Path, typer.Option("--at", metavar="DIR")] = AT,
    store: Annotated[Path, typer.Option("--store", metavar="DIR")] = STORE,
    renew: Annotated[bool, typer.Option("--renew")] = False,
    as_json: AsJson = False,
) -> int:
    """A broker's settings, access list, passwords and certificate, and what each party needs to reach it."""
    voice, folder, now = Voice(lang, as_json), Folder(output), datetime.now(UTC)
    plan = BrokerPlan(tuple(accounts(site, dashboard or [])), hosts_of(host), port, bind, at, store)
    certificate = write_broker(folder, plan, now, renew)
    left, missing = days_left(certificate, now), sorted(set(plan.hosts) - names_of(certificate))
    if left < RENEW_DAYS or missing:
        voice.say("deploy.renew", days=left, hosts=", ".join(missing) or "-", style="yellow")
    _said(voice, folder)
    voice.say("deploy.broker_next", broker=output / "broker", at=at)
    voice.answer(_answer(folder) | {"accounts": [account.user for account in plan.accounts], "certificate_days": left})
    return FOUND if folder.differing or missing else DONE


@deploy.command()
@command
def systemd(
    output: Output,
    lang: Language,
    data: Annotated[Path, typer.Option("--data", metavar="DIR")] = SYSTEM,
    dashboard_data: Annotated[Path, typer.Option("--dashboard-data", metavar="DIR")] = DASHBOARD,
    backups: Annotated[Path, typer.Option("--backups", metavar="DIR")] = BACKUPS,
    keys: Annotated[Path, typer.Option("--keys", metavar="DIR")] = KEYS,
    as_json: AsJson = False,
) -> int:
    """Units for the controller, the dashboard and the nightly backup, in a sandbox; and the users that they run as."""
    voice, folder = Voice(lang, as_json), Folder(output)
    program = Path(sys.executable).with_name("sekimori")
    plan = ServicePlan(program, data, dashboard_data, backups, keys, tuple(name for name in GROUPS if _is_group(name)))
    write_units(folder, plan)
    _said(voice, folder)
    voice.say("deploy.credentials", names=", ".join(plan.credentials()) or "-", keys=keys)
    voice.say("deploy.systemd_next", output=output)
    voice.answer(_answer(folder) | {"credentials": plan.credentials(), "groups": list(plan.groups)})
    return FOUND if folder.differing else DONE


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _said(voice: Voice, folder: Folder) -> None:
    for path in folder.made:
        voice.say("deploy.made", file=path)
    for path in folder.differing:
        voice.say("deploy.differs", file=path, style="yellow")
    if folder.kept:
        voice.say("deploy.kept", count=len(folder.kept))


def _answer(folder: Folder) -> dict[str, object]:
    named = {"made": folder.made, "kept": folder.kept, "differing": folder.differing}
    return {what: [str(path) for path in paths] for what, paths in named.items()}
