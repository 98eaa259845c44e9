"""The ledger: pages by key, all rows of a filter in chunks, one record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import record
from dashboard.read.filters import Filter
from dashboard.read.lines import COLUMNS

PAGE = 50
CHUNK = 1000
"""Rows of an export that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and whether there are newer and older ones."""

    rows: Sequence[Any]
    newer: int | None
    older: int | None


def page(connection: sa.Connection, chosen: Filter, *, many: bool = False) -> Page:
    """The page before or after a record, or the newest. `many`: so many match that going by `seq` soon finds a page."""
    query = sa.select(*COLUMNS).where(*chosen.where(by_seq=many)).limit(PAGE + 1)
    if chosen.after is not None:
        rows = connection.execute(query.where(record.c.seq > chosen.after).order_by(record.c.seq)).all()
        more = len(rows) > PAGE
        shown = list(reversed(rows[:PAGE]))
        return Page(shown, shown[0].seq if shown and more else None, shown[-1].seq if shown else None)
    if chosen.before is not None:
        query = query.where(record.c.seq < chosen.before)
    rows = connection.execute(query.order_by(record.c.seq.desc())).all()
    shown = list(rows[:PAGE])
    newer = shown[0].seq if shown and chosen.before is not None else None
    return Page(shown, newer, shown[-1].seq if len(rows) > PAGE else None)


def counted(connection: sa.Connection, chosen: Filter, most: int) -> int:
    """How many records the filter finds, counted to `most`: in whatever order costs least."""
    rows = sa.select(record.c.seq).where(*chosen.where()).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


def count(connection: sa.Connection, chosen: Filter) -> tuple[int, int]:
    """How many records the filter finds, all of them, and the highest `seq` among them."""
    found, top = connection.execute(sa.select(sa.func.count(), sa.func.max(record.c.seq)).where(*chosen.where())).one()
    return int(found), int(top or 0)


def every(connection: sa.Connection, chosen: Filter, top: int) -> Iterator[Sequence[Any]]:
    """All rows of the filter up to `seq` top, oldest first, in chunks; memory does not grow with their number."""
    after = 0
    while True:
        by_seq = chosen.where(by_seq=True)
        query = sa.select(*COLUMNS).where(*by_seq, record.c.seq > after, record.c.seq <= top)
        rows = connection.execute(query.order_by(record.c.seq).limit(CHUNK)).all()
        if not rows:
            return
        yield rows
        after = rows[-1].seq


def row(connection: sa.Connection, site: str, epoch: int, seq: int) -> Any:  # noqa: ANN401 - a row of COLUMNS or None
    """One record."""
    mine = (record.c.ledger_site == site, record.c.epoch == epoch, record.c.seq == seq)
    return connection.execute(sa.select(*COLUMNS).where(*mine)).first()


def epochs(connection: sa.Connection, site: str) -> list[int]:
    """The epochs of which there are records, newest first."""
    newest = sa.select(sa.func.max(record.c.epoch)).where(record.c.ledger_site == site)
    found: list[int] = []
    epoch = connection.execute(newest).scalar()
    while epoch is not None:  # from one to the next by the index: DISTINCT would look at every record
        found.append(epoch)
        epoch = connection.execute(newest.where(record.c.epoch < epoch)).scalar()
    return found
