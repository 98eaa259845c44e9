"""Who answers for which place: its manager and its deputy, and where it has none, those of what it stands in (C3.1)."""

import sqlalchemy as sa

from controller.record.nesting import around
from dashboard.database import projected
from dashboard.read.sites import Site, of_site


class Responsible:
    """The places of a site and their keepers, read once: some hundreds at most."""

    def __init__(self, connection: sa.Connection, site: Site) -> None:
        zone = projected["zone"]
        rows = connection.execute(sa.select(zone.c.zone, zone.c.inside).where(*of_site(zone, site)))
        self._inside = {row.zone: row.inside or "" for row in rows}
        container = projected["container"]
        query = sa.select(container.c.container, container.c.zone).where(*of_site(container, site))
        self._inside = {row.container: row.zone or "" for row in connection.execute(query)} | self._inside
        self._keepers = _keepers(connection, site)

    def of(self, place: str) -> tuple[int, ...]:
        """The people who answer for the place: manager first, then deputy; nobody where nobody was named."""
        found: dict[str, int] = {}
        for at in (place, *around(place, self._inside)):
            for duty in ("manager", "deputy"):
                if duty not in found and (at, duty) in self._keepers:
                    found[duty] = self._keepers[at, duty]
        return tuple(dict.fromkeys(found[duty] for duty in ("manager", "deputy") if duty in found))

    def around(self, place: str) -> tuple[str, ...]:
        """What the place lies or stands in, the nearest first."""
        return tuple(around(place, self._inside))

    def places_of(self, person: int) -> list[str]:
        """The places that this person answers for."""
        if person not in self._keepers.values():
            return []
        return [place for place in self._inside if person in self.of(place)]


def _keepers(connection: sa.Connection, site: Site) -> dict[tuple[str, str], int]:
    """By place and duty, whoever was named and is here."""
    keeper, person = projected["keeper"], projected["person"]
    here = sa.and_(
        person.c.ledger_site == keeper.c.ledger_site, person.c.epoch == keeper.c.epoch, person.c.person == keeper.c.person
    )
    query = sa.select(keeper.c.place, keeper.c.duty, keeper.c.person).join(person, here)
    rows = connection.execute(query.where(*of_site(keeper, site), keeper.c.state == "active", person.c.state == "active"))
    return {(row.place, row.duty): row.person for row in rows}
