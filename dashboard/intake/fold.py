"""The fold of records into the projected tables: `project`, with site and epoch in front.

What a record asks for is looked at before a table is touched, because the broker could have invented the record: one that
names no table of ours, or a number that no column holds, changes nothing, live and in a rebuild alike.
"""

import sqlalchemy as sa
import structlog

from controller.record.envelope import Record
from controller.record.projection import project
from controller.record.tables import TABLES, RowChange, Upsert
from dashboard import database as db

LARGEST_WHOLE = 2**63 - 1

log = structlog.get_logger()


def apply(connection: sa.Connection, site: str, epoch: int, record: Record) -> None:
    """Makes one record's changes. Records of an epoch come in order of `seq`, each once."""
    changes = project(record)
    if not all(_fits(change) for change in changes):
        log.warning("record changes no table of ours", site=site, epoch=epoch, seq=record.seq)
        return
    front = {"ledger_site": site, "epoch": epoch}
    for change in changes:
        table = db.projected[change.table]
        if isinstance(change, Upsert):
            db.upsert(connection, table, {**front, **change.row})
        else:
            key = {**front, **change.key}
            connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in key.items())))


def _fits(change: RowChange) -> bool:
    table = TABLES.get(change.table)
    if table is None:
        return False
    row = change.row if isinstance(change, Upsert) else change.key
    if not set(table.key) <= row.keys() <= table.columns.keys():
        return False
    return all(
        (value is None and name not in table.key)
        or (type(value) is table.columns[name] and (type(value) is not int or abs(value) <= LARGEST_WHOLE))
        for name, value in row.items()
    )
