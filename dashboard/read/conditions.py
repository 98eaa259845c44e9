"""Pledges and training: what zones require, how each person stands to it, and what ends soon (C5.1, C7.6).

Whoever has a right to a zone, of their own or as one of a group, needs what the zone requires. How they stand is said by the
same function that the door's rule asks (`controller.record.conditions`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import moment, timestamp
from controller.record.conditions import HELD, Condition, Fulfilment, standing
from dashboard.database import projected
from dashboard.read.filters import called
from dashboard.read.names import Names

PAGE = 50
SOON = timedelta(days=30)
"""From then on it is said that something ends."""
FILTERS = ("missing", "soon", "all")
_CHUNK = 500
_NEVER = "9999-12-31"
"""Behind every end, whatever the database's letters sort by."""


@dataclass(frozen=True, slots=True)
class Known:
    """A pledge or course as the site configured it, and the zones that require it, by name."""

    condition: Condition
    name: str
    zones: tuple[str, ...]
    zone_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """How a person stands to one condition. `needed`: they have a right to a zone that requires it."""

    known: Known
    state: str
    until_at: str
    needed: bool
    days_left: int | None
    """Days of the site's calendar after today on which it still holds; None where it never ends, or does not hold."""

    @property
    def shown(self) -> str:
        """Its state in words: as `soon` from 30 days before its end on."""
        return "soon" if self.soon else self.state

    @property
    def soon(self) -> bool:
        """Whether it holds, and ends within 30 days."""
        return self.days_left is not None and self.days_left <= SOON.days

    @property
    def missing(self) -> bool:
        """Whether the door refuses for want of it."""
        return self.needed and self.state != HELD


@dataclass(frozen=True, slots=True)
class Row:
    """A person of the matrix."""

    person: int
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class When:
    """The present, and the zone in which the site counts its days."""

    now: datetime
    zone: tzinfo


def known(connection: sa.Connection, names: Names) -> list[Known]:
    """The site's pledges and courses, in the order of its settings."""
    zone, table = projected["zone"], projected["condition"]
    present = (zone.c.ledger_site == names.site.id, zone.c.epoch == names.site.epoch)
    rows = connection.execute(sa.select(zone.c.zone, zone.c.requires).where(*present).order_by(zone.c.position))
    requires = {id: (required or "").split() for id, required in rows}
    present = (table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch)
    found = []
    for row in connection.execute(sa.select(table).where(*present).order_by(table.c.position)):
        zones = tuple(id for id, required in requires.items() if row.condition in required)
        one = Condition(row.condition, row.version, row.sha256, row.valid_days, tuple(row.occasions.split()))
        called = tuple(names.zones.get(id, id) for id in zones)
        found.append(Known(one, names.conditions.get(one.id, one.id), called, zones))
    return found


def of_person(connection: sa.Connection, names: Names, person: int, when: When) -> tuple[Cell, ...]:
    """How one person stands to every condition of the site."""
    every = known(connection, names)
    return _cells(connection, names, every, [person], when)[person] if every else ()


def lacking(connection: sa.Connection, names: Names, person: int, zones: Collection[str], when: When) -> list[Cell]:
    """What the person would be refused at these zones' doors for, right or not: for whoever approves a right to one."""
    return [cell for cell in of_person(connection, names, person, when) if _keeps_out(cell, zones)]


def members_lacking(connection: sa.Connection, names: Names, team: int, zone: str, when: When) -> int:
    """How many of a group would be refused at this zone's doors for want of what it requires."""
    every = known(connection, names)
    member = projected["membership"].c
    here = (member.ledger_site == names.site.id, member.epoch == names.site.epoch)
    query = sa.select(member.person).where(*here, member.team == team, member.state == "active").distinct()
    people = list(connection.execute(query.order_by(member.person)).scalars()) if every else []
    chunks = [people[start : start + _CHUNK] for start in range(0, len(people), _CHUNK)]
    rows = [cells for chunk in chunks for cells in _cells(connection, names, every, chunk, when).values()]
    return sum(any(_keeps_out(cell, [zone]) for cell in cells) for cells in rows)


def _keeps_out(cell: Cell, zones: Collection[str]) -> bool:
    return cell.state != HELD and any(zone in zones for zone in cell.known.zone_ids)


def matrix(
    connection: sa.Connection, names: Names, every: list[Known], when: When, *, only: str, text: str, after: int
) -> tuple[list[Row], bool]:
    """A page of the people who need anything: all, or those for whom something is missing or ends soon; are there more?"""
    found: list[Row] = []
    waiting = _people_who_need(connection, names, every, when.now, text, after)
    for start in range(0, len(waiting), _CHUNK):
        chunk = waiting[start : start + _CHUNK]
        cells = _cells(connection, names, every, chunk, when)
        fitting = [person for person in chunk if _fits(cells[person], only)]
        names.learn(fitting)
        found += [Row(person, names.person(person), cells[person]) for person in fitting]
        if len(found) > PAGE:
            break
    return found[:PAGE], len(found) > PAGE


def _fits(cells: Iterable[Cell], only: str) -> bool:
    if only == "missing":
        return any(cell.missing for cell in cells)
    return only == "all" or any(cell.needed and cell.soon for cell in cells)


def ending(connection: sa.Connection, names: Names, now: datetime) -> int:
    """How many signatures and courses of people who may come end within 30 days, with no newer one on record."""
    table, person, condition = (projected[name].c for name in ("fulfilment", "person", "condition"))
    here = (table.ledger_site == names.site.id, table.epoch == names.site.epoch, table.state == "recorded")
    query = (
        sa.select(sa.func.max(sa.func.coalesce(table.until_at, _NEVER)).label("last"))
        .join_from(projected["fulfilment"], projected["person"], _same(table, person) & (person.person == table.person))
        .join(
            projected["condition"],
            _same(table, condition)
            & (condition.condition == table.condition)
            & (condition.version == table.version)
            & (condition.sha256 == table.sha256),
        )
        .where(*here, person.state == "active")
        .group_by(table.person, table.condition)
        .subquery()
    )
    until = (query.c.last > timestamp(now), query.c.last <= timestamp(now + SOON))
    return connection.execute(sa.select(sa.func.count()).select_from(query).where(*until)).scalar_one()


_Columns = sa.ColumnCollection[str, sa.Column[Any]]


def _same(one: _Columns, other: _Columns) -> sa.ColumnElement[bool]:
    """Of the same site and epoch."""
    return sa.and_(one.ledger_site == other.ledger_site, one.epoch == other.epoch)


def _rights_into(names: Names, zones: Collection[str], now: datetime) -> sa.CompoundSelect[Any]:
    """Person and zone of every right to one of these zones that holds now or will: one's own, and a group's."""
    right, member = projected["access_right"].c, projected["membership"].c
    held = (
        right.ledger_site == names.site.id,
        right.epoch == names.site.epoch,
        right.state == "active",
        right.until_at > timestamp(now),
        right.zone.in_(sorted(zones)),
    )
    own = sa.select(right.person.label("person"), right.zone.label("zone")).where(*held, right.person.is_not(None))
    joined = _same(right, member) & (member.team == right.team) & (member.state == "active")
    by_group = sa.select(member.person, right.zone).join_from(projected["access_right"], projected["membership"], joined)
    return own.union(by_group.where(*held))


def _people_who_need(
    connection: sa.Connection, names: Names, every: Iterable[Known], now: datetime, text: str, after: int
) -> list[int]:
    zones = {zone for one in every for zone in one.zone_ids}
    rights, person = _rights_into(names, zones, now).subquery(), projected["person"].c
    query = (
        sa.select(person.person)
        .where(
            person.ledger_site == names.site.id,
            person.epoch == names.site.epoch,
            person.state.in_(("active", "suspended")),
            person.person > after,
            person.person.in_(sa.select(rights.c.person)),
        )
        .order_by(person.person)
    )
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        query = query.where(person.person == int(number[:15]))
    elif text:
        query = query.where(person.person.in_(called(names.site, text)))
    return list(connection.execute(query).scalars())


def _cells(
    connection: sa.Connection, names: Names, every: list[Known], people: list[int], when: When
) -> dict[int, tuple[Cell, ...]]:
    rights = _rights_into(names, {zone for one in every for zone in one.zone_ids}, when.now).subquery()
    entered: dict[int, set[str]] = defaultdict(set)
    for person, zone in connection.execute(sa.select(rights).where(rights.c.person.in_(people))):
        entered[person].add(zone)
    held = _fulfilments(connection, names, people)
    return {person: tuple(_cell(one, held[person], entered[person], when) for one in every) for person in people}


def _cell(one: Known, held: Iterable[Fulfilment], entered: Collection[str], when: When) -> Cell:
    found = standing(one.condition, held, when.now)
    until = "" if found.until_at is None else timestamp(found.until_at)
    left = None
    if found.state == HELD and found.until_at is not None:
        last = (found.until_at - timedelta.resolution).astimezone(when.zone).date()
        left = (last - when.now.astimezone(when.zone).date()).days
    return Cell(one, found.state, until, any(zone in entered for zone in one.zone_ids), left)


def _fulfilments(connection: sa.Connection, names: Names, people: list[int]) -> dict[int, list[Fulfilment]]:
    table = projected["fulfilment"].c
    query = sa.select(
        table.person, table.fulfilment, table.condition, table.version, table.sha256, table.until_at
    ).where(
        table.ledger_site == names.site.id,
        table.epoch == names.site.epoch,
        table.person.in_(people),
        table.state == "recorded",
    )
    held: dict[int, list[Fulfilment]] = defaultdict(list)
    for person, number, id, version, sha256, until in connection.execute(query):
        held[person].append(Fulfilment(number, id, version, sha256, None if until is None else moment(until)))
    return held

