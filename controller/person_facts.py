"""What the rules ask about a person beside their badges and rights: details and leaving date. Beside `controller.facts`."""

import sqlite3
from datetime import datetime

from controller.record.canonical import moment, timestamp
from controller.record.leaving import ENDINGS
from controller.record.private import PrivateRef
from controller.rules.leaving import Held
from controller.rules.person import Profile


def profile(connection: sqlite3.Connection, person: int) -> Profile | None:
    """The person as recorded; None for nobody."""
    row = connection.execute(
        """select person.state, person.private, person.private_version, private_of.digest, leaves_on, leaves_at, leaves_by
        from person left join private_of on private_of.private = person.private
            and private_of.version = person.private_version
        where person.person = ?""",
        (person,),
    ).fetchone()
    if row is None:
        return None
    state, private, version, digest, leaves_on, leaves_at, leaves_by = row
    until = None if leaves_at is None else moment(leaves_at)
    return Profile(person, state, PrivateRef(private, version, digest or ""), leaves_on, until, leaves_by)


def held(connection: sqlite3.Connection, person: int) -> tuple[Held, ...]:
    """Everything that ends when this person leaves, in the order in which it ends."""
    found: list[Held] = []
    for ending in ENDINGS:
        marks = ", ".join("?" * len(ending.states))
        rows = connection.execute(
            f"select {ending.key}, {ending.shown} from {ending.table} where person = ? and state in ({marks})"  # noqa: S608 - a row of ENDINGS
            f" order by {ending.key}",
            (person, *ending.states),
        )
        found += [Held(ending.table, id, str(shown)) for id, shown in rows]
    return tuple(found)


def leavers(connection: sqlite3.Connection, now: datetime, most: int) -> list[Profile]:
    """People whose last day is over and who have not left yet, the longest overdue first; so many at most."""
    rows = connection.execute(
        "select person from person where leaves_at <= ? order by leaves_at limit ?", (timestamp(now), most)
    ).fetchall()
    return [found for (person,) in rows if (found := profile(connection, person)) is not None]


def next_leaving(connection: sqlite3.Connection) -> datetime | None:
    """When the next last day of anybody is over."""
    row = connection.execute("select min(leaves_at) from person").fetchone()
    return None if row[0] is None else moment(row[0])
