"""Asking at the terminal: a question, a suggestion, again until the answer is good. Without a terminal, noting what is missing.

Questions go to standard error, so that standard output holds the result alone. What cannot be asked is collected, not thrown:
somebody who writes a script wants to hear of everything at once.
"""

import sys
from collections.abc import Callable

from controller.cli.voice import Voice

Wrong = Callable[[str], str]
"""What is wrong with an answer; empty when nothing is."""


class Interview:
    """One conversation. `missing` and `mistakes` are what keeps a command without a terminal from going on."""

    def __init__(self, voice: Voice, asks: bool) -> None:
        self._voice = voice
        self.asks = asks
        self.missing: list[str] = []
        self.mistakes: list[str] = []

    def take(
        self, key: str, given: str | None, wrong: Wrong, *, suggestion: str = "", default: str | None = None
    ) -> str:
        """The answer to question `key`: the flag's if it is good, else asked for. Raises EOFError when the terminal ends."""
        flag = f"--{key.replace('_', '-')}"
        if given is not None and not (mistake := wrong(given)):
            return given
        if given is not None:
            self._wrong(f"{flag}: {mistake}")
        if self.asks:
            return self._ask(f"ask.{key}", wrong, suggestion or default or "")
        if given is None and default is None:
            self.missing.append(flag)
        return given or default or ""

    def free(self, key: str, wrong: Wrong = lambda answer: "") -> str:
        """The answer to a question that has no flag of its own; may be empty."""
        return self._ask(f"ask.{key}", wrong, "")

    def tell(self, key: str, **values: object) -> None:
        """A line beside the questions; only where there are any."""
        if self.asks:
            self._out(self._voice.text(key, **values) + "\n")

    def _ask(self, key: str, wrong: Wrong, suggestion: str) -> str:
        while True:
            self._out(self._voice.text(key) + (f" [{suggestion}]" if suggestion else "") + ": ")
            line = sys.stdin.readline()
            if not line:
                raise EOFError
            answer = line.strip() or suggestion
            if not (mistake := wrong(answer)):
                return answer
            self._wrong(mistake)

    def _wrong(self, mistake: str) -> None:
        if self.asks:
            self._out(f"  ! {mistake}\n")
        else:
            self.mistakes.append(mistake)

    def _out(self, words: str) -> None:
        sys.stderr.write(words)
        sys.stderr.flush()
