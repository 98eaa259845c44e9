"""`project`: the fold's one step, the same on both sides of the wire."""

from controller.record.envelope import Record
from controller.record.kinds import load as _load
from controller.record.tables import RowChange

_load()


def project(record: Record) -> tuple[RowChange, ...]:
    """The row changes of one record: inserts, upserts and deletes by key, in order. Pure."""
    changes: tuple[RowChange, ...] = record.body.rows(record)
    return changes
