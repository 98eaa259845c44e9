"""What waits for a decision at a site, and which of it an account may decide: another's, in its scope (C7.3)."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.accounts import Operator
from dashboard.read.sites import Site, of_site


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of request that somebody else decides: its table, the kind of request that does, and where it is about."""

    table: str
    request: str
    place: str = ""
    """The column of the place; empty for none."""
    asker: str = "requested_by"
    state: str = "requested"


SORTS = (
    Sort("access_right", "right.approve", "zone"),
    Sort("membership", "membership.approve"),
    Sort("special_day", "special_day.approve"),
    Sort("appointment", "keeper.approve", "place"),
)
"""What the pages let people decide; of a table that this version does not have, nothing waits."""


def counts(connection: sa.Connection, site: Site, operator: Operator, sorts: Iterator[Sort] | tuple[Sort, ...]) -> int:
    """How much of these sorts waits there that this operator did not ask for, and that is in their scope."""
    found = 0
    for sort in sorts:
        if sort.table not in projected:
            continue
        table = projected[sort.table]
        wanted = [*of_site(table, site), table.c.state == sort.state, table.c[sort.asker] != operator.operator]
        if sort.place and "*" not in operator.scope:
            wanted.append(table.c[sort.place].in_(sorted(operator.scope)))
        query = sa.select(sa.func.count()).select_from(table).where(*wanted)
        found += connection.execute(query).scalar_one()
    return found
