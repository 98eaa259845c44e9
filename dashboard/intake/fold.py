"""The fold of records into the projected tables: `project`, with site and epoch in front.

What a record asks for is looked at before a table is touched, because the broker could have invented the record: one that
names no table of ours, or a number that no column holds, changes nothing, live and in a rebuild alike.
"""

from functools import lru_cache

import sqlalchemy as sa
import structlog

from controller.record.envelope import Record
from controller.record.projection import project
from controller.record.tables import TABLES, Delete, Drop, Erase, RowChange, Upsert
from dashboard import database as db
from dashboard.intake import dropping, erasing
from dashboard.intake.batch import Batch

LARGEST_WHOLE = 2**63 - 1
LARGEST_DROP = 1_000_000
"""Records that one rule may be about: a site makes rules of some hundred."""

log = structlog.get_logger()


def apply(connection: sa.Connection, batch: Batch, site: str, epoch: int, record: Record) -> None:
    """Makes one record's changes, as part of a batch. Records of an epoch come in order of `seq`, each once."""
    changes = project(record)
    if not all(_fits(change) for change in changes):
        log.warning("record changes no table of ours", site=site, epoch=epoch, seq=record.seq)
        return
    front = {"ledger_site": site, "epoch": epoch}
    for change in changes:
        match change:
            case Upsert():
                batch.upsert(db.projected[change.table], {**front, **change.row})
            case Delete():
                batch.delete(connection, db.projected[change.table], {**front, **change.key})
            case Erase():
                batch.write(connection)
                erasing.erase_person(connection, site, epoch, change.person)
                batch.erased = True
            case Drop():
                batch.write(connection)
                dropping.drop(connection, site, epoch, change)


def _fits(change: RowChange) -> bool:
    if isinstance(change, Erase):
        return abs(change.person) <= LARGEST_WHOLE
    if isinstance(change, Drop):
        return 0 < change.first <= change.last <= min(LARGEST_WHOLE, change.first + LARGEST_DROP)
    row = change.row if isinstance(change, Upsert) else change.key
    kinds = _kinds(change.table, tuple(row))
    if kinds is None:
        return False
    for value, (kind, optional) in zip(row.values(), kinds, strict=True):
        if value is None:
            if not optional:
                return False
        elif type(value) is not kind or (type(value) is int and abs(value) > LARGEST_WHOLE):
            return False
    return True


@lru_cache(maxsize=512)
def _kinds(name: str, columns: tuple[str, ...]) -> tuple[tuple[type, bool], ...] | None:
    """What stands in these columns, and whether nothing may stand there; None when there are no such columns."""
    table = TABLES.get(name)
    if table is None or not set(table.key) <= set(columns) <= table.columns.keys():
        return None
    return tuple((table.columns[column], column not in table.key) for column in columns)
