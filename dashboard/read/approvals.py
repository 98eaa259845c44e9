"""What waits for a decision at a site, and which of it an operator may decide: another's, in their scope (C7.3, C4.2, C8.2)."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.accounts import Operator
from dashboard.read.sites import Site, of_site


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of request that somebody else decides: its table, the kind of request that does so, and the page of them."""

    table: str
    request: str
    page: str
    place: str = ""
    """The column of the place that it is about; empty for none."""
    asker: str = "requested_by"
    state: str = "requested"


SORTS = (
    Sort("access_right", "right.approve", "rights.page", "zone"),
    Sort("membership", "membership.approve", "rights.page"),
    Sort("special_day", "special_day.approve", "schedules.page"),
    Sort("appointment", "keeper.approve", "places.page", "place"),
    Sort("key_loan", "key.authorise", "key_loans.page", "place", "asked_by", "asked"),
    Sort("custody", "custody.approve", "custody.approvals", "home"),
    Sort("transport", "transport.approve", "transports.page", "from_place"),
    Sort("carrier_assessment", "carrier.approve", "carriers.page", "", "operator"),
)
"""What the pages let people decide."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of one sort waits."""

    sort: Sort
    count: int


def waiting(connection: sa.Connection, site: Site, operator: Operator, sorts: Iterable[Sort]) -> list[Waiting]:
    """What of these sorts waits there that this operator did not ask for and that is in their scope; nothing of none."""
    places = None if "*" in operator.scope else _within(connection, site, operator.scope)
    found = [Waiting(sort, _count(connection, site, operator, sort, places)) for sort in sorts]
    return [one for one in found if one.count]


def _count(connection: sa.Connection, site: Site, operator: Operator, sort: Sort, places: list[str] | None) -> int:
    table = projected[sort.table]
    another = sa.func.coalesce(table.c[sort.asker], 0) != operator.operator
    wanted = [*of_site(table, site), table.c.state == sort.state, another]
    if sort.place and places is not None:
        wanted.append(table.c[sort.place].in_(places))
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*wanted)).scalar_one())


def _within(connection: sa.Connection, site: Site, scope: Iterable[str]) -> list[str]:
    """The zones of a scope, and the containers that stand in them."""
    zones = sorted(scope)
    container = projected["container"]
    query = sa.select(container.c.container).where(*of_site(container, site), container.c.zone.in_(zones))
    return [*zones, *connection.execute(query).scalars()]
