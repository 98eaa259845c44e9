"""What became of requests, as the ledger says it: a reply can be lost.

Only what a checkpoint covers counts. A record by itself is nobody's word: who may publish one could say of a revocation that it
was accepted, and the dashboard would send it no more, while the badge goes on opening.
"""

import sqlalchemy as sa

from controller.record.envelope import Record, decode
from controller.record.kinds.request import RequestAccepted, RequestRefused
from controller.record.topics import Reply
from dashboard import database as db
from dashboard.intake.fold import LARGEST_WHOLE
from dashboard.intake.source import Source
from dashboard.outbox import mark_replied

_KINDS = ("request.accepted", "request.refused")


def covered(connection: sa.Connection, source: Source, after: int, upto: int) -> None:
    """Takes the answers in the records behind `after` up to `upto`, which the site has signed for."""
    waits = sa.select(db.outbox.c.id).filter_by(ledger_site=source.ledger_site, replied_at=None).limit(1)
    if connection.execute(waits).first() is None:
        return
    source.batch.write(connection)
    table = db.record.c
    query = sa.select(table.bytes).where(
        table.ledger_site == source.ledger_site, table.epoch == source.epoch, table.seq > after, table.seq <= upto,
        table.kind.in_(_KINDS),
    ).order_by(table.seq)  # fmt: skip
    for data in connection.execute(query).scalars().all():
        _answer(connection, source, decode(bytes(data)))


def _answer(connection: sa.Connection, source: Source, record: Record) -> None:
    match record.body:
        case RequestAccepted(request=request, first=first, last=last):
            reply = Reply(request, None, "", first, last, record.at)
        case RequestRefused(request=request, code=code, place=place):
            reply = Reply(request, code, place, record.seq, record.seq, record.at)
        case _:
            return
    if all(number is None or 0 <= number <= LARGEST_WHOLE for number in (reply.first, reply.last)):
        mark_replied(connection, source.ledger_site, reply)
