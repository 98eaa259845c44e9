"""A real Mosquitto for tests, in its own process, with whatever settings: Debian's package `mosquitto`.

    with running_mosquitto(folder / "mosquitto.conf", port):
        ...

It never runs as root: started by root, it is the user `mosquitto`, who is given the folder of its settings.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker import free_port
from site_process import until

from controller.deploy.accounts import Account, accounts
from controller.deploy.folder import Folder
from controller.deploy.mosquitto import BrokerPlan, hosts_of, write_broker

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed (apt install mosquitto)")
USER = "mosquitto"


class RunningMosquitto:
    """A Mosquitto that can be stopped and started again with the same settings."""

    def __init__(self, settings: Path, port: int) -> None:
        self.settings = settings
        self.port = port
        self.log = settings.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """And waits until it listens."""
        assert PROGRAM is not None
        user = _give_away(self.settings.parent) if os.geteuid() == 0 else None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-c", str(self.settings)],
                stdout=log,
                stderr=log,
                user=user,
                extra_groups=[] if user else None,
            )
        until(f"mosquitto listens ({self.log})", self._listens)

    def _listens(self) -> bool | None:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0 or None

    def signal(self, number: int) -> None:
        """SIGSTOP makes it accept connections and say nothing, SIGUSR1 write its store."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def _give_away(folder: Path) -> str:
    """Lets the broker's user have the folder, and pass through those above it."""
    account = pwd.getpwnam(USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    for path in folder.parents:
        if path.stat().st_uid == 0 and path != path.parent and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    return USER


@contextmanager
def running_mosquitto(settings: Path, port: int) -> Iterator[RunningMosquitto]:
    """A broker with these settings until the end of the block; it listens on this port of 127.0.0.1."""
    broker = RunningMosquitto(settings, port)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def plain_settings(folder: Path, port: int) -> Path:
    """Mosquitto as it comes: nothing set but who may connect, and where."""
    folder.mkdir(exist_ok=True)
    path = folder / "mosquitto.conf"
    path.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    return path


class Deployed:
    """The shipped settings, made by the product for these names, and a running Mosquitto with exactly these files."""

    def __init__(self, folder: Path, sites: list[str], dashboards: list[str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.accounts: list[Account] = accounts(sites, dashboards)
        store = folder / "broker" / "store"
        plan = BrokerPlan(
            tuple(self.accounts), hosts_of(["127.0.0.1"]), self.port, "127.0.0.1", folder / "broker", store
        )
        write_broker(Folder(folder), plan, datetime.now(UTC), renew=False)
        store.mkdir()
        self.broker = RunningMosquitto(folder / "broker" / "mosquitto.conf", self.port)

    def password_file(self, user: str) -> Path:
        return self.folder / user / "broker.password"

    def password(self, user: str) -> str:
        return self.password_file(user).read_text()

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"


@contextmanager
def deployed(folder: Path, sites: list[str], dashboards: list[str]) -> Iterator[Deployed]:
    """The shipped broker until the end of the block."""
    made = Deployed(folder, sites, dashboards)
    made.broker.start()
    try:
        yield made
    finally:
        made.broker.stop()
