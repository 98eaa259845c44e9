"""Tells each site which of its checkpoints this dashboard holds in full: retained, as the note that the site itself signed.

A site that lost the end of its ledger, or was put back from a backup, sees by it that it has (design §4). Nobody can invent
such a note, so it needs no signature of ours. It is said once in `EVERY_S` at most, and again on each connection, because a
broker may have lost what it kept.
"""

from collections.abc import Mapping

from controller.record.topics import Topics
from dashboard.intake.source import Source

EVERY_S = 1.0


class Witnessed:
    """What to say, and when. One thread alone uses it."""

    def __init__(self, dashboard: str) -> None:
        self._dashboard = dashboard
        self._said: dict[str, str] = {}
        self._said_s: dict[str, float] = {}

    def connected(self) -> None:
        """A new connection: everything has to be said again."""
        self._said.clear()
        self._said_s.clear()

    def due(self, sources: Mapping[str, Source], monotonic: float) -> list[tuple[str, bytes]]:
        """Topic and note for each site whose newest witnessed checkpoint was not said yet."""
        wanted = []
        for name, source in sources.items():
            note = source.checkpoint_note
            if note is None or self._said.get(name) == note:
                continue
            if monotonic - self._said_s.get(name, -EVERY_S) < EVERY_S:
                continue
            self._said[name], self._said_s[name] = note, monotonic
            wanted.append((Topics(name).witnessed(self._dashboard), note.encode()))
        return wanted
