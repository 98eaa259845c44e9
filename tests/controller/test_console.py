"""The console's socket under hostile askers: it answers what it can, keeps none waiting for ever, and stays there."""

import json
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import until

from controller.console import SOCKET, Console, ask
from controller.inbox import ConsoleAsked, Inbox

LINES = [b"\n", b"{}\n", b"null\n", b"[" * 9000 + b"\n", b"\xff\xfe\n", b"x" * (1 << 20) + b"\n"]
LINES += [b'{"command":1,"arguments":{}}\n']
LINES += [b'{"command":"trust","arguments":[]}\n', b'{"command":"trust","arguments":' + b'{"a":' * 3000 + b"\n"]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a console whose inbox is answered as a loop does it."""
    inbox, stop = Inbox(), threading.Event()
    console = threading.Thread(target=Console(tmp_path, inbox).run, args=(stop,))

    def answer() -> None:
        while not stop.is_set():
            for item in inbox.take(9, 0.05):
                assert isinstance(item, ConsoleAsked)
                item.answer({"code": "form", "place": "command", "records": []})

    loop = threading.Thread(target=answer)
    console.start()
    loop.start()
    until("it listens", lambda: (tmp_path / SOCKET).exists() or None)
    yield tmp_path
    stop.set()
    console.join(10)
    loop.join(10)
    assert not console.is_alive()


def caller(data: Path) -> socket.socket:
    """A connection, once the console has room for one."""

    def look() -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        try:
            connection.connect(str(data / SOCKET))
        except (ConnectionRefusedError, BlockingIOError, TimeoutError):
            connection.close()
            return None
        return connection

    return until("there is room", look)


def said(data: Path, line: bytes) -> bytes:
    """What the console says to this line; empty where it hung up on it."""
    with caller(data) as connection:
        try:
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            return connection.makefile("rb").readline()
        except OSError:
            return b""


def test_nonsense_is_refused_and_the_next_is_answered(data: Path) -> None:
    """Nonsense, a megabyte and random bytes are refused as `form`, or hung up on; the console answers the next asker."""
    chance = random.Random(1)
    for line in [*LINES, *(chance.randbytes(chance.randrange(400)) for _ in range(200))]:
        answer = said(data, line)
        assert not answer or json.loads(answer)["code"] == "form"

    assert ask(data, "nothing", {})["code"] == "form"


def test_half_a_line_and_silence_keeps_nobody_waiting(data: Path) -> None:
    """Who says half a line and nothing more is refused after a moment, and who comes behind is answered."""
    with caller(data) as silent:
        silent.sendall(b'{"command":"tr')
        assert ask(data, "nothing", {})["code"] == "form"
        assert json.loads(silent.makefile("rb").readline())["code"] == "form"


def test_a_hundred_who_only_connect(data: Path) -> None:
    """A hundred connections that come and go without a word leave the console where it was."""
    for _ in range(100):
        caller(data).close()
    caller(data).close()  # those who waited were looked at: there is room again

    def asked() -> str | None:
        try:
            return str(ask(data, "nothing", {})["code"])
        except BlockingIOError:  # the kernel's queue of those who wait is full
            return None

    assert until("there is room for a question", asked) == "form"
