"""Facts of things that can be carried away. Indexed queries."""

import sqlite3

from controller.rules.thing import Thing
from controller.storage_facts import custody, stickers


def thing(connection: sqlite3.Connection, number: int) -> Thing | None:
    """The thing with this number."""
    row = connection.execute("select state, place, private_version from thing where thing = ?", (number,)).fetchone()
    if row is None:
        return None
    state, place, version = row
    around = custody.kept(connection, place).around
    is_out = custody.out(connection, number, None) is not None
    return Thing(number, state, place, around, version, is_out, tuple(stickers.on(connection, f"thing:{number}")))


def called(connection: sqlite3.Connection, code: str) -> list[int]:
    """The active things with this number of the inventory on them."""
    rows = connection.execute("select thing from thing where code = ? and state = 'active'", (code,))
    return [number for (number,) in rows]
