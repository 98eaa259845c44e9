"""Facts about keys and key loans for the rules: indexed queries on the writer's connection, as in `controller.facts` (C8.2)."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from controller.record.canonical import moment, timestamp
from controller.record.kinds.key import LENT, RELEASED
from controller.record.kinds.key_loan import ASKED
from controller.record.private import PrivateRef
from controller.rules.key import Key
from controller.rules.key_due import DueRule
from controller.rules.key_loan import Booking, Loan

KEYS = """select lock_key, label, opens, home, state, cabinet, slot, ring, copy_of, authorisers, due_minutes, due_time, most,
    stays_in, private_version, coalesce(loan, 0), person, at_cabinet, at_slot, seal, sealed_in, coalesce(lock_due_at, '')
    from lock_key where """
LOANS = """select key_loan, lock_key, key_loan.person, key_loan.state, place, purpose, coalesce(private_of.version, 1),
    coalesce(digest, ''), coalesce(needed, 0), coalesce(authorisers, ''), coalesce(asked_by, 0), operator.person, asked_at,
    due_at, lent_at
    from key_loan left join private_of on private_of.private = purpose
    left join operator on operator.operator = asked_by where """
RESERVATIONS = "select key_reservation, person, from_at, until_at from key_reservation where state = 'reserved' and "


def _key(row: tuple[int | str | None, ...]) -> Key:
    number, label, opens, home, state, cabinet, slot, ring, copy_of, authorisers, minutes, time, *rest = row
    most, stays_in, version, loan, person, at_cabinet, at_slot, seal, sealed_in, lock_due_at = rest
    due, at = DueRule(int(minutes or 0), str(time or "")), (str(at_cabinet or ""), int(at_slot or 0))
    return Key(
        int(number or 0), str(label), str(opens), str(home), str(state), str(cabinet), int(slot or 0), int(ring or 0),
        int(copy_of or 0), int(authorisers or 0), due, int(most or 0), str(stays_in), int(version or 1), int(loan or 0),
        None if person is None else int(person), at, str(seal or ""), str(sealed_in or ""), str(lock_due_at or ""),
    )  # fmt: skip


def select_keys(connection: sqlite3.Connection, where: str, values: Iterable[object]) -> tuple[Key, ...]:
    """The keys for which this condition holds, by number. `where` is ours, never somebody's."""
    return tuple(map(_key, connection.execute(f"{KEYS}{where} order by lock_key", tuple(values))))


def key(connection: sqlite3.Connection, number: int) -> Key | None:
    """The key with this number, in any state."""
    return next(iter(select_keys(connection, "lock_key = ?", (number,))), None)


def bunch(connection: sqlite3.Connection, number: int) -> tuple[Key, ...]:
    """The key, first, and those on its ring that are not retired nor lost; empty for no such key."""
    found = key(connection, number)
    if found is None:
        return ()
    mates = select_keys(
        connection,
        "(lock_key = ? or ring = ?) and lock_key <> ? and state not in ('retired', 'lost', 'suspect')",
        (found.leader, found.leader, number),
    )
    return (found, *mates)


def together(connection: sqlite3.Connection, number: int) -> tuple[Key, ...]:
    """The key, first, and those of its ring that are out by the same loan, or in the same wrong state and place, as it is."""
    found = key(connection, number)
    if found is None:
        return ()
    if found.loan:
        return (found, *(one for one in of_loan(connection, found.loan) if one.key != number))
    mates = bunch(connection, number)[1:]
    return (found, *(one for one in mates if (one.state, one.at) == (found.state, found.at)))


def of_loan(connection: sqlite3.Connection, loan: int) -> tuple[Key, ...]:
    """The keys that are out by this loan, or whose slot is open for it."""
    return select_keys(connection, "loan = ? and state in (?, ?)", (loan, LENT, RELEASED))


def in_slot(connection: sqlite3.Connection, cabinet: str, slot: int) -> tuple[Key, ...]:
    """The keys that belong into this slot, wherever they are; none that is retired or in an envelope."""
    return select_keys(connection, "cabinet = ? and slot = ? and state not in ('retired', 'sealed')", (cabinet, slot))


def in_cabinet(connection: sqlite3.Connection, cabinet: str) -> tuple[Key, ...]:
    """The keys that belong into this cabinet, wherever they are; none that is retired or in an envelope."""
    return select_keys(connection, "cabinet = ? and state not in ('retired', 'sealed')", (cabinet,))


def held_by(connection: sqlite3.Connection, person: int) -> tuple[Key, ...]:
    """The keys that the person has, or whose slot is open for them."""
    return select_keys(connection, "person = ? and state in (?, ?)", (person, LENT, RELEASED))


def copies(connection: sqlite3.Connection, number: int) -> tuple[int, ...]:
    """The keys that are on record as copies of this one."""
    rows = connection.execute("select lock_key from lock_key where copy_of = ? and state <> 'retired'", (number,))
    return tuple(found for (found,) in rows)


def followers(connection: sqlite3.Connection, number: int) -> int:
    """How many keys hang on the ring that this one leads, beside itself."""
    row = connection.execute(
        "select count(*) from lock_key where ring = ? and state <> 'retired'", (number,)
    ).fetchone()
    return int(row[0])


def labels(connection: sqlite3.Connection, label: str) -> dict[str, int]:
    """Which key bears this label; none that is retired, but a lost one."""
    row = connection.execute(
        "select lock_key from lock_key where label = ? and state <> 'retired'", (label,)
    ).fetchone()
    return {} if row is None else {label: row[0]}


def sealed_with(connection: sqlite3.Connection, seal: str) -> bool:
    """Whether the envelope of some key has this seal now."""
    row = connection.execute("select 1 from lock_key where state = 'sealed' and seal = ?", (seal,)).fetchone()
    return row is not None


# Loans and reservations -------------------------------------------------------------------------------------------------


def loan(connection: sqlite3.Connection, number: int) -> Loan | None:
    """The loan with this number, in any state."""
    return next(iter(_loans(connection, "key_loan = ?", (number,))), None)


def lent_at(connection: sqlite3.Connection, loan: int) -> datetime | None:
    """When the loan's keys were handed out; None when they were not, or it is no loan."""
    row = connection.execute("select lent_at from key_loan where key_loan = ?", (loan,)).fetchone()
    return None if row is None else _moment(row[0])


def loans(connection: sqlite3.Connection, state: str) -> tuple[Loan, ...]:
    """The loans in this state, the oldest first: what is asked for, released, or lent."""
    return _loans(connection, "key_loan.state = ? order by key_loan", (state,))


def _loans(connection: sqlite3.Connection, where: str, values: Iterable[object]) -> tuple[Loan, ...]:
    rows = connection.execute(LOANS + where, tuple(values)).fetchall()
    return tuple(
        Loan(
            row[0], row[1], row[2], row[3], row[4], PrivateRef(row[5] or "", row[6], row[7]), row[8],
            tuple(map(int, row[9].split())), row[10], row[11], _moment(row[12]),
        )
        for row in rows
    )  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def open_loans(connection: sqlite3.Connection, person: int, but: int = 0) -> int:
    """How many loans the person has, or waits to have; a ring counts once. `but`: one that is not counted."""
    row = connection.execute(
        "select count(*) from key_loan where person = ? and state in (?, ?, ?) and key_loan <> ?",
        (person, LENT, RELEASED, ASKED, but),
    ).fetchone()
    return int(row[0])


def limit(connection: sqlite3.Connection, person: int) -> int | None:
    """How many keys were said for just this person; None: nothing was."""
    row = connection.execute("select most from key_limit where person = ?", (person,)).fetchone()
    return None if row is None else int(row[0])


def bookings(connection: sqlite3.Connection, keys: Iterable[int]) -> tuple[Booking, ...]:
    """The reservations of these keys that are not over, the earliest first."""
    wanted = tuple(keys)
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(f"{RESERVATIONS}lock_key in ({marks}) order by from_at", wanted)
    return tuple(Booking(number, person, moment(a), moment(b)) for number, person, a, b in rows)


def booking(connection: sqlite3.Connection, number: int) -> tuple[Booking, int] | None:
    """The reservation with this number, if it is not over, and its key."""
    row = connection.execute(
        "select person, from_at, until_at, lock_key from key_reservation where key_reservation = ? and state = 'reserved'",
        (number,),
    ).fetchone()
    return None if row is None else (Booking(number, row[0], moment(row[1]), moment(row[2])), row[3])


def reserved_by(connection: sqlite3.Connection, person: int) -> int:
    """How many reservations the person has."""
    row = connection.execute(
        "select count(*) from key_reservation where person = ? and state = 'reserved'", (person,)
    ).fetchone()
    return int(row[0])


def unused(connection: sqlite3.Connection, now: datetime, most: int) -> tuple[int, ...]:
    """Reservations whose time is over, so many at most."""
    rows = connection.execute(
        "select key_reservation from key_reservation where state = 'reserved' and until_at <= ? order by until_at limit ?",
        (timestamp(now), most),
    )
    return tuple(number for (number,) in rows)


def next_unused(connection: sqlite3.Connection) -> datetime | None:
    """When the next reservation is over."""
    row = connection.execute("select min(until_at) from key_reservation where state = 'reserved'").fetchone()
    return _moment(row[0])
