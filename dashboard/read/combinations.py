"""Combination locks (文字盤鍵): where each is, when its number is due, who knows it, what changes are under way (C8.2-C8.4).

What is read here has no number in it: none was ever sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.change import UNFINISHED
from controller.record.kinds.combination import RETIRED
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

MOST = 500
MOST_CHANGES = 50
MOST_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. `change` is the number of the change that is not done yet, `change_due_at` when that one is due."""

    site: str
    combination: int
    name: str
    place: str
    place_name: str
    sort: str
    digits: int
    custodian: int
    custodian_name: str
    station: str
    max_age_days: int
    change_when_added: bool
    state: str
    seal: str
    changed_at: str
    """When, or the day by the papers of before; empty: never yet."""
    due_at: str
    knowers: int
    change: int | None = None
    change_state: str = ""
    change_due_at: str = ""

    @property
    def next_at(self) -> str:
        """When something has to be done at the latest; empty: nothing has."""
        return min(filter(None, (self.due_at, self.change_due_at)), default="")

    def overdue(self, now: str) -> bool:
        """Whether that is over."""
        return bool(self.next_at) and self.next_at < now


@dataclass(frozen=True, slots=True)
class Knower:
    """Somebody who knows the number, or knows it and should not."""

    knower: int
    person: int
    name: str
    state: str
    since_at: str
    told_by_name: str
    cause: str


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for a change, and whom it is about."""

    reason: str
    person_name: str
    at: str


@dataclass(frozen=True, slots=True)
class Sharing:
    """Somebody who is to know the new number, and whether they have confirmed that they do."""

    person: int
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change, from what asked for it to its end."""

    change: int
    combination: int
    state: str
    step: str
    due_at: str
    opened_at: str
    custodian: int | None
    custodian_name: str
    witness: int | None
    witness_name: str
    station: str
    called_until: str
    drawn_at: str
    manner: str
    seal: str
    void_seal: str
    code: str
    done_at: str
    reasons: tuple[Why, ...]
    sharing: tuple[Sharing, ...]


def locks(connection: sa.Connection, names: Names, *, retired: bool = False) -> list[Lock]:
    """The site's locks, what is due first first; those out of service only if asked for."""
    table = projected["combination"]
    query = sa.select(table).where(*of_site(table, names.site))
    if not retired:
        query = query.where(table.c.state != RETIRED)
    found = _locks(connection, names, connection.execute(query.order_by(table.c.combination).limit(MOST)).all())
    return sorted(found, key=lambda lock: (lock.next_at or "9", lock.combination))


def lock(connection: sa.Connection, names: Names, id: int) -> Lock | None:
    """The lock with this number."""
    table = projected["combination"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.combination == id)
    found = _locks(connection, names, connection.execute(query).all())
    return found[0] if found else None


def knowers(connection: sa.Connection, names: Names, combination: int) -> list[Knower]:
    """Who knows the number: those that may, then those that may not any more; who knew an earlier one is in the ledger."""
    table = projected["knower"]
    query = sa.select(table).where(
        *of_site(table, names.site), table.c.combination == combination, table.c.state.in_(("knows", "removed"))
    )
    rows = connection.execute(query.order_by(table.c.state, table.c.knower).limit(MOST_PEOPLE)).all()
    names.learn(people=(id for row in rows for id in (row.person, row.told_by)))
    return [
        Knower(
            row.knower, row.person, names.person(row.person), row.state, row.since_at or "", names.person(row.told_by),
            row.cause or "",
        )
        for row in rows
    ]  # fmt: skip


def known_by(connection: sa.Connection, names: Names, person: int) -> list[Lock]:
    """The locks whose number a person knows, or knows though they should not any more."""
    table = projected["knower"]
    query = sa.select(table.c.combination).where(
        *of_site(table, names.site), table.c.person == person, table.c.state.in_(("knows", "removed"))
    )
    known = {id for (id,) in connection.execute(query.limit(MOST_PEOPLE))}
    return [one for one in locks(connection, names) if one.combination in known]


def changes(connection: sa.Connection, names: Names, combination: int) -> list[Change]:
    """The changes of a lock, newest first."""
    table = projected["combination_change"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.combination == combination)
    return _changes(
        connection,
        names,
        connection.execute(query.order_by(table.c.combination_change.desc()).limit(MOST_CHANGES)).all(),
    )


def change(connection: sa.Connection, names: Names, id: int) -> Change | None:
    """The change with this number."""
    table = projected["combination_change"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.combination_change == id)
    found = _changes(connection, names, connection.execute(query).all())
    return found[0] if found else None


def entitled(connection: sa.Connection, names: Names, place: str, now: str) -> list[tuple[int, str]]:
    """Who holds a right of their own to the place now, by themselves or by a group: number and name."""
    right, joined = projected["access_right"], projected["membership"]
    holds = (
        *of_site(right, names.site), right.c.zone == place, right.c.state == "active", right.c.from_at <= now,
        right.c.until_at > now, right.c.manner.in_(("own", "escort")),
    )  # fmt: skip
    alone = sa.select(right.c.person).where(*holds, right.c.person.is_not(None))
    grouped = (
        sa.select(joined.c.person)
        .join(right, sa.and_(right.c.team == joined.c.team, *holds))
        .where(*of_site(joined, names.site), joined.c.state == "active")
    )
    people = projected["person"]
    query = sa.select(people.c.person).where(
        *of_site(people, names.site), people.c.state == "active", people.c.person.in_(alone.union(grouped))
    )
    found = [id for (id,) in connection.execute(query.order_by(people.c.person).limit(MOST_PEOPLE))]
    names.learn(people=found)
    return [(id, names.person(id)) for id in found]


def _locks(connection: sa.Connection, names: Names, rows: Sequence[Any]) -> list[Lock]:
    names.learn(people=(row.custodian for row in rows))
    texts = names.private(row.private for row in rows if row.private)
    known, open_ = _known(connection, names), _open(connection, names)
    return [_lock(row, names, texts.get(row.private, {}).get("name", ""), known, open_) for row in rows]


def _lock(row: Any, names: Names, name: str, known: dict[int, int], open_: dict[int, Any]) -> Lock:  # noqa: ANN401 - rows
    under_way = open_.get(row.combination)
    return Lock(
        site=names.site.id,
        combination=row.combination,
        name=name or f"#{row.combination}",
        place=row.place,
        place_name=names.place(row.place),
        sort=row.sort,
        digits=row.digits,
        custodian=row.custodian,
        custodian_name=names.person(row.custodian),
        station=row.station,
        max_age_days=row.max_age_days,
        change_when_added=bool(row.change_when_added),
        state=row.state,
        seal=row.seal or "",
        changed_at=row.changed_at or row.changed_on or "",
        due_at=row.due_at or "",
        knowers=known.get(row.combination, 0),
        change=None if under_way is None else under_way.combination_change,
        change_state="" if under_way is None else under_way.state,
        change_due_at="" if under_way is None else under_way.due_at or "",
    )


def _known(connection: sa.Connection, names: Names) -> dict[int, int]:
    table = projected["knower"]
    query = (
        sa.select(table.c.combination, sa.func.count())
        .where(*of_site(table, names.site), table.c.state == "knows")
        .group_by(table.c.combination)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _open(connection: sa.Connection, names: Names) -> dict[int, Any]:
    """By lock, the change of it that is not done: there is one at most."""
    table = projected["combination_change"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.state.in_(UNFINISHED))
    return {row.combination: row for row in connection.execute(query)}


def _changes(connection: sa.Connection, names: Names, rows: Sequence[Any]) -> list[Change]:
    ids = [row.combination_change for row in rows]
    reason, sharing = projected["combination_reason"], projected["combination_sharing"]
    why = connection.execute(
        sa.select(reason)
        .where(*of_site(reason, names.site), reason.c.combination_change.in_(ids))
        .order_by(reason.c.seq, reason.c.reason, reason.c.person)
    ).all()
    shared = connection.execute(
        sa.select(sharing)
        .where(*of_site(sharing, names.site), sharing.c.combination_change.in_(ids))
        .order_by(sharing.c.person)
    ).all()
    people = (id for row in rows for id in (row.custodian, row.witness))
    names.learn(people=(*people, *(row.person or None for row in why), *(row.person for row in shared)))
    return [
        _change(
            row,
            names,
            tuple(
                Why(one.reason, names.person(one.person or None), one.at or "")
                for one in why
                if one.combination_change == row.combination_change
            ),
            tuple(
                Sharing(one.person, names.person(one.person), one.state)
                for one in shared
                if one.combination_change == row.combination_change
            ),
        )
        for row in rows
    ]


def _change(row: Any, names: Names, reasons: tuple[Why, ...], sharing: tuple[Sharing, ...]) -> Change:  # noqa: ANN401
    return Change(
        change=row.combination_change,
        combination=row.combination,
        state=row.state,
        step=row.step or "",
        due_at=row.due_at or "",
        opened_at=row.opened_at or "",
        custodian=row.custodian,
        custodian_name=names.person(row.custodian),
        witness=row.witness,
        witness_name=names.person(row.witness),
        station=row.station or "",
        called_until=row.called_until or "",
        drawn_at=row.drawn_at or "",
        manner=row.manner or "",
        seal=row.seal or "",
        void_seal=row.void_seal or "",
        code=row.code or "",
        done_at=row.done_at or "",
        reasons=reasons,
        sharing=sharing,
    )
