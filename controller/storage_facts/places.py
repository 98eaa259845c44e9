"""Places: zones of `site.toml`, and containers on record. One namespace; where both have an id, it is the zone's."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from controller.record.measures import holders
from controller.record.nesting import around

ROOM, CONTAINER = "room", "container"


@dataclass(frozen=True, slots=True)
class Place:
    """A place that exists now."""

    id: str
    around: tuple[str, ...]
    """The places that it lies or stands in, the nearest first."""
    container: bool
    """Whether it is a cupboard or a safe, of either sort."""
    registered: bool
    """Whether it is a record's, and no zone of `site.toml`."""


class Places:
    """Every place of the moment, read once: for the questions of one request, and for what is kept between turns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        zones = connection.execute("select zone, inside, zone_kind from zone").fetchall()
        containers = connection.execute("select container, zone from container where state = 'in_use'").fetchall()
        kinds = {zone: kind == CONTAINER for zone, _, kind in zones}
        self._registered = {id for id, _ in containers if id not in kinds}
        self._inside: dict[str, str] = {zone: inside or "" for zone, inside, _ in zones}
        self._inside |= {id: zone for id, zone in containers if id in self._registered}
        self._container = kinds | dict.fromkeys(self._registered, True)

    def __contains__(self, id: object) -> bool:
        return id in self._inside

    def __iter__(self) -> Iterator[str]:
        return iter(self._inside)

    def find(self, id: str) -> Place | None:
        """The place with this id; None for none that exists now."""
        if id not in self._inside:
            return None
        return Place(id, around(id, self._inside), self._container[id], id in self._registered)

    @property
    def stands_in(self) -> dict[str, str]:
        """By container of either sort, what it stands in."""
        return {id: self._inside[id] for id, container in self._container.items() if container and self._inside[id]}

    def in_scope(self, scope: frozenset[str]) -> frozenset[str]:
        """An operator's scope with the registered containers that stand in it: whoever answers for a room does for those."""
        found = set(scope)
        for id in self._registered:
            stands_in = holders(id, {one: self._inside[one] for one in self._registered})
            if not scope.isdisjoint(stands_in):
                found.add(id)
        return frozenset(found)

    def within(self, id: str) -> list[str]:
        """The places that lie or stand in this one, at any depth."""
        return [other for other in self._inside if id in around(other, self._inside)]
