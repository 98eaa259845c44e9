"""The command line in this process: for tests that need no process of their own for a command."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from controller.cli.program import program
from controller.cli.texts import Lang


@dataclass(frozen=True, slots=True)
class Said:
    """A command's exit code and what it wrote."""

    code: int
    out: str
    err: str


def sekimori(*arguments: object, lang: Lang = Lang.EN) -> Said:
    """Runs one command to its end, in this language."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            program(lang)([*map(str, arguments), "--lang", lang])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        else:
            code = 0
    return Said(code, out.getvalue(), err.getvalue())
