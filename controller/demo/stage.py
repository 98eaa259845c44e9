"""Setting the stage: a data directory with the example in it, its past, and the processes that play it."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from controller.demo import broker, cabinet
from controller.demo.accounts import welcome
from controller.demo.company import EMPLOYEES, OPERATORS
from controller.demo.history import History
from controller.demo.place import SITE_ID, building_toml, reader_ids, site_toml
from controller.demo.processes import Processes, free_ports, script
from controller.demo.training import PLEDGE_FILE, PLEDGE_TEXT
from controller.record.keys import KeyPair
from controller.site import open_site

PLAN = "demo.json"


@dataclass(frozen=True)
class Account:
    """An account at the example's dashboard."""

    login: str
    name: str
    roles: str
    password: str


@dataclass(frozen=True)
class Plan:
    """Where everything of this demo is; kept in `demo.json` for the commands that join in later."""

    data: str
    broker_port: int
    dashboard_port: int
    building: str
    accounts: tuple[Account, ...] = ()

    @property
    def url(self) -> str:
        """The dashboard's address."""
        return f"http://localhost:{self.dashboard_port}"

    def save(self) -> None:
        """Writes the plan; its passwords are the demo's, so its owner alone may read it."""
        path = Path(self.data) / PLAN
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1))


def load_plan(data: Path) -> Plan:
    """The plan of a demo in this directory. Raises FileNotFoundError."""
    return msgspec.json.decode((data / PLAN).read_bytes(), type=Plan)


class Stage:
    """One demo: prepared once, played by four processes."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.data = data.resolve()
        self.processes = Processes(self.data / "logs")
        self._port = port

    def prepare(self, days: int, progress: Callable[[float], None]) -> Plan:
        """Makes the example where there is none yet: settings, keys, cards and `days` of history."""
        if (self.data / PLAN).exists():
            return load_plan(self.data)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        broker_port, dashboard_port, building_port = free_ports(3)
        plan = Plan(str(self.data), broker_port, self._port or dashboard_port, f"127.0.0.1:{building_port}")
        ports = dict(zip(reader_ids(), free_ports(len(reader_ids()), socket.SOCK_DGRAM), strict=True))
        (self.data / "site.toml").write_text(site_toml(broker_port, plan.building, ports), encoding="utf-8")
        (self.data / PLEDGE_FILE).write_text(PLEDGE_TEXT, encoding="utf-8")
        broker.write_config(self.data / "broker.toml", broker_port)
        self._past(days, plan, progress)
        plan.save()
        return plan

    def _past(self, days: int, plan: Plan, progress: Callable[[float], None]) -> None:
        dashboard_key = KeyPair.load_or_create(self.data / "dashboard" / "dashboard.key")
        site = open_site(self.data)
        try:
            building = building_toml(site.facility, site.cards, self.data, plan.building)
            (self.data / "building.toml").write_text(building, encoding="utf-8")
            site.ledger.connection.execute("pragma synchronous = off")  # what is lost in a power cut is made again
            now = datetime.now(UTC)
            History(site, dashboard_key, now - timedelta(days=days, hours=6)).make(now, progress)
            out = site.ledger.connection.execute("select slot from lock_key where cabinet <> '' and state = 'lent'")
            cabinet.hung(self.data / "hung.json", {slot for (slot,) in out})
            self._dashboard_toml(plan, site.key)
        finally:
            site.ledger.close()

    def _dashboard_toml(self, plan: Plan, key: KeyPair) -> None:
        text = (
            f'listen = "127.0.0.1:{plan.dashboard_port}"\n\n[broker]\nhost = "127.0.0.1"\nport = {plan.broker_port}\n\n'
            f'[sites]\n{SITE_ID} = "{key.public.text()}"\n'
        )
        (self.data / "dashboard" / "dashboard.toml").write_text(text)

    def start(self, name: str, plan: Plan) -> None:
        """Starts one of `broker`, `building`, `controller`, `dashboard`, and waits until it listens. Raises DidNotStart."""
        python, data = sys.executable, self.data
        commands = {
            "broker": [python, "-m", "controller.demo.broker", str(data / "broker.toml")],
            "building": [python, "-m", "hardware.simulated", str(data / "building.toml")],
            "controller": [script("sekimori"), "run", "--data", str(data)],
            "dashboard": [script("sekimori-dashboard"), "run", "--data", str(data / "dashboard")],
        }
        self.processes.start(name, commands[name], speaks=name == "building")
        ports = {"broker": plan.broker_port, "dashboard": plan.dashboard_port}
        if name in ports:
            self.processes.wait_for_port(name, ports[name])

    def play(self, plan: Plan, accounts: bool = True) -> Plan:
        """Starts the four processes and, the first time, makes the accounts; answers the plan with them.

        Raises DidNotStart, NotWelcomed.
        """
        self.start("broker", plan)
        self.start("building", plan)
        self.start("controller", plan)
        self.start("dashboard", plan)
        if accounts and not plan.accounts:
            plan = Plan(**{**asdict(plan), "accounts": tuple(self._accounts(plan))})
            plan.save()
        return plan

    def _accounts(self, plan: Plan) -> list[Account]:
        """One account for each operator, made as a customer makes it: a one-time code, then a password of one's own."""
        accounts = []
        for n, operator in enumerate(OPERATORS, 1):
            name = next(person.name for person in EMPLOYEES if person.login == operator.login)
            command = [script("sekimori-dashboard"), "create-operator", operator.login, "--site", SITE_ID,
                       "--operator", str(n), "--data", str(self.data / "dashboard"), "--json"]  # fmt: skip
            made = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            password = secrets.token_urlsafe(9)
            welcome(plan.url, operator.login, json.loads(made.stdout)["code"], password)
            accounts.append(Account(operator.login, name, " ".join(operator.roles), password))
        return accounts
