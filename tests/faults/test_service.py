"""What systemd hears from a real controller: ready, the watchdog's food, the end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from site_process import SCRIPT, SiteProcess, until

pytestmark = pytest.mark.long

HANGING = Path(__file__).with_name("hanging_controller.py")


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.heard: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def look(self) -> list[str]:
        """Everything heard so far."""
        while True:
            try:
                self.heard.append((monotonic(), self._socket.recv(4096).decode()))
            except BlockingIOError:
                return [line for _, line in self.heard]

    def count(self, line: str) -> int:
        return self.look().count(line)

    def wait(self, line: str, more_than: int = 0, within_s: float = 30) -> None:
        until(f"{line} more than {more_than} times", lambda: self.count(line) > more_than or None, within_s)

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing comes for so long; what was on its way already does not count."""
        self.look()
        began, before = monotonic(), len(self.heard)
        until("the time is over", lambda: monotonic() - began > seconds or None, seconds + 5)
        self.look()
        return all(at - began < 0.5 for at, _ in self.heard[before:])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """A manager that listens; what this test starts will speak to it."""
    heard = Systemd(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield heard
    heard.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    with SiteProcess(tmp_path) as made:
        yield made


def launch(site: SiteProcess, *program: str | Path) -> None:
    """Starts the controller without waiting for anything."""
    with site.log.open("ab") as log:
        site.controller = subprocess.Popen(
            program or [SCRIPT, "run", "--data", site.data], stdout=log, stderr=log, env=os.environ
        )


def test_ready_fed_and_stopping(site: SiteProcess, systemd: Systemd) -> None:
    """The real command says READY once, when every lock was commanded secure; then feeds the watchdog, and says STOPPING."""
    launch(site)
    systemd.wait("READY=1")
    assert "controller.started" in {record.kind for record in site.records()}
    systemd.wait("WATCHDOG=1", more_than=2)
    assert any(line.startswith("STATUS=2 doors, 3 readers (0 failed), broker none") for line in systemd.look())

    assert 0 == site.stop()
    lines = systemd.look()
    assert 1 == lines.count("READY=1")
    assert 1 == lines.count("STOPPING=1")
    assert lines.index("READY=1") < lines.index("STOPPING=1")


def test_not_ready_while_a_reader_is_neither_there_nor_alarmed(site: SiteProcess, systemd: Systemd) -> None:
    """A reader that hangs at the start keeps READY back until its alarm is recorded; the other doors work meanwhile."""
    with site.past() as past:
        person = past.person("山田 花子")
        past.right(person, "office")
        past.badge(person, "yamada")
    (site.data / "hang-lab-out").touch()
    before = site.size()
    launch(site, sys.executable, HANGING, site.data)
    site.wait_record("controller.started", before)
    site.building.tap("yamada", "front/in")
    site.wait_record("entry.granted", before, person=person)
    assert 0 == systemd.count("READY=1")

    failed = site.wait_record("part.failed", before, reason="silent")
    systemd.wait("READY=1")
    assert failed.body.part.endswith(str(site.ports["lab/out"]))
    assert systemd.count("WATCHDOG=1") > 5

    (site.data / "hang-lab-out").unlink()
    site.wait_record("part.recovered", before, part=failed.body.part)


def test_a_reader_that_hangs_later_restarts_nothing(site: SiteProcess, systemd: Systemd) -> None:
    """A hung reader becomes an alarm, and the watchdog is fed on (F19)."""
    launch(site, sys.executable, HANGING, site.data)
    systemd.wait("READY=1")
    (site.data / "hang-front-in").touch()
    site.wait_record("part.failed", reason="silent")

    systemd.wait("WATCHDOG=1", more_than=systemd.count("WATCHDOG=1") + 2)
    (site.data / "hang-front-in").unlink()
    site.wait_record("part.recovered")
    assert site.stop() == 0


@pytest.mark.parametrize("how", ["blocked", "stopped"])
def test_a_loop_that_hangs_is_not_fed(site: SiteProcess, systemd: Systemd, how: str) -> None:
    """While the loop is blocked, or the whole process stopped, nothing feeds the watchdog; afterwards it is fed again."""
    launch(site, sys.executable, HANGING, site.data)
    systemd.wait("WATCHDOG=1", more_than=1)
    assert site.controller is not None
    if how == "blocked":
        (site.data / "hang-loop").touch()
    else:
        site.controller.send_signal(signal.SIGSTOP)

    assert systemd.quiet_for(4)

    if how == "blocked":
        (site.data / "hang-loop").unlink()
    else:
        site.controller.send_signal(signal.SIGCONT)
    systemd.wait("WATCHDOG=1", more_than=systemd.count("WATCHDOG=1"))


def test_without_systemd_it_runs_all_the_same(site: SiteProcess) -> None:
    """Where nobody listens, nothing is told and nothing is missing."""
    assert "NOTIFY_SOCKET" not in os.environ
    site.start()
    assert 0 == site.stop()
