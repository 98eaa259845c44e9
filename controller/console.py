"""The console's socket: how a `sekimori` command reaches the running controller, which alone writes the ledger.

A Unix socket in the data directory, mode 0600: whoever may open it could read the ledger's file as well. One JSON line
asks, one answers.
"""

import errno
import json
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import structlog

from controller.inbox import ConsoleAsked, Inbox

SOCKET = "console.sock"
_LONGEST = 262_144
"""Bytes of a line."""
_CHUNK = 16_384
_WAITING = 4
"""Askers that wait while one is answered; more are turned away by the kernel."""
_ASKED_S = 2.0
"""Within this a whole line has to come: who asks slowly must not keep the others waiting."""
_ANSWER_S = 10.0
_AGAIN_S = 5.0
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)

log = structlog.get_logger()


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
        """Until `stop` is set. Where no socket can be made, as on a full disk, it is tried again: doors need no console."""
        while not stop.is_set():
            try:
                listener = self._listen()
            except OSError as error:
                if error.errno not in _DISK:
                    raise
                log.warning("no console", problem=str(error))
                stop.wait(_AGAIN_S)
                continue
            with listener:
                self._serve(listener, stop)
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        """The socket, for its owner alone. Raises OSError."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(_address(self._path))
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        listener.listen(_WAITING)
        listener.settimeout(0.5)
        return listener

    def _serve(self, listener: socket.socket, stop: threading.Event) -> None:
        """One asker after the other."""
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            asked = _decoder.decode(_line(connection, _ASKED_S))
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
        given: dict[str, Any] = json.loads(_line(connection, 2 * _ANSWER_S))
        return given


def _address(path: Path) -> str:
    """The socket's address: by way of the working directory where that is shorter, for the kernel takes 107 bytes."""
    near = os.path.relpath(path)
    return min(str(path), near, key=len)


def _line(connection: socket.socket, within_s: float) -> bytes:
    """One line. Raises ValueError for none or one too long, TimeoutError."""
    data, end = b"", monotonic() + within_s
    while not data.endswith(b"\n"):
        connection.settimeout(max(0.001, end - monotonic()))
        chunk = connection.recv(_CHUNK)
        if not chunk or len(data) > _LONGEST:
            raise ValueError("no whole line")
        data += chunk
    return data


def _say(connection: socket.socket, value: dict[str, Any]) -> None:
    try:
        connection.settimeout(_ASKED_S)
        connection.sendall(json.dumps(value).encode() + b"\n")
    except OSError:
        return  # the asker has gone; what it asked is recorded all the same
