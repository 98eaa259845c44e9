"""Inventory rounds of keys: which are open, what was counted, what the last ones found (C8.2)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.key import RETIRED
from dashboard.database import projected
from dashboard.read import keys
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.read.sites import of_site

PAGE = 100


@dataclass(frozen=True, slots=True)
class Audit:
    """One round."""

    audit: int
    place: str
    place_name: str
    cause: str
    by_two: bool
    due_at: str
    begun_at: str
    state: str
    expected: int | None
    found: int | None
    deviations: int | None
    ended_at: str
    ended_by_name: str
    counted: int


@dataclass(frozen=True, slots=True)
class Line:
    """One key of a round; `seen` empty: not counted yet."""

    key: Key
    expected: str
    seen: str
    deviation: bool
    counted_by: str
    at: str


def listed(connection: sa.Connection, names: Names) -> list[Audit]:
    """The rounds, open ones first, then the newest."""
    table = projected["key_audit"]
    query = sa.select(table).where(*of_site(table, names.site))
    order = (sa.case((table.c.state == "open", 0), else_=1), table.c.key_audit.desc())
    rows = connection.execute(query.order_by(*order).limit(PAGE)).all()
    names.learn((), (row.ended_by for row in rows))
    return [_audit(connection, row, names) for row in rows]


def one(connection: sa.Connection, names: Names, number: int) -> Audit | None:
    """One round."""
    table = projected["key_audit"]
    row = connection.execute(
        sa.select(table).where(*of_site(table, names.site), table.c.key_audit == number)
    ).first()
    if row is None:
        return None
    names.learn((), [row.ended_by])
    return _audit(connection, row, names)


def lines(connection: sa.Connection, names: Names, audit: Audit) -> list[Line]:
    """The keys of the place with what was counted of each; of a round that is over, those that were counted."""
    table = projected["key_count"]
    rows = connection.execute(
        sa.select(table).where(*of_site(table, names.site), table.c.key_audit == audit.audit)
    ).all()
    names.learn((), (row.operator for row in rows))
    counted = {row.lock_key: row for row in rows}
    found = [
        key
        for key in keys.listed(connection, names, retired=True)
        if key.key in counted or (audit.state == "open" and key.home == audit.place and key.state != RETIRED)
    ]
    return [_line(key, counted.get(key.key), names) for key in found]


def places(connection: sa.Connection, names: Names) -> list[str]:
    """The places where keys are kept and none of them is being counted."""
    key, audit = projected["lock_key"], projected["key_audit"]
    running = sa.select(audit.c.place).where(*of_site(audit, names.site), audit.c.state == "open")
    query = sa.select(key.c.home).where(*of_site(key, names.site), key.c.state != RETIRED, key.c.home.not_in(running))
    return list(connection.execute(query.distinct().order_by(key.c.home)).scalars())


def _line(key: Key, row: Any, names: Names) -> Line:  # noqa: ANN401 - a row of key_count, or None
    if row is None:
        return Line(key, key.state, "", False, "", "")
    return Line(key, row.expected, row.seen, bool(row.deviation), names.operator(row.operator), row.at)


def _audit(connection: sa.Connection, row: Any, names: Names) -> Audit:  # noqa: ANN401 - a row of key_audit
    table = projected["key_count"]
    query = sa.select(sa.func.count()).select_from(table)
    counted = connection.execute(query.where(*of_site(table, names.site), table.c.key_audit == row.key_audit)).scalar_one()
    return Audit(
        row.key_audit,
        row.place,
        names.places.get(row.place, row.place),
        row.cause,
        bool(row.by_two),
        row.due_at,
        row.begun_at,
        row.state,
        row.expected,
        row.found,
        row.deviations,
        row.ended_at or "",
        names.operator(row.ended_by),
        int(counted),
    )
