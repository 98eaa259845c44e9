"""Facts about key cabinets: who stands there, what hangs in a slot, and what for somebody borrowed before (C8.2)."""

import sqlite3
from collections.abc import Iterable

from controller.record.kinds.cabinet import OVER
from controller.record.kinds.key import MISPLACED, MISSING, RELEASED
from controller.record.private import PrivateRef
from controller.rules.cabinet import IDLE, WRONG
from controller.rules.cabinet_session import Session
from controller.rules.key_loan import Bunch, Loan
from controller.storage_facts import keys

SESSION = "select person, step, lock_key, slot, loan, options from cabinet_session where cabinet = ?"
GUESTS = "at_cabinet = ? and at_slot = ? and state = ?"
OPTIONS = (
    "select purpose from key_reservation where lock_key = ? and person = ? and state = 'reserved' order by from_at limit 1",
    "select purpose from key_loan where lock_key = ? and person = ? order by key_loan desc limit 20",
)
RIGHT_PURPOSE = "select purpose from access_right where person = ? and zone = ? and state = 'active' order by access_right"
TEXT = "select version, digest from private_of where private = ? and person = ? order by version desc limit 1"
MOST_OPTIONS = 5


def session(connection: sqlite3.Connection, cabinet: str, zone: str, station: str) -> Session:
    """Who stands at the cabinet."""
    row = connection.execute(SESSION, (cabinet,)).fetchone()
    if row is None or row[1] is None:
        return Session(cabinet, zone, station)
    person, step, key, slot, loan, options = row
    return Session(cabinet, zone, station, person, step, key or 0, slot or 0, loan or 0, tuple((options or "").split()))


def open_sessions(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The cabinets at which somebody stands."""
    rows = connection.execute("select cabinet from cabinet_session where step <> ? and person is not null", (OVER,))
    return tuple(cabinet for (cabinet,) in rows)


def guests(connection: sqlite3.Connection, cabinet: str, slot: int) -> Bunch:
    """The keys that belong elsewhere and hang in this slot."""
    return keys.select_keys(connection, GUESTS, (cabinet, slot, MISPLACED))


def stray(connection: sqlite3.Connection, cabinet: str, slot: int) -> bool:
    """Whether something hangs there that nobody knows."""
    wanted = (f"{cabinet}/{slot}",)
    row = connection.execute("select stray_since from cabinet_slot where cabinet_slot = ?", wanted).fetchone()
    return bool(row is not None and row[0])


def wrong(connection: sqlite3.Connection, cabinet: str, but: Iterable[int] = (), cleared: int = 0) -> bool:
    """Whether a key of the cabinet is gone without a loan, or anything hangs in it that belongs elsewhere or nobody knows.

    `but`: keys that are put right just now; `cleared`: a slot in which nothing unknown hangs any more.
    """
    missing = {key.key for key in keys.select_keys(connection, "cabinet = ? and state = ?", (cabinet, MISSING))}
    guests = {key.key for key in keys.select_keys(connection, "at_cabinet = ? and state = ?", (cabinet, MISPLACED))}
    strays = "select 1 from cabinet_slot where cabinet = ? and stray_since > '' and slot <> ?"
    return bool((missing | guests) - set(but)) or connection.execute(strays, (cabinet, cleared)).fetchone() is not None


def idle(connection: sqlite3.Connection, cabinet: str) -> str:
    """What a cabinet's station shows while nobody stands there."""
    return WRONG if wrong(connection, cabinet) else IDLE


def released(connection: sqlite3.Connection) -> tuple[Loan, ...]:
    """The loans for which a slot is open, the oldest first."""
    return keys.loans(connection, RELEASED)


def asked(connection: sqlite3.Connection, person: int, key: int) -> Loan | None:
    """The loan of this key for which the person has asked, and others still have to agree, or have."""
    row = connection.execute(
        "select key_loan from key_loan where person = ? and state = 'asked' and lock_key = ?", (person, key)
    ).fetchone()
    return None if row is None else keys.loan(connection, row[0])


def purposes(connection: sqlite3.Connection, person: int, key: int, places: Iterable[str]) -> dict[str, PrivateRef]:
    """What for the person may borrow this key, the likeliest first: their reservation's, their right's, their last loans'."""
    reserved, recent = ([id for (id,) in connection.execute(query, (key, person))] for query in OPTIONS)
    rights = [id for place in places for (id,) in connection.execute(RIGHT_PURPOSE, (person, place))]
    found: dict[str, PrivateRef] = {}
    for id in (*reserved, *rights, *recent):
        row = connection.execute(TEXT, (id, person)).fetchone() if id else None
        if row is not None and len(found) < MOST_OPTIONS:
            found.setdefault(id, PrivateRef(id, row[0], row[1]))
    return found


def purpose(connection: sqlite3.Connection, person: int, id: str) -> PrivateRef | None:
    """The purpose in this private row of the person's."""
    row = connection.execute(TEXT, (id, person)).fetchone()
    return None if row is None else PrivateRef(id, row[0], row[1])
