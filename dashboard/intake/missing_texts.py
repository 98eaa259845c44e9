"""Asks a site for the private texts that its records speak of and that never came: names, purposes.

They come as retained messages, and a broker may keep, or hand out, fewer of those than it was given. So what the tables
point at and the private store lacks is asked for, some at a time, once the records themselves have been caught up with.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from controller.record.asks import QueryPrivate
from controller.record.keys import KeyPair
from controller.record.topics import Topics
from dashboard import database as db
from dashboard.intake import erasing
from dashboard.intake.resend import query_request
from dashboard.intake.source import Source

AGAIN_S = 5.0
AT_ONCE = 100
POINTERS = (
    ("person", "private"),
    ("operator", "private"),
    ("access_right", "purpose"),
    ("team", "private"),
    ("membership", "purpose"),
    ("fulfilment", "note"),
    ("container", "private"),
    ("asset", "private"),
    ("lock_key", "private"),
    ("key_loan", "purpose"),
    ("key_reservation", "purpose"),
    ("combination", "private"),
    ("thing", "private"),
    ("custody", "purpose"),
    ("custody", "reason"),
    ("custody", "remarks"),
    ("carrier", "private"),
    ("transport", "private"),
    ("transport", "reason"),
    ("tethered", "private"),
    ("tethered", "note"),
    ("tether_check", "note"),
    ("portal_override", "reason"),
    ("lockdown", "reason"),
    ("evacuation", "reason"),
    ("special_day", "reason"),
    ("noted_entry", "reason"),
)
"""Every column that points at a private text, in the order in which they are asked for: people first, then what is where."""


class MissingTexts:
    """What to ask, and when. One thread alone uses it."""

    def __init__(
        self, engine: sa.Engine, keys: KeyPair, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._now = now
        self._looked_at: dict[str, float] = {}

    def due(self, sources: Mapping[str, Source], monotonic: float) -> list[tuple[str, bytes]]:
        """Topic and signed request for each site that should be asked now."""
        wanted = []
        for name, source in sources.items():
            caught_up = source.confirmed and source.online is not False and source.applied >= source.highest
            if not caught_up or monotonic - self._looked_at.get(name, -AGAIN_S) < AGAIN_S:
                continue
            self._looked_at[name] = monotonic
            if ids := self._missing(source):
                body = QueryPrivate(ids)
                wanted.append((Topics(name).request, query_request(self._keys, source, body, self._now())))
        return wanted

    def _missing(self, source: Source) -> tuple[str, ...]:
        ids: list[str] = []
        with self._engine.connect() as connection:
            for table, column in POINTERS:
                rows = db.projected[table].c
                known = sa.exists().where(
                    db.private_text.c.ledger_site == source.ledger_site,
                    db.private_text.c.id == rows[column],
                    erasing.held,
                    *_as_new(db.projected[table], column),
                )
                query = (
                    sa.select(rows[column])
                    .where(
                        rows.ledger_site == source.ledger_site, rows.epoch == source.epoch, rows[column].is_not(None)
                    )
                    .where(~known, ~_erased(rows[column], rows))
                    .limit(AT_ONCE - len(ids))
                )
                ids += [str(id) for (id,) in connection.execute(query)]
        return tuple(ids)


def _as_new(table: sa.Table, column: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Where the row says which version it points at: that the text is not older, as when somebody is called otherwise now."""
    if column != "private" or "private_version" not in table.c:
        return ()
    return (db.private_text.c.version >= table.c.private_version,)


def _erased(id: sa.ColumnElement[str], rows: Any) -> sa.Exists:  # noqa: ANN401 - a table's columns
    """Whether the row of this id, which a row of the tables points at, is about somebody who was erased: it will not come."""
    of, person = db.projected["private_of"].c, db.projected["person"].alias("subject").c
    return sa.exists().where(
        of.ledger_site == rows.ledger_site, of.epoch == rows.epoch, of.private == id,
        person.ledger_site == of.ledger_site, person.epoch == of.epoch, person.person == of.person,
        person.state == "erased",
    )  # fmt: skip
