"""The rows that one transaction will write, gathered so that they go to the database by the hundred and not one by one.

Upserts of one row are merged: each sets some columns and leaves the others, so that the last word on a column is the same.
Whoever reads a table that stands here writes first (`write`); what was gathered by a transaction that failed is thrown away
with everything else that was in memory.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from dashboard import database as db

Row = dict[str, Any]


class Batch:
    """Records and rows on their way into the tables, in the caller's transaction."""

    def __init__(self) -> None:
        self._records: list[Row] = []
        self._rows: dict[sa.Table, dict[tuple[Any, ...], Row]] = {}
        self.erased = False
        """Whether private rows were erased with it: then the database's log has to be cut."""

    def record(self, row: Row) -> None:
        """One more record, as `db.record` holds it."""
        self._records.append(row)

    def upsert(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Inserts the row, or sets its columns in the row with the same key; columns that it does not name stay."""
        key = tuple(row[name] for name in _key(table))
        rows = self._rows.setdefault(table, {})
        if key in rows:
            rows[key].update(row)
        else:
            rows[key] = dict(row)

    def delete(self, connection: sa.Connection, table: sa.Table, key: Mapping[str, Any]) -> None:
        """Deletes the row with this key, at once, behind all that was gathered before it."""
        self.write(connection)
        connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in key.items())))

    def write(self, connection: sa.Connection) -> None:
        """Writes what was gathered; there is nothing on its way afterwards."""
        if self._records:
            connection.execute(sa.insert(db.record), self._records)
            self._records = []
        gathered, self._rows = self._rows, {}
        for table, rows in gathered.items():
            alike: dict[tuple[str, ...], list[Row]] = {}
            for row in rows.values():
                alike.setdefault(tuple(row), []).append(row)
            for same in alike.values():
                db.upsert_all(connection, table, same)


@lru_cache(maxsize=128)
def _key(table: sa.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)
