"""Combination locks as the rules ask for them: the lock, its open change, who knows its number, and how its place stands."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from controller.record.canonical import moment, timestamp
from controller.record.kinds.change import RUNNING, UNFINISHED, Reason
from controller.record.kinds.combination import RETIRED
from controller.record.kinds.knower import KNOWS
from controller.rules.combination import Place, Who
from controller.rules.knower import Knower
from controller.rules.required import Change, Lock
from controller.rules.trigger import Standing
from controller.storage_facts import keepers
from controller.storage_facts.places import Places

_LOCK = """select combination, place, sort, digits, custodian, station, max_age_days, change_when_added, state, seal,
    changed_at is not null or changed_on is not null, due_at from combination where """
_CHANGE = """select combination_change, combination, state, step, due_at, custodian, witness, station, called_until, manner
    from combination_change where """
_UNFINISHED = f"state in ({', '.join(repr(state) for state in UNFINISHED)})"
_KNOWER = "select knower, combination, person, state, since_at, told_by from knower where "
_HOLDS = """exists (select 1 from access_right r where r.person = {person} and r.zone = {place} and +r.state = 'active'
        and coalesce(r.manner, '') <> 'escorted' and (:now is null or (r.from_at <= :now and r.until_at > :now)))
    or exists (select 1 from membership m join access_right r on r.team = m.team
        where m.person = {person} and +m.state = 'active' and r.zone = {place} and +r.state = 'active'
        and coalesce(r.manner, '') <> 'escorted' and (:now is null or (r.from_at <= :now and r.until_at > :now)))"""
"""Whoever may come along only is nobody to be told a number."""
_WHO = f"select (select state from person where person = :person), {_HOLDS.format(person=':person', place=':place')}"  # noqa: S608 - words of this module
_KNOWING = f"""select k.knower, k.person, p.state, {_HOLDS.format(person="k.person", place="c.place")}
    from combination c cross join knower k on k.combination = c.combination left join person p on p.person = k.person
    where k.state = '{KNOWS}'"""  # noqa: S608 - of words of this module

_ChangeRow = tuple[int, int, str, str, str, int | None, int | None, str | None, str | None, str | None]


def _lock(row: Any) -> Lock:  # noqa: ANN401 - a row of the query above
    number, place, sort, digits, custodian, station, days, adding, state, seal, changed, due = row
    until = None if due is None else moment(due)
    return Lock(number, place, sort, digits, custodian, station, days, bool(adding), state, seal, bool(changed), until)


def lock(connection: sqlite3.Connection, number: int) -> Lock | None:
    """The lock with this number, retired or not."""
    row = connection.execute(_LOCK + "combination = ?", (number,)).fetchone()
    return None if row is None else _lock(row)


def locks(connection: sqlite3.Connection) -> list[Lock]:
    """Every lock that is not out of service."""
    rows = connection.execute(_LOCK + "state <> ? order by combination", (RETIRED,)).fetchall()
    return [_lock(row) for row in rows]


def change(connection: sqlite3.Connection, number: int) -> Change | None:
    """The change with this number, done or not."""
    return next(_changes(connection, "combination_change = ?", (number,)), None)


def open_change(connection: sqlite3.Connection, combination: int) -> Change | None:
    """The lock's change that is not done; there is one at most."""
    return next(_changes(connection, f"combination = ? and {_UNFINISHED}", (combination,)), None)


def open_changes(connection: sqlite3.Connection) -> dict[int, Change]:
    """Every change that is not done, by its lock."""
    return {found.combination: found for found in _changes(connection, _UNFINISHED, ())}


def at_station(connection: sqlite3.Connection, station: str) -> list[Change]:
    """The changes that run at the station, and those that were called there."""
    return list(_changes(connection, f"{_UNFINISHED} and station = ?", (station,)))


def running(connection: sqlite3.Connection) -> list[int]:
    """The changes that run now."""
    rows = connection.execute("select combination_change from combination_change where state = ?", (RUNNING,))
    return [number for (number,) in rows]


def _changes(connection: sqlite3.Connection, where: str, arguments: Iterable[int | str]) -> Iterator[Change]:
    rows: list[_ChangeRow] = connection.execute(
        f"{_CHANGE}{where} order by combination_change",
        tuple(arguments),
    ).fetchall()
    for row in rows:
        number, combination, state, step, due, custodian, witness, station, called, manner = row
        reasons = connection.execute(
            "select reason, person from combination_reason where combination_change = ? order by seq", (number,)
        ).fetchall()
        sharing = connection.execute(
            "select person, state from combination_sharing where combination_change = ? order by person", (number,)
        ).fetchall()
        yield Change(
            number, combination, state, step, moment(due), custodian, witness, station or "",
            None if called is None else moment(called), manner,
            tuple(Reason(reason, person) for reason, person in reasons),
            tuple(person for person, state in sharing if state == "expected"),
            tuple(person for person, state in sharing if state == "confirmed"),
        )  # fmt: skip


def knower(connection: sqlite3.Connection, number: int) -> Knower | None:
    """One line of the ledger of shared numbers."""
    row = connection.execute(_KNOWER + "knower = ?", (number,)).fetchone()
    return None if row is None else Knower(*row)


def knowers(connection: sqlite3.Connection, combination: int) -> list[Knower]:
    """Who knows the lock's number, whether they shall or not."""
    rows = connection.execute(
        _KNOWER + "combination = ? and state in ('knows', 'removed') order by knower", (combination,)
    )
    return [Knower(*row) for row in rows.fetchall()]


def every_knower(connection: sqlite3.Connection) -> dict[int, list[Knower]]:
    """Who knows which number, whether they shall or not, by lock."""
    rows = connection.execute(_KNOWER + "state in ('knows', 'removed') order by combination, knower").fetchall()
    found: dict[int, list[Knower]] = {}
    for row in rows:
        found.setdefault(row[1], []).append(Knower(*row))
    return found


def who(connection: sqlite3.Connection, person: int, place: str, now: datetime | None) -> Who:
    """The person as somebody who may be told the number of a lock there. `now` None: dates do not count."""
    at = None if now is None else timestamp(now)
    state, right = connection.execute(_WHO, {"person": person, "place": place, "now": at}).fetchone()
    return Who(person, state, bool(right))


def knowing(connection: sqlite3.Connection, now: datetime | None) -> dict[int, Who]:
    """By knower, how everybody who knows a number stands to it; one query for a whole site. `now` as in `who`."""
    rows = connection.execute(_KNOWING, {"now": None if now is None else timestamp(now)}).fetchall()
    return {knower: Who(person, state, bool(right)) for knower, person, state, right in rows}


def place(connection: sqlite3.Connection, places: Places, id: str) -> Place | None:
    """The place as it is now; None for none."""
    found = places.find(id)
    if found is None:
        return None
    stands: list[str] = []
    for around in found.around if found.container else ():
        stands.append(around)
        outer = places.find(around)
        if outer is None or not outer.container:
            break
    scopes = (id, *stands) if found.registered else (id,)
    return Place(id, " ".join(stands), keepers.of(connection, id)[0], scopes)


def accounts(connection: sqlite3.Connection) -> dict[int, tuple[int | None, str]]:
    """By lock, the manager and the places around that its number was last accounted with."""
    rows = connection.execute("select combination, manager, stands from combination").fetchall()
    return {number: (manager, stands or "") for number, manager, stands in rows}


def standing(lock: Lock, account: tuple[int | None, str], place: Place | None, known: Iterable[Knower]) -> Standing:
    """What the lock's number was last accounted with, and how things stand now."""
    return Standing(
        lock.state,
        not lock.changed,
        account[0],
        None if place is None else place.manager,
        account[1],
        "" if place is None else place.stands,
        tuple(one.person for one in known if one.state == "removed"),
        lock.due_at,
    )
