"""What became of a request that this dashboard sent."""

from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import outbox, record


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `waiting`, `accepted`, `refused` (with code and place) or `expired`."""

    id: str
    site: str
    kind: str
    account: int | None
    operator: int
    created_at: str
    expires_at: str | None
    published_at: str | None
    state: str
    code: str
    place: str
    first: int | None
    last: int | None
    replied_at: str | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state != "waiting"


def one(connection: sa.Connection, id: str) -> Asked | None:
    """One request by its id."""
    table = outbox.c
    query = sa.select(
        table.id,
        table.ledger_site,
        table.kind,
        table.account,
        table.operator,
        table.created_at,
        table.expires_at,
        table.published_at,
        table.state,
        sa.func.coalesce(table.reply_code, ""),
        sa.func.coalesce(table.reply_place, ""),
        table.first_seq,
        table.last_seq,
        table.replied_at,
    ).where(table.id == id)
    row = connection.execute(query).first()
    return None if row is None else Asked(*tuple(row))


def person_registered(connection: sa.Connection, site: str, epoch: int, asked: Asked) -> int | None:
    """The person that an accepted registration made, once its record is here."""
    if asked.first is None or asked.last is None:
        return None
    mine = (record.c.ledger_site == site, record.c.epoch == epoch, record.c.seq.between(asked.first, asked.last))
    query = sa.select(record.c.person).where(*mine, record.c.kind == "person.registered")
    return connection.execute(query).scalar()
