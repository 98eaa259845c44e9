"""Special days that operators set or asked for: other hours on one day, by whom and why (C8.8)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names

MOST = 400


@dataclass(frozen=True, slots=True)
class Special:
    """A special day that an operator asked for."""

    special_day: int
    day: str
    schedule: str
    hours: str
    state: str
    reason: str
    requested_by: int
    requested_by_name: str
    decided_by_name: str


def special_days(connection: sa.Connection, names: Names, since: date, only: int | None = None) -> list[Special]:
    """Those that hold or wait, from this day on; or the one with this number, in any state."""
    table = projected["special_day"]
    query = sa.select(table).where(table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch)
    if only is not None:
        query = query.where(table.c.special_day == only)
    else:
        query = query.where(table.c.day >= since.isoformat(), table.c.state.in_(("set", "requested")))
    rows = connection.execute(query.order_by(table.c.day, table.c.special_day).limit(MOST)).all()
    names.learn(operators=(id for row in rows for id in (row.requested_by, row.decided_by)))
    texts = names.private(row.reason for row in rows if row.reason)
    return [_special(row, names, texts.get(row.reason, {}).get("reason", "")) for row in rows]


def waiting(connection: sa.Connection, names: Names, since: date) -> int:
    """How many special days wait for their approval."""
    return sum(one.state == "requested" for one in special_days(connection, names, since))


def _special(row: Any, names: Names, reason: str) -> Special:  # noqa: ANN401 - a row of special_day
    return Special(
        row.special_day,
        row.day,
        row.schedule,
        row.hours,
        row.state,
        reason,
        row.requested_by,
        names.operator(row.requested_by),
        names.operator(row.decided_by),
    )
