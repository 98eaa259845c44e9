"""Who answers for a place: its manager and deputy, and where it has none, those of what it stands in (C3.1)."""

import sqlite3
from collections.abc import Iterator

from controller.record.kinds.keeper import DEPUTY, MANAGER
from controller.rules.keeper import Proposal
from controller.storage_facts.places import Places

_KEPT = """select keeper.duty, keeper.person from keeper join person on person.person = keeper.person
    where keeper.place = ? and keeper.state = 'active' and person.state = 'active'"""
_MOST_DEEP = 16
"""So far outwards is looked; a plan that is deeper is a circle."""


def own(connection: sqlite3.Connection, place: str) -> tuple[int | None, int | None]:
    """Manager and deputy of the place itself; None for one who was never named, has left or is suspended."""
    found = dict(connection.execute(_KEPT, (place,)).fetchall())
    return found.get(MANAGER), found.get(DEPUTY)


def of(connection: sqlite3.Connection, place: str) -> tuple[int | None, int | None]:
    """Manager and deputy who answer for the place now: its own, else each of the nearest place around that has one."""
    manager = deputy = None
    for at in _outwards(connection, place):
        near_manager, near_deputy = own(connection, at)
        manager = near_manager if manager is None else manager
        deputy = near_deputy if deputy is None else deputy
        if manager is not None and deputy is not None:
            break
    return manager, deputy


def is_keeper(connection: sqlite3.Connection, person: int | None, place: str) -> bool:
    """Whether this person answers for the place now."""
    return person is not None and person in of(connection, place)


def _outwards(connection: sqlite3.Connection, place: str) -> Iterator[str]:
    """The place and what it lies in, the nearest first."""
    seen: list[str] = []
    while place and place not in seen and len(seen) < _MOST_DEEP:
        seen.append(place)
        yield place
        row = connection.execute(
            """select inside from zone where zone = ? union all
            select zone from container where container = ? and state = 'in_use'""",
            (place, place),
        ).fetchone()
        place = "" if row is None else row[0] or ""


def proposal(connection: sqlite3.Connection, number: int) -> Proposal | None:
    """The appointment with this number; None for none."""
    row = connection.execute(
        """select appointment, place, manager, deputy, a.state, requested_by, operator.person, m.state, d.state
        from appointment a left join operator on operator.operator = a.requested_by
        left join person m on m.person = a.manager left join person d on d.person = a.deputy where appointment = ?""",
        (number,),
    ).fetchone()
    if row is None:
        return None
    number, place, manager, deputy, state, asked_by, asker, *states = row
    return Proposal(
        number, place, manager, deputy, state, asked_by, asker, (states[0], states[1]), own(connection, place),
        last_appointment(connection, place), place in Places(connection),
    )  # fmt: skip


def last_appointment(connection: sqlite3.Connection, place: str) -> int | None:
    """The appointment by which somebody answers for the place, or did last."""
    row = connection.execute(
        "select max(appointment) from appointment where place = ? and state = 'active'", (place,)
    ).fetchone()
    last: int | None = row[0]
    return last


def held_at(connection: sqlite3.Connection, place: str) -> list[tuple[str, int]]:
    """The duties at the place that somebody has, each by its key and person, whatever has become of them."""
    rows = connection.execute(
        "select keeper, person from keeper where place = ? and state = 'active' order by keeper", (place,)
    )
    return rows.fetchall()


def held_by(connection: sqlite3.Connection, person: int) -> list[str]:
    """What somebody answers for, by key."""
    rows = connection.execute("select keeper from keeper where person = ? and state = 'active' order by keeper", (person,))
    return [keeper for (keeper,) in rows]
