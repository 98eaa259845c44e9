"""Containers as the rules ask for them: where one stands, and what would end with it (C8.1)."""

import sqlite3
from collections.abc import Collection, Iterable

from controller.rules.container import Standing, Target
from controller.storage_facts import assets, keepers
from controller.storage_facts.places import Places


def taken(connection: sqlite3.Connection, zones: Iterable[str]) -> Collection[str]:
    """The ids that no new container may have: of zones, and of containers, also of those out of service."""
    return {*zones, *(id for (id,) in connection.execute("select container from container"))}


def target(places: Places, id: str) -> Target | None:
    """Where a container shall stand; None where there is no such place."""
    found = places.find(id)
    return None if found is None else Target(found.id, found.around)


def standing(connection: sqlite3.Connection, places: Places, id: str) -> Standing | None:
    """The container in service with this id; None for none, and for a zone."""
    found = places.find(id)
    if found is None or not found.registered:
        return None
    rights = connection.execute(
        """select access_right from access_right where zone = ? and state in ('active', 'requested', 'suspended')
        order by access_right""",
        (id,),
    ).fetchall()
    within = places.within(id)
    return Standing(
        id,
        found.around[0] if found.around else "",
        assets.count(connection, (id, *within)),
        len(within),
        [number for (number,) in rights],
        keepers.held_at(connection, id),
        keepers.last_appointment(connection, id),
    )
