"""What the site has signed for: a checkpoint goes out before the records that it covers.

So nobody ever holds a record of ours that no word of ours stands for, and whatever a dashboard has can be told from what a
broker invented, also when we have lost it ourselves (design §4). Signed here, off the tap's path, over what is committed; the
loop keeps checkpoints of its own in the ledger.
"""

import sqlite3

from controller.ledger.nodes import load_frontier
from controller.record.husk import leaf_of
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, origin
from controller.record.tree import Frontier

_STEP = 512
"""Records that are hashed to bring the tree's edge up to date; for more, kept nodes are faster."""


class Cover:
    """The newest checkpoint that was signed for the present connection. The link's thread alone uses it."""

    def __init__(self, connection: sqlite3.Connection, site: str, key: KeyPair) -> None:
        self._connection = connection
        self._site = site
        self._key = key
        self._frontier = Frontier()
        self.size = 0
        """Records that it covers."""

    def forget(self) -> None:
        """Another connection begins: nothing was said on it."""
        self.size = 0

    def note(self, epoch: int) -> str | None:
        """A signed checkpoint over everything committed; None when that has another epoch already, or there is nothing."""
        size, newest = self._connection.execute(
            "select (select coalesce(max(seq), 0) from record), (select coalesce(max(opening), 0) from opening)"
        ).fetchone()
        if newest != epoch or not size:
            return None
        self._grow(size)
        self.size = size
        return Checkpoint(origin(self._site, epoch), size, self._frontier.root()).sign(self._key)

    def _grow(self, size: int) -> None:
        if not 0 <= size - self._frontier.size <= _STEP:
            self._frontier = load_frontier(self._connection, size)
            return
        rows = self._connection.execute(
            "select bytes from record where seq > ? and seq <= ? order by seq", (self._frontier.size, size)
        )
        for (data,) in rows.fetchall():
            self._frontier.append(leaf_of(data))
