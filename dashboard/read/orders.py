"""What operators have ordered of a site's doors and still holds: overrides and lockdowns (C8.8)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.nesting import concerned
from dashboard.database import projected, source
from dashboard.read.names import Names
from dashboard.read.portals import Tile, tiles
from dashboard.read.sites import of_site

SITE = "*"
"""The zone of a lockdown of the whole site."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: of a portal (`posture` `open` or `locked`, until then) or of a zone's lockdown (no end).

    Of an evacuation, `posture` is who began it: `operator`, `console` or `input`.
    """

    place: str
    posture: str
    until_at: str
    who: str
    reason: str
    at: str


def override(connection: sa.Connection, names: Names, portal: str) -> Order | None:
    """The override of a portal."""
    table = projected["portal_override"]
    row = connection.execute(sa.select(table).where(*of_site(table, names.site), table.c.portal == portal)).first()
    return None if row is None else _order(names, row, row.portal, row.posture, row.until_at)


def overrides(connection: sa.Connection, names: Names) -> dict[str, Order]:
    """The overrides of a site by portal."""
    table = projected["portal_override"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site))).all()
    return {row.portal: _order(names, row, row.portal, row.posture, row.until_at) for row in rows}


def lockdowns(connection: sa.Connection, names: Names) -> dict[str, Order]:
    """The lockdowns of a site by zone, `*` for all of it."""
    table = projected["lockdown"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site)).order_by(table.c.zone)).all()
    return {row.zone: _order(names, row, row.zone, "locked", "") for row in rows}


def evacuations(connection: sa.Connection, names: Names) -> dict[str, Order]:
    """The evacuations of a site by zone, `*` for all of it. Who began one at the console, or by a contact, has no name."""
    table = projected["evacuation"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site)).order_by(table.c.zone)).all()
    return {row.zone: _order(names, row, row.zone, row.cause, "") for row in rows}


def doors_of(connection: sa.Connection, names: Names, place: str) -> list[Tile]:
    """The doors that an order for this place concerns: those of the zone and of the zones in it; `*`: all of the site."""
    zone = projected["zone"]
    rows = connection.execute(sa.select(zone.c.zone, zone.c.inside).where(*of_site(zone, names.site)))
    inside = {row.zone: row.inside for row in rows}
    return [t for t in tiles(connection, names) if place == SITE or place in concerned(t.inner, t.outer, inside)]


def ordered_text(connection: sa.Connection, names: Names) -> str:
    """Which lockdowns and evacuations stand at a site, in one text, for a page to see that it changed."""
    evacuated = [f"evacuation:{zone}" for zone in evacuations(connection, names)]
    return " ".join([*lockdowns(connection, names), *evacuated])


def evacuated_sites(connection: sa.Connection, among: Collection[str]) -> list[str]:
    """Those of these sites at which an evacuation stands. Asked for every page."""
    table = projected["evacuation"].c
    mine = sa.and_(table.ledger_site == source.c.ledger_site, table.epoch == source.c.epoch)
    query = sa.select(source.c.ledger_site).join_from(source, projected["evacuation"], mine).distinct()
    return [id for (id,) in connection.execute(query.where(source.c.ledger_site.in_(among)))]


def _order(names: Names, row: Any, place: str, posture: str, until_at: str) -> Order:  # noqa: ANN401 - a database row
    names.learn(operators=[row.operator])
    reason = names.private([row.reason]).get(row.reason, {}).get("reason", "") if row.reason else ""
    return Order(place, posture, until_at, names.operator(row.operator), reason, row.at)
