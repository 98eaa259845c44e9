"""Facts about inventory rounds of keys for the rules: indexed queries on the writer's connection (C8.2)."""

import sqlite3
from datetime import datetime

from controller.record.canonical import moment
from controller.rules.key import Key
from controller.rules.key_audit import Line, Round
from controller.storage_facts.keys import select_keys


def kept_at(connection: sqlite3.Connection, place: str) -> dict[int, Key]:
    """The keys that are kept at this place and not retired, wherever they are now, by number."""
    return {one.key: one for one in select_keys(connection, "home = ? and state <> 'retired'", (place,))}


def places(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The places where keys are kept."""
    rows = connection.execute("select distinct home from lock_key where state <> 'retired' order by home")
    return tuple(place for (place,) in rows)


def running(connection: sqlite3.Connection, place: str) -> bool:
    """Whether the keys of this place are being counted."""
    row = connection.execute("select 1 from key_audit where state = 'open' and place = ?", (place,)).fetchone()
    return row is not None


def last_begun(connection: sqlite3.Connection, place: str) -> datetime | None:
    """When the keys of this place were last counted, or began to be, else when the first was registered; None: it has none."""
    row = connection.execute(
        """select coalesce((select max(begun_at) from key_audit where place = ?1),
            (select min(registered_at) from lock_key where home = ?1 and state <> 'retired'))""",
        (place,),
    ).fetchone()
    return None if row[0] is None else moment(row[0])


def audit(connection: sqlite3.Connection, number: int) -> Round | None:
    """The round with this number, and what was counted of it."""
    row = connection.execute(
        "select key_audit, place, by_two, state from key_audit where key_audit = ?", (number,)
    ).fetchone()
    if row is None:
        return None
    lines = connection.execute(
        """select lock_key, expected, seen, key_count.operator, operator.person from key_count
        left join operator on operator.operator = key_count.operator where key_audit = ?""",
        (number,),
    ).fetchall()
    counted = {key: Line(expected, seen, operator) for key, expected, seen, operator, _ in lines}
    return Round(row[0], row[1], bool(row[2]), row[3], counted, frozenset(person for *_, person in lines))


def open_at(connection: sqlite3.Connection, place: str) -> int | None:
    """The round in which the keys of this place are being counted."""
    row = connection.execute("select key_audit from key_audit where state = 'open' and place = ?", (place,)).fetchone()
    return None if row is None else int(row[0])
