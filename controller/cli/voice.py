"""How a command speaks: words or JSON on standard output, trouble on standard error, colour on a terminal only."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from controller.cli.texts import Lang, printable, text


class _Output(Console):
    """Standard output. rich leaves colour out by itself where it is no terminal, and where NO_COLOR is set."""

    def on_broken_pipe(self) -> None:
        """rich would end the process here; whether that is an end is the command's affair."""
        raise


class Voice:
    """One command's voice. With `as_json` the words are left out, and the answer is one JSON object."""

    def __init__(self, lang: Lang, as_json: bool) -> None:
        self.lang = lang
        self.as_json = as_json
        self._out = _Output(highlight=False, soft_wrap=True)

    def text(self, key: str, **values: object) -> str:
        """The words under a key of `texts.toml`; the values are made safe to print."""
        return text(key, self.lang, **{name: printable(str(value)) for name, value in values.items()})

    def say(self, key: str, *, style: str = "", **values: object) -> None:
        """A line of words; nothing with `--json`."""
        self.line(self.text(key, **values), style=style)

    def line(self, words: str, *, style: str = "") -> None:
        """A line as it is; nothing with `--json`."""
        if not self.as_json:
            self._out.print(words, style=style, markup=False, emoji=False)

    def table(self, title: str, columns: list[str], rows: list[list[str]], **values: object) -> None:
        """A small table; columns are keys of the group `column`, `values` are put into the title."""
        if self.as_json:
            return
        table = Table(title=self.text(title, **values), title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(self.text(f"column.{column}"), overflow="fold")
        for row in rows:
            table.add_row(*(printable(cell).replace("[", r"\[") for cell in row))
        self._out.print(table, soft_wrap=False)
        self._out.print()

    def answer(self, value: dict[str, Any]) -> None:
        """The result; only with `--json`."""
        if self.as_json:
            self.raw(json.dumps(value, ensure_ascii=False))

    def raw(self, line: str) -> None:
        """A line for a pipe: not folded, and out at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def refusal(self, words: str) -> None:
        """Why something was not done, on standard error; nothing with `--json`, whose answer has the code."""
        if not self.as_json:
            sys.stderr.write(f"sekimori: {words}\n")

    def trouble(self, code: str, words: str, **more: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Why the command could not run, on standard error; with `--json` as one JSON line with its code."""
        line = json.dumps({"error": code, "message": words, **more}, ensure_ascii=False)
        sys.stderr.write((line if self.as_json else f"sekimori: {words}") + "\n")
