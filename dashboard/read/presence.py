"""Who is where, by the copies here: the muster list with its names, and entries that were noted by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.muster import Doubt, Muster, Place, Present, muster
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site

MOST_NOTED = 200
"""Entries by hand that the page lists, the newest first; the ledger has all."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The list of a site as it stands here, with what the zones take at most."""

    list: Muster
    most: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry that was noted by hand."""

    note: int
    person: int
    name: str
    portal: str
    side: str
    zone: str
    book_at: str
    state: str
    noter: str
    noted_by: int
    decider: str
    moved: bool
    reason: str


def inside(connection: sa.Connection, names: Names, only: str = "") -> Inside:
    """Who is inside the site, or the zone `only`; the names are learnt."""
    zone = projected["zone"]
    plan = connection.execute(_mine(zone, names).order_by(zone.c.position)).all()
    found = muster(_places(connection, names), _doubts(connection, names), {row.zone: row.inside or "" for row in plan}, only)
    names.learn(present.person for one in found.zones for present in one.people)
    return Inside(found, {row.zone: row.most_inside or 0 for row in plan})


def count(connection: sa.Connection, site: Site) -> int:
    """How many people are inside the site, by the copies here."""
    table = projected["presence"]
    here = (table.c.ledger_site == site.id, table.c.epoch == site.epoch, table.c.zone != "")
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(*here)).scalar_one()


def whereabouts(connection: sa.Connection, names: Names, person: int) -> Present | None:
    """Where one person is; None for somebody who is outside, or was never seen."""
    place = _places(connection, names, projected["presence"].c.person == person)
    found = muster(place, _doubts(connection, names), {})
    return next((one for zone in found.zones for one in zone.people), None)


def _places(connection: sa.Connection, names: Names, *more: sa.ColumnElement[bool]) -> list[Place]:
    table = projected["presence"]
    columns = [table.c[name] for name in ("person", "zone", "since", "certain", "source", "portal", "seq")]
    query = sa.select(*columns).where(*of_site(table, names.site), table.c.zone != "", *more)
    return [Place(*row) for row in connection.execute(query)]


def _doubts(connection: sa.Connection, names: Names) -> list[Doubt]:
    table = projected["presence_doubt"]
    columns = [table.c[name] for name in ("zone", "portal", "reason", "standing", "at", "seq")]
    return [Doubt(*row) for row in connection.execute(sa.select(*columns).where(*of_site(table, names.site)))]


def noted(connection: sa.Connection, names: Names) -> list[Noted]:
    """Entries by hand: those that wait first, then the newest."""
    table = projected["noted_entry"]
    order = (sa.case((table.c.state == "noted", 0), else_=1), table.c.note.desc())
    rows = connection.execute(_mine(table, names).order_by(*order).limit(MOST_NOTED)).all()
    return _entries(rows, names)


def entry(connection: sa.Connection, names: Names, note: int) -> Noted | None:
    """The entry with this number."""
    table = projected["noted_entry"]
    found = _entries(connection.execute(_mine(table, names).where(table.c.note == note)).all(), names)
    return found[0] if found else None


def _entries(rows: Any, names: Names) -> list[Noted]:  # noqa: ANN401 - rows of the table
    names.learn((row.person for row in rows), [row.noted_by for row in rows] + [row.decided_by for row in rows])
    texts = names.private(row.reason for row in rows)
    return [
        Noted(
            row.note,
            row.person,
            names.person(row.person),
            names.portals.get(row.portal, row.portal),
            row.side,
            names.zones.get(row.zone, row.zone),
            row.book_at,
            row.state,
            names.operator(row.noted_by),
            row.noted_by,
            names.operator(row.decided_by),
            bool(row.moved),
            texts.get(row.reason, {}).get("reason", ""),
        )
        for row in rows
    ]


def _mine(table: sa.Table, names: Names) -> sa.Select[Any]:
    return sa.select(table).where(*of_site(table, names.site))
