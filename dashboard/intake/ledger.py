"""Records of one site: each is stored and shown when it comes, and folded when every record before it is.

Nothing here asks for a checkpoint first: a record is covered by the next one. So a broker could invent a record, and that
shows: the true one of the same number, or the next checkpoint, contradicts it.
"""

import sqlalchemy as sa
import structlog

from controller.record.canonical import moment
from controller.record.envelope import Dropped, MalformedRecord, Record, decode
from controller.record.facets import facets
from controller.record.husk import leaf_of
from controller.record.kinds.site import LedgerOpened, LedgerReopened
from dashboard import database as db
from dashboard.intake import fold, witness
from dashboard.intake.fold import LARGEST_WHOLE
from dashboard.intake.source import Source

FARTHEST = 100_000
"""A record this far beyond all that is known to exist is left alone; if it is true, a checkpoint will say so."""

_CATCH_UP = 500

log = structlog.get_logger()


def take(connection: sa.Connection, source: Source, data: bytes, now: str, *, resent: bool = False) -> bool:
    """Stores one record of the source's epoch, and folds what is now without a hole; whether it was new.

    `resent`: the site itself says so, and may say a husk for a record whose bytes it has dropped. From the record topic a
    husk would be the broker's word that there is nothing to see.
    """
    record = _sound(source, data, resent)
    if record is None:
        return False
    source.dirty = True
    if record.seq <= source.beyond:
        source.batch.write(connection)
        stored = connection.execute(_stored(source, record.seq)).scalar()
        if stored is not None:
            if leaf_of(bytes(stored)) != leaf_of(data) and not source.stopped:
                witness.stop(connection, source, "fork", f"seq {record.seq}", data, now)
            return False
    source.batch.record(row_of(source.ledger_site, source.epoch, record, data))
    source.beyond = max(source.beyond, record.seq)
    source.highest = max(source.highest, record.seq)
    if record.seq == source.applied + 1 and not source.stopped:
        _advance(connection, source, record, data)
        catch_up(connection, source)
    return True


def catch_up(connection: sa.Connection, source: Source) -> None:
    """Folds the records that waited behind a hole which is now closed."""
    while source.applied < source.beyond and not source.stopped:
        source.batch.write(connection)
        table = db.record.c
        query = (
            sa.select(table.seq, table.bytes)
            .where(table.ledger_site == source.ledger_site, table.epoch == source.epoch, table.seq > source.applied)
            .order_by(table.seq)
            .limit(_CATCH_UP)
        )
        for seq, data in connection.execute(query).all():
            if seq != source.applied + 1 or source.stopped:
                return
            _advance(connection, source, decode(bytes(data)), bytes(data))


def _advance(connection: sa.Connection, source: Source, record: Record, data: bytes) -> None:
    fold.apply(connection, source.batch, source.ledger_site, source.epoch, record)
    source.applied = record.seq
    source.dirty = True
    witness.grow(connection, source, data)


def _stored(source: Source, seq: int) -> sa.Select[bytes]:
    table = db.record.c
    of_seq = (table.ledger_site == source.ledger_site, table.epoch == source.epoch, table.seq == seq)
    return sa.select(table.bytes).where(*of_seq)


def _sound(source: Source, data: bytes, resent: bool) -> Record | None:
    try:
        record = decode(data)
        if not (resent and isinstance(record.body, Dropped)):
            moment(record.at)
    except (MalformedRecord, ValueError):
        source.malformed += 1
        source.dirty = True
        return None
    if isinstance(record.body, LedgerOpened | LedgerReopened) and record.body.epoch > source.epoch:
        return None  # the site has not said yet that it began another epoch
    if not 0 < record.seq <= max(source.highest, source.beyond, source.promised) + FARTHEST:
        source.malformed += 1
        source.dirty = True
        return None
    return record


def row_of(site: str, epoch: int, record: Record, data: bytes) -> dict[str, object]:
    """The row of `record` for these bytes, `arrival` left to the database."""
    about = facets(record)
    return {
        "ledger_site": site,
        "epoch": epoch,
        "seq": record.seq,
        "bytes": data,
        "at": record.at,
        "kind": record.kind,
        "portal": about.portal,
        "zone": about.zone,
        "person": _held(about.person),
        "operator": _held(about.operator),
        "code": about.code,
        "result": about.result,
        "mark": about.mark or None,
    }


def _held(number: int | None) -> int | None:
    return number if number is None or abs(number) <= LARGEST_WHOLE else None
