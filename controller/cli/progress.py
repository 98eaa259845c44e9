"""How far a long command has come: a bar on a terminal, nothing elsewhere."""

import sys
from types import TracebackType
from typing import Self

from controller.cli.voice import Voice

_STEPS = ("copy", "verify", "write", "read", "fold")


class Bar:
    """A bar on standard error; `told` is the progress of `controller.backup`."""

    def __init__(self, voice: Voice) -> None:
        # here, so that the controller itself is not 6 MB larger for it
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._words = {step: voice.text(f"step.{step}") for step in _STEPS}
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        quiet = voice.as_json or not sys.stderr.isatty()
        self._progress = Progress(*columns, console=console, transient=True, disable=quiet)
        self._task = self._progress.add_task("", total=None)
        self._step = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def told(self, step: str, done: int, total: int) -> None:
        """So many bytes of so many; 0 of 0 where it is not known."""
        if step != self._step:
            self._step = step
            self._progress.reset(self._task, description=self._words[step], total=total or None)
        self._progress.update(self._task, completed=done)
