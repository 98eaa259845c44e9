"""Assets as the rules ask for them, and what those that are kept in a place ask of it (C1.2)."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from controller.record.kinds.asset import HELD
from controller.record.measures import Demand, holders, strictest
from controller.rules.asset import Entered
from controller.storage_facts.places import Places

DEMANDS = "select asset, place, measures, seq from asset where asks = 1"
"""What doors are to ask for: as many rows as there are assets that ask for anything."""


def entered(connection: sqlite3.Connection, number: int) -> Entered | None:
    """The asset with this number, withdrawn or not."""
    row = connection.execute(
        "select asset, place, state, registered_on, private, private_version from asset where asset = ?", (number,)
    ).fetchone()
    return None if row is None else Entered(*row)


def count(connection: sqlite3.Connection, places: Iterable[str]) -> int:
    """How many assets are kept in these places."""
    query = "select count(*) from asset where place = ? and state = ?"
    return sum(connection.execute(query, (place, HELD)).fetchone()[0] for place in places)


def secrecy(connection: sqlite3.Connection, place: str, places: Places) -> str:
    """The strictest class of what the place holds, in containers within it too; empty for none."""
    stands_in = places.stands_in
    counted = [place, *(other for other in stands_in if place in holders(other, stands_in))]
    query = "select distinct secrecy from asset where place = ? and state = ?"
    return strictest(row[0] for at in counted for row in connection.execute(query, (at, HELD)))


def demands(connection: sqlite3.Connection) -> dict[str, list[Demand]]:
    """By place, what doors into it are to ask for beyond `site.toml`; one query while no asset asks for anything."""
    rows = sorted(connection.execute(DEMANDS).fetchall())
    found: dict[str, list[Demand]] = defaultdict(list)
    stands_in = Places(connection).stands_in if rows else {}
    for asset, place, measures, seq in rows:
        for holder in holders(place, stands_in):
            found[holder] += [Demand(code, asset, seq) for code in measures.split()]
    return found
