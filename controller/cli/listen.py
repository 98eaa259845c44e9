"""`sekimori listen`: the records as they are committed, one a line, for eyes or for a pipe."""

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from controller.cli.command import DONE, command, read_ledger
from controller.cli.options import AsJson, Data, Language
from controller.cli.recordline import RecordLine
from controller.cli.voice import Voice
from controller.record.envelope import decode
from controller.record.husk import husk_seq

POLL_S = 0.1
_CHUNK = 500
_RECENT = 20


@command
def listen(
    data: Data,
    lang: Language,
    number: Annotated[int | None, typer.Option("-n", "--number", metavar="N", min=1)] = None,
    after: Annotated[int | None, typer.Option("--after", metavar="SEQ", min=0)] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow")] = True,
    as_json: AsJson = False,
) -> int:
    """Ends after N records, by Ctrl-C, or when nobody reads its output any more."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    line = RecordLine(ledger, lang)
    if after is None:
        size: int = ledger.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        after = size if follow else max(0, size - (number or _RECENT))
    try:
        for n, raw in enumerate(_records(ledger, after, follow), 1):
            if as_json:
                voice.raw(raw.decode())
            else:
                words, style = line.of(decode(raw))
                voice.line(words, style=style)
            if n == number:
                break
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush at the end
    return DONE


def _records(ledger: sqlite3.Connection, after: int, follow: bool) -> Iterator[bytes]:
    """The canonical bytes of each record past `after`; with `follow` it waits for the next ones for ever."""
    pause = threading.Event()
    while True:
        rows = ledger.execute(
            "select seq, bytes from record where seq > ? order by seq limit ?", (after, _CHUNK)
        ).fetchall()
        for seq, raw in rows:
            after = seq
            if husk_seq(raw) is None:
                yield bytes(raw)
        if len(rows) < _CHUNK:
            if not follow:
                return
            pause.wait(POLL_S)
