"""Dropping the bytes of a site's old records here as it did there, by the same rule; the leaf hash stays, and the witness.

With the bytes go the facets by which the record was found, and its time.
"""

import sqlalchemy as sa

from controller.record.husk import MARK, husk, leaf_of
from controller.record.tables import Drop
from dashboard import database as db

GONE = {"at": "", "kind": "", "portal": "", "zone": "", "person": None, "operator": None, "code": "", "result": ""}
"""What stands in the columns of a dropped record. `kind` empty is no kind's, so that no page finds it."""


def drop(connection: sa.Connection, site: str, epoch: int, change: Drop) -> None:
    """Makes husks of the records of the site's epoch that the rule names."""
    table = db.record.c
    named = (
        table.ledger_site == site, table.epoch == epoch, table.seq.between(change.first, change.last),
        table.kind.in_(change.kinds), table.seq.not_in(change.kept),
    )  # fmt: skip
    rows = connection.execute(sa.select(table.arrival, table.seq, table.bytes).where(*named)).all()
    husks = [
        {"of": row.arrival, "husk": husk(row.seq, leaf_of(bytes(row.bytes)))}
        for row in rows
        if not bytes(row.bytes).startswith(MARK)
    ]
    if husks:
        statement = sa.update(db.record).where(table.arrival == sa.bindparam("of"))
        connection.execute(statement.values(bytes=sa.bindparam("husk"), **GONE), husks)
