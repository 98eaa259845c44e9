"""How commands speak: Japanese or English for people on a terminal, one JSON object for programs; errors on stderr.

Exit codes: 0 done, 1 found something wrong, 2 could not run.
"""

import json
import os
from enum import StrEnum
from typing import NoReturn

import typer

WRONG = 1
COULD_NOT_RUN = 2


class Lang(StrEnum):
    """A language of the console."""

    JA = "ja"
    EN = "en"


class Console:
    """Where one command's words go. Without a language, the terminal's own decides."""

    def __init__(self, lang: Lang | None, as_json: bool) -> None:
        self._japanese = lang == Lang.JA or (lang is None and _terminal().startswith("ja"))
        self._json = as_json

    def done(self, ja: str, en: str, **facts: object) -> None:
        """Says what was done; with --json, the facts alone."""
        typer.echo(json.dumps(facts, ensure_ascii=False) if self._json else self._pick(ja, en))

    def fail(self, ja: str, en: str, *, code: str, exit_code: int = COULD_NOT_RUN, **facts: object) -> NoReturn:
        """Says what is wrong and how to go on, and ends the command."""
        if self._json:
            typer.echo(json.dumps({"error": code, "message": en, **facts}, ensure_ascii=False))
        else:
            typer.echo(self._pick(ja, en), err=True)
        raise typer.Exit(exit_code)

    def _pick(self, ja: str, en: str) -> str:
        return ja if self._japanese else en


def _terminal() -> str:
    return os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
