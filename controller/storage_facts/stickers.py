"""Facts of stickers: what each names, and which station waits for one. Indexed queries."""

import sqlite3

from controller.record.canonical import moment
from controller.rules.custody import Kept
from controller.rules.sticker import Learning
from controller.storage_facts import custody

_PLACES = {
    "thing": "select place from thing where thing = ? and state = 'active'",
    "asset": "select place from asset where asset = ? and state = 'held'",
    "key": "select home from lock_key where lock_key = ? and state not in ('lost', 'retired')",
}
"""By the sort of what a sticker names, where that is kept. A noun whose things carry stickers has its row here."""


def thing_of(connection: sqlite3.Connection, sticker: str) -> str | None:
    """What the sticker with this digest names, `asset:3`; None for none."""
    row = connection.execute("select thing from sticker where sticker = ? and state = 'attached'", (sticker,)).fetchone()
    return None if row is None else row[0]


def any_attached(connection: sqlite3.Connection) -> bool:
    """Whether anything at this site has a sticker."""
    return connection.execute("select 1 from sticker where state = 'attached' limit 1").fetchone() is not None


def on(connection: sqlite3.Connection, thing: str) -> list[str]:
    """The digests of the stickers on this thing."""
    rows = connection.execute("select sticker from sticker where thing = ? and state = 'attached' order by sticker", (thing,))
    return [sticker for (sticker,) in rows]


def named(thing: str) -> tuple[str, int] | None:
    """Sort and number of what a sticker names; None for what is none."""
    sort, colon, number = thing.partition(":")
    good = colon and sort in _PLACES and number.isascii() and number.isdigit() and len(number) < 10
    return (sort, int(number)) if good else None


def kept(connection: sqlite3.Connection, thing: str) -> Kept | None:
    """Where what it names is kept; None for nothing that is known now."""
    found = named(thing)
    row = None if found is None else connection.execute(_PLACES[found[0]], (found[1],)).fetchone()
    return None if row is None else custody.kept(connection, row[0] or "")


def waiting(connection: sqlite3.Connection) -> dict[str, Learning]:
    """The stations that wait for a sticker, whether or not their time is over."""
    rows = connection.execute("select station, thing, until_at from sticker_wait where state = 'open'")
    return {station: Learning(station, thing, moment(until_at)) for station, thing, until_at in rows}
