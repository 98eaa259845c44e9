"""Why the doors refused one person lately: for that person alone (`ux.md` §2, My page)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from controller.record.canonical import timestamp
from controller.record.words import words
from dashboard.database import projected, record
from dashboard.read.lines import COLUMNS, body_of, condition_name
from dashboard.read.names import Names

LATELY = timedelta(days=30)
MOST = 10


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal of this person: when, where, the code and its words, and which pledge or course it was about."""

    at: str
    epoch: int
    seq: int
    where: str
    code: str
    why: str
    condition: str


def of_person(connection: sa.Connection, names: Names, person: int, now: datetime) -> list[Refused]:
    """The person's own refusals of the last 30 days, the newest first."""
    query = (
        sa.select(*COLUMNS)
        .where(
            record.c.ledger_site == names.site.id,
            record.c.epoch == names.site.epoch,
            record.c.person == person,
            record.c.kind == "entry.refused",
            record.c.at >= timestamp(now - LATELY),
        )
        .order_by(record.c.seq.desc())
        .limit(MOST)
    )
    found = []
    for row in connection.execute(query):
        about = condition_name(row.code, body_of(row.bytes), names)
        why = words(row.code, names.lang, "code")
        where = names.portals.get(row.portal, row.portal)
        found.append(Refused(row.at, row.epoch, row.seq, where, row.code, why, about))
    return found


def whom_to_ask(connection: sa.Connection, names: Names, person: int, most: int = 5) -> list[str]:
    """The names of the operators who may put things right for this person: managers before administrators, not they."""
    table = projected["operator"].c
    query = sa.select(table.operator, table.roles, table.person).where(
        table.ledger_site == names.site.id, table.epoch == names.site.epoch, table.state == "active"
    )
    fitting = []
    for number, roles, same in connection.execute(query.order_by(table.operator)):
        rank = [role for role in ("manager", "administrator") if role in (roles or "").split()]
        if rank and same != person:
            fitting.append(("manager" not in rank, number))
    chosen = [number for _, number in sorted(fitting)[:most]]
    names.learn((), chosen)
    return [names.operator(number) for number in chosen]
