"""Which thing a sticker names (C9.1)."""

import sqlite3


def thing_of(connection: sqlite3.Connection, digest: str) -> str | None:
    """The thing, `asset:3` or `key:12`, by the keyed digest of what its sticker claims to be; None for no sticker of ours."""
    row = connection.execute("select thing from sticker where sticker = ?", (digest,)).fetchone()
    return None if row is None else row[0]
