"""Processes beside the bench, by name: started, spoken to by lines, and ended."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from controller.demo.broker import write_config
from controller.demo.processes import Processes, free_port

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
persistence false
"""


class Side:
    """One process. Its words go to a file, unless it speaks by lines."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._words = log
        self._log = log.open("ab")
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def line(self) -> str:
        """The next line that it says. Raises RuntimeError when it has ended."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"{self.process.args!r}: ended; {self._words.read_text()[-2000:]}")
        return said.strip()

    def go(self) -> None:
        """Lets it begin: a line on its input."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self) -> "Side":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it: in order if it listens, else by SIGTERM."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        self._log.close()


def python(log: Path, *arguments: str) -> Side:
    """A Python module of the bench or the product in a process of its own."""
    return Side([sys.executable, "-m", *arguments], log)


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker on the loopback, and what it is called in `against`."""

    name: str
    port: int


@contextmanager
def broker(folder: Path) -> Iterator[RunningBroker]:
    """Mosquitto as production runs it, where it is installed; else the demo's broker (which leaves Nagle's delay on)."""
    port, mosquitto = free_port(), _mosquitto()
    config = folder / "broker.toml"
    if mosquitto:
        name, command = "Mosquitto", [mosquitto, "-c", str(config)]
        config.write_text(_MOSQUITTO.format(port=port))
    else:
        name, command = "iotcore", [sys.executable, "-m", "controller.demo.broker", str(config)]
        write_config(config, port)
    processes = Processes(folder)
    processes.start("broker", command)
    try:
        processes.wait_for_port("broker", port)
        yield RunningBroker(name, port)
    finally:
        processes.stop()


def _mosquitto() -> str | None:
    """Debian puts it where a user's PATH does not look."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def until(holds: Callable[[], Any], within_s: float = 150.0, pace_s: float = 0.005) -> Any:
    """The first true answer. Raises TimeoutError."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if answer := holds():
            return answer
        time.sleep(pace_s)
    raise TimeoutError(f"not within {within_s} s")
