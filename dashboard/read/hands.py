"""Badge-driven containers that stand open, and in whose hands each is; and the site's stations (C8.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.portals import live_rows
from dashboard.read.sites import of_site


@dataclass(frozen=True, slots=True)
class Hands:
    """A container that stands open: who has it, since when. `who` empty: nobody knows."""

    zone: str
    name: str
    portal: str
    who: str
    cause: str
    at: str


@dataclass(frozen=True, slots=True)
class Station:
    """A reader that opens no door. `failed`: why it does not answer; empty while it does."""

    station: str
    name: str
    place: str
    part: str
    failed: str


def open_now(connection: sa.Connection, names: Names, portal: str = "") -> list[Hands]:
    """The containers that stand open, by who opened them first; or the one behind a portal."""
    table = projected["container_use"]
    query = sa.select(table).where(*of_site(table, names.site)).order_by(table.c.seq)
    rows = connection.execute(query if not portal else query.where(table.c.portal == portal)).all()
    people = {row.zone: [int(one) for one in (row.people or "").split()] for row in rows}
    names.learn(one for found in people.values() for one in found)
    between = "、" if names.lang == "ja" else ", "
    return [
        Hands(
            row.zone,
            names.place(row.zone),
            row.portal,
            between.join(names.person(one) for one in people[row.zone]),
            row.cause,
            row.opened_at,
        )
        for row in rows
    ]


def stations(connection: sa.Connection, names: Names) -> Sequence[Station]:
    """The site's stations, in the order of its settings."""
    table = projected["station"]
    query = sa.select(table.c.station, table.c.zone, table.c.part).where(*of_site(table, names.site))
    failed = {part: row for part, (row, _) in live_rows(connection, names.site, "part", "part").items()}
    return [
        Station(
            row.station,
            names.stations.get(row.station, row.station),
            names.place(row.zone),
            row.part or "",
            (failed[row.part]["reason"] or "other")
            if row.part in failed and failed[row.part]["state"] == "failed"
            else "",
        )
        for row in connection.execute(query.order_by(table.c.position))
    ]
