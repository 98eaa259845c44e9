"""Folds everything anew from the stored bytes: the projected tables, the facets and the tree are made from these bytes alone.

What is not in records stays: private rows, states, requests, accounts, and what the witness holds.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from controller.record.envelope import decode
from controller.record.husk import leaf_of
from controller.record.tables import FOLD_VERSION
from controller.record.tree import Frontier
from dashboard import database as db
from dashboard.intake import fold
from dashboard.intake.batch import Batch
from dashboard.intake.ledger import row_of
from dashboard.intake.witness import KEPT_LEVEL

_STEP = 1000


def rebuild(engine: sa.Engine) -> dict[str, int]:
    """Drops and refolds, in one transaction; how many records were folded, by site."""
    done: dict[str, int] = {}
    with db.write(engine) as connection:
        for table in db.projected.values():
            connection.execute(sa.delete(table))
        connection.execute(sa.delete(db.node))
        for site, epoch, upto in _ledgers(connection):
            done[site] = done.get(site, 0) + _refold(connection, site, epoch, upto)
        db.upsert(connection, db.fold, {"id": 1, "version": FOLD_VERSION})
    return done


def rebuild_if_older(engine: sa.Engine) -> Mapping[str, int] | None:
    """Refolds if the tables were folded by another version of the fold; None if they were not."""
    with engine.connect() as connection:
        version = connection.execute(sa.select(db.fold.c.version)).scalar()
        empty = connection.execute(sa.select(db.record.c.arrival).limit(1)).first() is None
    if version == FOLD_VERSION:
        return None
    if version is None and empty:
        with db.write(engine) as connection:
            db.upsert(connection, db.fold, {"id": 1, "version": FOLD_VERSION})
        return None
    return rebuild(engine)


def _ledgers(connection: sa.Connection) -> list[tuple[str, int, int]]:
    """Every stored ledger, and up to which record it was folded: the present epoch's, or where an old one broke off."""
    table, past = db.record.c, db.broken.c
    applied = {(row.ledger_site, row.epoch): row.applied for row in connection.execute(sa.select(db.source))}
    ends = sa.select(past.ledger_site, past.epoch, sa.func.min(past.applied)).group_by(past.ledger_site, past.epoch)
    for site, epoch, end in connection.execute(ends).all():
        applied.setdefault((site, epoch), end)
    query = sa.select(table.ledger_site, table.epoch).distinct().order_by(table.ledger_site, table.epoch)
    return [(site, epoch, applied.get((site, epoch), 0)) for site, epoch in connection.execute(query).all()]


def _refold(connection: sa.Connection, site: str, epoch: int, upto: int) -> int:
    table = db.record.c
    frontier, batch = Frontier(), Batch()
    at = 0
    while True:
        query = (
            sa.select(table.arrival, table.seq, table.bytes)
            .where(table.ledger_site == site, table.epoch == epoch, table.seq > at)
            .order_by(table.seq)
            .limit(_STEP)
        )
        rows = connection.execute(query).all()
        for arrival, seq, data in rows:
            record = decode(bytes(data))
            about = row_of(site, epoch, record, bytes(data))
            connection.execute(sa.update(db.record).where(table.arrival == arrival).values(about))
            if seq == frontier.size + 1 and seq <= upto:
                fold.apply(connection, batch, site, epoch, record)
                _grow(connection, site, epoch, frontier, bytes(data))
            at = seq
        batch.write(connection)
        if len(rows) < _STEP:
            return frontier.size


def _grow(connection: sa.Connection, site: str, epoch: int, frontier: Frontier, data: bytes) -> None:
    for level, position, hashed in frontier.append(leaf_of(data)):
        if level >= KEPT_LEVEL:
            place = {"ledger_site": site, "epoch": epoch, "level": level, "position": position}
            connection.execute(sa.insert(db.node), {**place, "hash": hashed})
