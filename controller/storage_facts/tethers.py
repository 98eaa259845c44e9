"""What the rules of tethers ask of the tables."""

import sqlite3
from collections.abc import Iterable

from controller.rules.tether_round import Round, Tethered


def thing(connection: sqlite3.Connection, number: int) -> Tethered | None:
    """A thing on the list, or one that was."""
    row = connection.execute(
        "select tethered, place, every_days, state from tethered where tethered = ?", (number,)
    ).fetchone()
    return None if row is None else Tethered(*row)


def is_listed(connection: sqlite3.Connection, equipment: str) -> bool:
    """Whether something on the list is called so."""
    row = connection.execute("select 1 from tethered where equipment = ? and state = 'registered'", (equipment,))
    return row.fetchone() is not None


def count(connection: sqlite3.Connection) -> int:
    """How many things are on the list."""
    row = connection.execute("select count(*) from tethered where state = 'registered'").fetchone()
    listed: int = row[0]
    return listed


def listed(connection: sqlite3.Connection, places: Iterable[str] | None) -> tuple[int, ...]:
    """The things on the list in these places; None: everywhere. In the order of their numbers."""
    rows = connection.execute("select tethered, place from tethered where state = 'registered' order by tethered")
    wanted = None if places is None else frozenset(places)
    return tuple(number for number, place in rows if wanted is None or place in wanted)


def is_running(connection: sqlite3.Connection) -> bool:
    """Whether a round has begun and not ended."""
    return connection.execute("select 1 from tether_round where state = 'open'").fetchone() is not None


def round_of(connection: sqlite3.Connection, number: int) -> Round | None:
    """A round with what was found in it."""
    row = connection.execute("select place, state from tether_round where tether_round = ?", (number,)).fetchone()
    if row is None:
        return None
    found = connection.execute("select tethered, result from tether_check where tether_round = ?", (number,))
    return Round(number, row[0], row[1], dict(found.fetchall()))
