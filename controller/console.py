"""The console's socket: how a `sekimori` command reaches the running controller, which alone writes the ledger.

A Unix socket in the data directory, mode 0600: whoever may open it could read the ledger's file as well. One JSON line
asks, one answers.
"""

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import msgspec

from controller.inbox import ConsoleAsked, Inbox

SOCKET = "console.sock"
_LONGEST = 16_384
_ANSWER_S = 10.0


class _Asked(msgspec.Struct, frozen=True):
    command: str
    arguments: dict[str, Any]


_decoder = msgspec.json.Decoder(_Asked)


class NotRunning(RuntimeError):
    """No controller listens in this data directory."""


class Console:
    """Listens, and puts what is asked into the inbox."""

    def __init__(self, data: Path, inbox: Inbox) -> None:
        self._path = data / SOCKET
        self._inbox = inbox

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            mask = os.umask(0o177)
            try:
                listener.bind(_address(self._path))
            finally:
                os.umask(mask)
            listener.listen(4)
            listener.settimeout(0.5)
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    self._answer(connection)
        self._path.unlink(missing_ok=True)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(_ANSWER_S)
        try:
            asked = _decoder.decode(_line(connection))
        except (OSError, ValueError, RecursionError):
            _say(connection, {"code": "form", "place": "console", "records": []})
            return
        done = threading.Event()
        answers: list[dict[str, Any]] = []

        def answer(given: dict[str, Any]) -> None:
            answers.append(given)
            done.set()

        if not self._inbox.put(ConsoleAsked(asked.command, asked.arguments, answer)) or not done.wait(_ANSWER_S):
            answers.append({"code": "busy", "place": "console", "records": []})
        _say(connection, answers[0])


def ask(data: Path, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The running controller's answer: `code` None for done, and the bodies of the `records`. Raises NotRunning."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2 * _ANSWER_S)
        try:
            connection.connect(_address(data / SOCKET))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no controller is running in {data}") from error
        _say(connection, {"command": command, "arguments": arguments})
        given: dict[str, Any] = json.loads(_line(connection))
        return given


def _address(path: Path) -> str:
    """The socket's address: by way of the working directory where that is shorter, for the kernel takes 107 bytes."""
    near = os.path.relpath(path)
    return min(str(path), near, key=len)


def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        chunk = connection.recv(_LONGEST)
        if not chunk or len(data) > 16 * _LONGEST:
            raise ValueError("no whole line")
        data += chunk
    return data


def _say(connection: socket.socket, value: dict[str, Any]) -> None:
    try:
        connection.sendall(json.dumps(value).encode() + b"\n")
    except OSError:
        return  # the asker has gone; what it asked is recorded all the same
