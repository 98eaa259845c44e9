"""People, their badges, and what they may. Names come from the private store and are gone with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.filters import called
from dashboard.read.names import Names
from dashboard.read.sites import Site

PAGE = 50


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the site knows them."""

    site: str
    person: int
    name: str
    kana: str
    title: str
    department: str
    state: str
    state_by: str
    """Who last changed it, as in records: `operator:3`, `console`."""
    registered_at: str
    badges: int
    """Active ones."""
    rights: int
    """Active ones, whether or not their span has begun."""
    leaves_on: str
    """Their last day (`2027-03-31`), or empty."""
    left_at: str
    own_name: str
    """The name, or empty: no number in its place."""


@dataclass(frozen=True, slots=True)
class Badge:
    """One badge; `assurance` is what it proves (0 to 3)."""

    badge: int
    person: int
    label: str
    assurance: int
    state: str
    enrolled_at: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The last enrolment at a reader."""

    reader: str
    person: int
    state: str
    code: str
    badge: int | None
    until_at: str
    operator: int
    seq: int


def listed(connection: sa.Connection, names: Names, text: str, after: int) -> tuple[list[Person], bool]:
    """A page of the site's people by number, of those whose name holds the text; whether there are more."""
    table = projected["person"]
    query = _people(names.site).where(table.c.person > after)
    if text.removeprefix("#").isascii() and text.removeprefix("#").isdigit():
        query = query.where(table.c.person == int(text.removeprefix("#")[:15]))
    elif text:
        query = query.where(table.c.person.in_(called(names.site, text)))
    rows = connection.execute(query.limit(PAGE + 1)).all()
    return _named(rows[:PAGE], names), len(rows) > PAGE


def one(connection: sa.Connection, names: Names, id: int) -> Person | None:
    """One person of the site."""
    rows = connection.execute(_people(names.site).where(projected["person"].c.person == id)).all()
    return _named(rows, names)[0] if rows else None


def _people(site: Site) -> sa.Select[Any]:
    person = projected["person"].c

    def active(noun: str) -> sa.ScalarSelect[int]:
        table = projected[noun].c
        query = sa.select(sa.func.count()).where(
            table.ledger_site == site.id,
            table.epoch == site.epoch,
            table.person == person.person,
            table.state == "active",
        )
        return query.correlate(projected["person"]).scalar_subquery()

    return (
        sa.select(
            person.person,
            person.state,
            person.state_by,
            person.registered_at,
            active("badge"),
            active("access_right"),
            person.leaves_on,
            person.left_at,
        )
        .where(person.ledger_site == site.id, person.epoch == site.epoch)
        .order_by(person.person)
    )


def _named(rows: Sequence[Any], names: Names) -> list[Person]:
    names.learn(row[0] for row in rows)
    people = []
    for id, state, state_by, registered_at, badges, rights, leaves_on, left_at in rows:
        text = names.text(id)
        people.append(
            Person(
                names.site.id,
                id,
                names.person(id),
                text.get("kana", ""),
                text.get("title", ""),
                text.get("department", ""),
                state or "",
                state_by or "",
                registered_at or "",
                badges,
                rights,
                leaves_on or "",
                left_at or "",
                text.get("name", ""),
            )
        )
    return people


def badges(connection: sa.Connection, site: Site, person: int) -> list[Badge]:
    """A person's badges, the newest first."""
    table = projected["badge"]
    query = _badges(table, site).where(table.c.person == person).order_by(table.c.badge.desc())
    return [Badge(*tuple(row)) for row in connection.execute(query)]


def badge(connection: sa.Connection, site: Site, id: int) -> Badge | None:
    """One badge."""
    table = projected["badge"]
    row = connection.execute(_badges(table, site).where(table.c.badge == id)).first()
    return None if row is None else Badge(*tuple(row))


def _badges(table: sa.Table, site: Site) -> sa.Select[Any]:
    column = table.c
    return sa.select(
        column.badge, column.person, column.label, column.assurance, column.state, column.enrolled_at
    ).where(column.ledger_site == site.id, column.epoch == site.epoch)


def enrolment(connection: sa.Connection, site: Site, reader: str) -> Enrolment | None:
    """What became of the last enrolment at a reader."""
    table = projected["enrolment"].c
    query = sa.select(
        table.reader, table.person, table.state, table.code, table.badge, table.until_at, table.operator, table.seq
    ).where(table.ledger_site == site.id, table.epoch == site.epoch, table.reader == reader)
    row = connection.execute(query).first()
    return None if row is None else Enrolment(*tuple(row))
