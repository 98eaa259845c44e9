"""A command on a terminal of its own, answered as a person would: wait for the question, type, Enter."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

SCRIPT = Path(sys.executable).with_name("sekimori")
WITHIN_S = 20.0


def _at_a_terminal() -> None:
    """As a shell starts what is typed: tests that run in the background have Ctrl-C ignored, and would pass that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """`sekimori` with these arguments on a pseudo-terminal. `said` is all that stood on it."""

    def __init__(self, *arguments: object, lang: str = "en") -> None:
        self._near, far = os.openpty()
        command = ["setsid", "--ctty", SCRIPT, *map(str, arguments), "--lang", lang]
        environ = os.environ | {"NO_COLOR": "1", "TERM": "dumb"}
        self._process = subprocess.Popen(
            command, stdin=far, stdout=far, stderr=far, env=environ, preexec_fn=_at_a_terminal
        )
        os.close(far)
        self.said = ""
        self._read = 0
        self._bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._near)

    def wait_for(self, words: str) -> None:
        """Until these words stand on the terminal, behind those that were waited for before."""
        end = monotonic() + WITHIN_S
        while (at := self.said.find(words, self._read)) < 0:
            assert self._more(end), f"the command ended without {words!r}:\n{self.said}"
        self._read = at + len(words)

    def answer(self, question: str, answer: str) -> None:
        """Waits for the question and types the answer."""
        self.wait_for(question)
        os.write(self._near, f"{answer}\n".encode())

    def press(self, question: str, key: bytes) -> None:
        """Waits for the question and presses a key."""
        self.wait_for(question)
        os.write(self._near, key)

    def end(self) -> int:
        """Waits for the command's end; its exit code."""
        end = monotonic() + WITHIN_S
        while self._more(end):
            pass
        return self._process.wait(WITHIN_S)

    def _more(self, end: float) -> bool:
        """Reads what comes; False when the command has closed the terminal."""
        ready, _, _ = select.select([self._near], [], [], max(0.0, end - monotonic()))
        assert ready, f"nothing more within {WITHIN_S} s behind:\n{self.said}"
        try:
            chunk = os.read(self._near, 4096)
        except OSError:  # how Linux says that the other end is closed
            return False
        self._bytes += chunk
        self.said = self._bytes.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)
