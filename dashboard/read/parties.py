"""People who may only pass together: whom a portal waits for, who was left behind, and what the zones ask (C7.7, C8.9)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.portals import live_rows


@dataclass(frozen=True, slots=True)
class Waiting:
    """A portal waits for somebody: `code` says for whom, an `escort` or a `second_person`; so many stand there."""

    code: str
    people: int
    until_at: str


@dataclass(frozen=True, slots=True)
class Violation:
    """Somebody is inside a zone without the others that it asks for; `companion` left them, empty for nobody known."""

    zone: str
    zone_name: str
    person: int
    name: str
    code: str
    companion: str
    at: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a zone asks of those who pass together."""

    two_person: bool
    together_s: int
    escort_ratio: int


def waiting(connection: sa.Connection, names: Names, portal: str, now: str) -> Waiting | None:
    """Whom the portal waits for at this time, by the site's live word where that is newer; None for nobody."""
    row, _ = live_rows(connection, names.site, "awaited", "portal").get(portal, ({}, False))
    if not row.get("code") or (row.get("until_at") or "") <= now:
        return None
    return Waiting(row["code"], row["waiting"], row["until_at"])


def violations(connection: sa.Connection, names: Names, zones: Sequence[str] | None = None) -> list[Violation]:
    """The violations that last, of these zones or of all, the oldest first."""
    table = projected["zone_violation"]
    query = sa.select(table).where(table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch)
    if zones is not None:
        query = query.where(table.c.zone.in_(zones))
    rows = connection.execute(query.order_by(table.c.seq)).all()
    names.learn({person for row in rows for person in (row.person, row.companion)})
    return [
        Violation(
            row.zone,
            names.zones.get(row.zone, row.zone),
            row.person,
            names.person(row.person),
            row.code,
            names.person(row.companion) if row.companion else "",
            row.at,
        )
        for row in rows
    ]


def asked(connection: sa.Connection, names: Names) -> dict[str, Asked]:
    """What each zone asks; nothing of a site that says nothing of it."""
    table = projected["zone"]
    query = sa.select(table).where(table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch)
    return {
        row.zone: Asked(bool(row.two_person), row.together_s, row.escort_ratio)
        for row in connection.execute(query)
        if row.together_s is not None
    }


def interlocked(connection: sa.Connection, names: Names, portal: str) -> list[str]:
    """What the portals are called that are interlocked with this one."""
    table = projected["portal"]
    query = sa.select(table.c.interlock).where(
        table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch, table.c.portal == portal
    )
    others = connection.execute(query).scalar() or ""
    return [names.portals.get(other, other) for other in others.split()]
