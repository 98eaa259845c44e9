"""The demo's processes: broker, building, controller, dashboard; started in that order, watched, stopped in the reverse."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any


class DidNotStart(RuntimeError):
    """A process ended, or said nothing, before it was ready; the message has its last words."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of this host that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """So many different free ports."""
    probes = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def script(name: str) -> str:
    """The path of a console script of this installation."""
    return str(Path(sys.executable).with_name(name))


@dataclass
class Processes:
    """The running ones, by name; their words go to files in `logs`."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], *, speaks: bool = False) -> dict[str, Any]:
        """Starts a process; one that `speaks` says one JSON line on standard output when it is ready. Raises DidNotStart."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            output: IO[bytes] | int = subprocess.PIPE if speaks else log
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=log)  # noqa: S603
        self.running[name] = process
        if not speaks or process.stdout is None:
            return {}
        line = process.stdout.readline()
        if not line:
            raise DidNotStart(f"{name}: {self._last_words(name)}")
        said: dict[str, Any] = json.loads(line)
        return said

    def wait_for_port(self, name: str, port: int, within_s: float = 30.0) -> None:
        """Until the process listens. Raises DidNotStart."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.running[name].poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                return
            except OSError:
                self.running[name].poll()
        raise DidNotStart(f"{name}: {self._last_words(name)}")

    def kill(self, name: str) -> None:
        """Ends one as a power cut would."""
        process = self.running.pop(name)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def ended(self) -> str | None:
        """The name of a process that has ended, or None."""
        return next((name for name, process in self.running.items() if process.poll() is not None), None)

    def stop(self, wait_s: float = 10.0) -> None:
        """Ends them all, the last started first."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def _last_words(self, name: str) -> str:
        text = (self.logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return " | ".join(text[-3:]) or "said nothing"
