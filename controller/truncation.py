"""Cuts the ledger's write-ahead log off after an erasure: until then the log still holds the pages as they were.

Off the tap's path: a thread with a connection of its own for each try. First what can be written back without a lock, which is
nearly all of it; then the cut, which takes the writer's place for a moment and gives up at once where somebody writes or reads.
It is tried until it was done. What is owed is in memory alone, so it is done once at every start as well.
"""

import sqlite3
import threading
from pathlib import Path

import structlog

from controller.record.tables import Erase, RowChange, Upsert
from controller.turn import Committed

AGAIN_S = 0.5
LONGEST_S = 30.0
"""The pace of tries, doubled at each that was in vain: a reader that stays is no reason to write the log back all day."""

log = structlog.get_logger()


class Truncation:
    """The thread, and the note that something was erased."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._owed = threading.Event()
        self._owed.set()

    def told(self, done: Committed) -> None:
        """Takes note of a commit. Called by the loop; returns at once."""
        if any(_erases(change) for appended in done.appended for change in appended.changes):
            self._owed.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        wait_s = AGAIN_S
        while not stop.is_set():
            if not self._owed.wait(AGAIN_S):
                continue
            self._owed.clear()  # before the cut: what is erased meanwhile is owed again
            if cut(self._ledger):
                wait_s = AGAIN_S
                continue
            self._owed.set()
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_S)


def _erases(change: RowChange) -> bool:
    """Whether something is overwritten by it: a person's texts, or a PIN that counts no more."""
    return isinstance(change, Erase) or (isinstance(change, Upsert) and change.table == "pin" and "pin" in change.row)


def cut(ledger: Path) -> bool:
    """Writes the log back and cuts it to nothing; False when somebody reads or writes, or the disk fails."""
    try:
        connection = sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
        try:
            connection.execute("pragma wal_checkpoint(passive)")
            busy: int = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        log.warning("the ledger's log was not cut", problem=str(error))
        return False
    return not busy
