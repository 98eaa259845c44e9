"""Gives a site back what it has lost: the records that it asks for, as they came, and the private rows that they refer to.

The site believes nothing of it but what leads to a checkpoint of its own. Records are what the broker carried anyway; private
rows are sealed to the site. Whoever repeats an old question of the site's gets an answer that only the site can use.
"""

import sqlalchemy as sa

from controller.record.canonical import canonical
from controller.record.envelope import MalformedRecord, decode
from controller.record.keys import KeyPair
from controller.record.private import PrivateRow, private_refs
from controller.record.sealed import seal
from controller.record.signed import sign_message
from controller.record.topics import RESEND_BATCH, Recover, Recovered, Topics
from dashboard import database as db
from dashboard.intake import erasing
from dashboard.intake.source import Source

LARGEST = 150_000
"""Bytes of records and sealed rows in one answer, about; the first record goes in any case."""


def answer(engine: sa.Engine, keys: KeyPair, source: Source, asked: Recover) -> tuple[str, bytes]:
    """Topic and signed answer: the newest witnessed checkpoint, and the next records of that epoch from `first` on."""
    topic = Topics(source.ledger_site).recovered(keys.public.id)
    records: list[str] = []
    boxes: list[str] = []
    if asked.first > 0:
        with engine.connect() as connection:
            _gather(connection, source, asked, topic, records, boxes)
    said = Recovered(
        asked.request, keys.public.text(), source.checkpoint_note or "", asked.epoch, asked.first, tuple(records), tuple(boxes)
    )
    return topic, sign_message(keys, topic, said)


def _gather(
    connection: sa.Connection, source: Source, asked: Recover, topic: str, records: list[str], boxes: list[str]
) -> None:
    """As many records as one message holds, without a hole, each with its private rows."""
    table = db.record.c
    query = (
        sa.select(table.seq, table.bytes)
        .where(table.ledger_site == source.ledger_site, table.epoch == asked.epoch, table.seq >= asked.first)
        .order_by(table.seq)
        .limit(RESEND_BATCH)
    )
    sent: set[str] = set()
    size = 0
    for place, (seq, data) in enumerate(connection.execute(query).all(), asked.first):
        rows = _rows(connection, source.ledger_site, bytes(data), sent)
        sealed = [seal(source.keys.sealing, topic.encode(), canonical(row)).hex() for row in rows]
        size += len(data) + sum(map(len, sealed))
        if seq != place or (size > LARGEST and records):
            return
        records.append(bytes(data).decode())
        boxes += sealed
        sent |= {row.id for row in rows}


def _rows(connection: sa.Connection, site: str, data: bytes, sent: set[str]) -> list[PrivateRow]:
    """The private rows that a record refers to, as far as they are here and were not sent already."""
    try:
        ids = {ref.id for ref in private_refs(decode(data).body).values()} - sent
    except MalformedRecord:
        return []
    table = db.private_text.c
    mine = (table.ledger_site == site, table.id.in_(ids), erasing.held)
    query = sa.select(table.id, table.version, table.text, table.salt).where(*mine)
    return [PrivateRow(*row) for row in connection.execute(query).all()] if ids else []
