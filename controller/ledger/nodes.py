"""Kept subtree hashes: so that a start and a proof need not hash a million records.

Complete subtrees of 256 leaves and more are stored as they complete, one row in 128 records; what is below is hashed from
the records' bytes when it is asked for. They are a convenience of the writer's: `verify` does not believe them.
"""

import sqlite3

from controller.record.husk import leaf_of
from controller.record.tree import Frontier, Subtree, complete_subtrees, root_of

KEPT_LEVEL = 8


def subtree_of(connection: sqlite3.Connection) -> Subtree:
    """Answers subtree hashes from kept nodes and records. Raises LookupError for leaves that are not there."""

    def subtree(level: int, position: int) -> bytes:
        if level >= KEPT_LEVEL:
            row = connection.execute(
                "select hash from node where level = ? and position = ?", (level, position)
            ).fetchone()
            if row is None:
                raise LookupError(f"no subtree {position} of level {level}")
            return bytes(row[0])
        first, count = (position << level) + 1, 1 << level
        rows = connection.execute(
            "select bytes from record where seq >= ? and seq < ? order by seq", (first, first + count)
        ).fetchall()
        if len(rows) != count:
            raise LookupError(f"records {first} to {first + count - 1} are not all there")
        return root_of(leaf_of(data) for (data,) in rows)

    return subtree


def load_frontier(connection: sqlite3.Connection, size: int) -> Frontier:
    """The right edge of the tree over the first `size` records."""
    subtree = subtree_of(connection)
    return Frontier(size, [subtree(level, position) for level, position in complete_subtrees(0, size)])
