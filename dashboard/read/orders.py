"""What operators have ordered of a site's doors and still holds: overrides and lockdowns (C8.8)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names

SITE = "*"
"""The zone of a lockdown of the whole site."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: of a portal (`posture` `open` or `locked`, until then) or of a zone's lockdown (no end)."""

    place: str
    posture: str
    until_at: str
    who: str
    reason: str
    at: str


def override(connection: sa.Connection, names: Names, portal: str) -> Order | None:
    """The override of a portal."""
    table = projected["portal_override"]
    row = connection.execute(sa.select(table).where(*_here(table, names), table.c.portal == portal)).first()
    return None if row is None else _order(names, row, row.portal, row.posture, row.until_at)


def lockdowns(connection: sa.Connection, names: Names) -> dict[str, Order]:
    """The lockdowns of a site by zone, `*` for all of it."""
    table = projected["lockdown"]
    rows = connection.execute(sa.select(table).where(*_here(table, names)).order_by(table.c.zone)).all()
    return {row.zone: _order(names, row, row.zone, "locked", "") for row in rows}


def _here(table: sa.Table, names: Names) -> tuple[sa.ColumnElement[bool], ...]:
    return (table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch)


def _order(names: Names, row: Any, place: str, posture: str, until_at: str) -> Order:  # noqa: ANN401 - a database row
    names.learn(operators=[row.operator])
    reason = names.private([row.reason]).get(row.reason, {}).get("reason", "")
    return Order(place, posture, until_at, names.operator(row.operator), reason, row.at)
