"""Cuts the database's write-ahead log off after an erasure: until then the log still holds the pages as they were.

SQLite only. One short try at a time, which gives up at once where somebody reads or writes; whoever calls it tries again.
"""

import sqlite3

import sqlalchemy as sa
import structlog

log = structlog.get_logger()


def cut(engine: sa.Engine) -> bool:
    """Writes the log back and cuts it to nothing; False when it has to be tried again. True where there is no such log."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:":
        return True
    try:
        connection = sqlite3.connect(name, timeout=0, isolation_level=None)
        try:
            connection.execute("pragma wal_checkpoint(passive)")
            busy: int = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        log.warning("the database's log was not cut", error=type(error).__name__)
        return False
    return not busy
