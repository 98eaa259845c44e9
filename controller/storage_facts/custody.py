"""Facts of the custody ledger: lines, what they are of, who carries, and what somebody may take now. Indexed queries."""

import sqlite3
from datetime import datetime
from typing import Any

from controller.record.canonical import moment, timestamp
from controller.record.handling import UNCLASSED, class_of
from controller.record.measures import holders
from controller.rules.custody import Carrier, Kept, Line, Subject
from controller.storage_facts import keepers
from controller.storage_facts.places import Places

_LINE = """select custody, thing, asset, act, medium, place, home, line.person, line.state, begin_by, due_at, requested_by,
    asker.person, copies, coalesce(issued, 0), coalesce(method, ''), coalesce(begun_in, ''), decided_by, confirmed_by,
    brought_by from custody line left join operator asker on asker.operator = line.requested_by where """

_RIGHT = """select exists (select 1 from access_right where person = ?1 and zone = ?2 and state = 'active'
        and from_at <= ?3 and until_at > ?3)
    or exists (select 1 from membership m join access_right r on r.team = m.team where m.person = ?1 and m.state = 'active'
        and r.zone = ?2 and r.state = 'active' and r.from_at <= ?3 and r.until_at > ?3)"""


def kept(connection: sqlite3.Connection, place: str) -> Kept:
    """The place with what it lies in, and who answers for it now."""
    found = Places(connection).find(place)
    manager, deputy = keepers.of(connection, place)
    return Kept(place, () if found is None else found.around, manager, deputy)


def rooms(connection: sqlite3.Connection, place: str) -> frozenset[str]:
    """The place, and what it stands in up to the first room: a station in any of these is where it is."""
    return frozenset(holders(place, Places(connection).stands_in)) if place else frozenset()


def subject(connection: sqlite3.Connection, thing: int | None, asset: int | None, medium: str = "") -> Subject | None:
    """The thing, or else the asset, as it is now; None for one that is no more, or never was."""
    if thing is not None:
        row = connection.execute(
            "select medium, asset, place, allowed from thing where thing = ? and state = 'active'", (thing,)
        ).fetchone()
        if row is None or (asset is not None and asset != row[1]):
            return None
        medium, asset, place, allowed = row
        if asset is None:
            return Subject(thing, None, medium, kept(connection, place), UNCLASSED, frozenset(allowed.split()))
        carried = subject(connection, None, asset, medium)
        return None if carried is None else Subject(
            thing, asset, medium, kept(connection, place), carried.class_, carried.allowed | {carried.kept.place}
        )  # fmt: skip
    row = connection.execute(
        "select secrecy, marking, place, allowed from asset where asset = ? and state = 'held'", (asset,)
    ).fetchone()
    if row is None:
        return None
    secrecy, marking, place, allowed = row
    return Subject(None, asset, medium, kept(connection, place), class_of(secrecy, marking), frozenset(allowed.split()))


def carrier(connection: sqlite3.Connection, person: int, place: str, now: datetime) -> Carrier:
    """The person, and whether they have a right to the place at all, whatever the hour."""
    at = timestamp(now)
    row = connection.execute("select state, leaves_at from person where person = ?", (person,)).fetchone()
    state = None if row is None or (row[1] is not None and row[1] <= at) else row[0]
    (access,) = connection.execute(_RIGHT, (person, place, at)).fetchone()
    return Carrier(state, bool(access))


def line(connection: sqlite3.Connection, number: int) -> Line | None:
    """The line with this number."""
    return _line(connection, connection.execute(_LINE + "custody = ?", (number,)).fetchone())


def out(connection: sqlite3.Connection, thing: int | None, asset: int | None) -> Line | None:
    """The line by which this is out, the oldest first; or that says it is destroyed, and has no witness yet."""
    column, number = ("thing", thing) if thing is not None else ("asset", asset)
    bare = "" if thing is not None else " and thing is null"
    query = f"{column} = ?{bare} and line.state in ('open', 'unwitnessed') order by custody limit 1"
    return _line(connection, connection.execute(_LINE + query, (number,)).fetchone())


def approved(connection: sqlite3.Connection, thing: int | None, asset: int | None, person: int, now: datetime) -> Line | None:
    """The line by which this person may take it now, the oldest first; one whose time is over comes last."""
    column, number = ("thing", thing) if thing is not None else ("asset", asset)
    bare = "" if thing is not None else " and thing is null"
    query = (
        f"{column} = ?{bare} and line.state = 'approved' and line.person = ? and act != 'dispose'"
        " order by begin_by <= ?, custody limit 1"
    )
    return _line(connection, connection.execute(_LINE + query, (number, person, timestamp(now))).fetchone())


def waiting_of(connection: sqlite3.Connection, person: int) -> list[Line]:
    """What this person asked for or may take, and has not begun."""
    query = "line.person = ? and line.state in ('requested', 'approved') order by custody"
    rows = connection.execute(_LINE + query, (person,)).fetchall()
    return [found for row in rows if (found := _line(connection, row)) is not None]


def stale(connection: sqlite3.Connection, now: datetime, most: int) -> list[Line]:
    """Lines that nobody has begun in time; so many at most."""
    query = "line.state in ('requested', 'approved') and begin_by <= ? order by begin_by limit ?"
    rows = connection.execute(_LINE + query, (timestamp(now), most)).fetchall()
    return [found for row in rows if (found := _line(connection, row)) is not None]


def next_stale(connection: sqlite3.Connection) -> datetime | None:
    """When the next line is not begun in time."""
    row = connection.execute("select min(begin_by) from custody where state in ('requested', 'approved')").fetchone()
    return None if row[0] is None else moment(row[0])


def _line(connection: sqlite3.Connection, row: tuple[Any, ...] | None) -> Line | None:
    if row is None:
        return None
    (custody, thing, asset, act, medium, place, home, person, state, begin_by, due_at, requested_by, requester, copies, issued,
     method, begun_in, decided_by, confirmed_by, brought_by) = row  # fmt: skip
    numbers = connection.execute("select number from handout where custody = ? and state = 'out'", (custody,)).fetchall()
    return Line(
        custody, thing, asset, act, medium, place, kept(connection, home), subject(connection, thing, asset, medium), person,
        state, moment(begin_by), None if due_at is None else moment(due_at), requested_by, requester, copies, issued,
        frozenset(number for (number,) in numbers), method, begun_in, decided_by, confirmed_by, brought_by,
    )  # fmt: skip
