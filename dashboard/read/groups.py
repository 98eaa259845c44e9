"""Groups: who is in them or waits to be, and what each may; who asked, who approved (C7.1, C7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site

PAGE = 200
MOST_MEMBERS = 500
"""People of one group that its page lists."""

STANDING = ("requested", "active")


@dataclass(frozen=True, slots=True)
class Group:
    """One group. Counts are of what holds or waits."""

    site: str
    team: int
    name: str
    state: str
    created_by_name: str
    created_at: str
    members: int
    waiting: int
    rights: int


@dataclass(frozen=True, slots=True)
class Membership:
    """One person in one group, or waiting to be."""

    site: str
    membership: int
    team: int
    team_name: str
    team_state: str
    person: int
    person_name: str
    state: str
    purpose: str
    requested_by: int
    requested_by_name: str
    requested_at: str
    decided_by: int | None
    decided_by_name: str
    decided_at: str
    seq: int


def listed(connection: sa.Connection, names: Names, state: str = "active") -> list[Group]:
    """The site's groups in this state (empty: any), the newest first."""
    table = projected["team"].c
    query = _groups(names.site)
    if state:
        query = query.where(table.state == state)
    return _named(connection.execute(query.order_by(table.team.desc()).limit(PAGE)).all(), names)


def one(connection: sa.Connection, names: Names, id: int) -> Group | None:
    """One group."""
    found = _named(connection.execute(_groups(names.site).where(projected["team"].c.team == id)).all(), names)
    return found[0] if found else None


def members(connection: sa.Connection, names: Names, team: int) -> list[Membership]:
    """Who is in the group or waits to be, those who wait first; so many at most."""
    table = projected["membership"].c
    query = _memberships(names.site).where(table.team == team, table.state.in_(STANDING))
    order = sa.case((table.state == "requested", 0), else_=1)
    rows = connection.execute(query.order_by(order, table.membership.desc()).limit(MOST_MEMBERS)).all()
    return _members(rows, names)


def of_person(connection: sa.Connection, names: Names, person: int) -> list[Membership]:
    """The groups that the person is in or waits to join, closed ones left out."""
    table, team = projected["membership"].c, projected["team"].c
    query = _memberships(names.site).where(table.person == person, table.state.in_(STANDING), team.state == "active")
    return _members(connection.execute(query.order_by(table.membership).limit(PAGE)).all(), names)


def membership(connection: sa.Connection, names: Names, id: int) -> Membership | None:
    """One membership."""
    query = _memberships(names.site).where(projected["membership"].c.membership == id)
    found = _members(connection.execute(query).all(), names)
    return found[0] if found else None


def waiting(connection: sa.Connection, names: Names) -> list[Membership]:
    """The memberships of the site that wait for their approval, the newest first."""
    query = _waiting(_memberships(names.site)).order_by(projected["membership"].c.membership.desc())
    return _members(connection.execute(query.limit(PAGE)).all(), names)


def count_waiting(connection: sa.Connection, site: Site) -> int:
    """How many memberships of the site wait for their approval."""
    query = _waiting(_memberships(site)).with_only_columns(sa.func.count())
    return connection.execute(query).scalar_one()


def is_in(connection: sa.Connection, site: Site, person: int | None, team: int | None) -> bool:
    """Whether the person is in the group, or waits to join it."""
    if person is None or team is None:
        return False
    table = projected["membership"].c
    query = _memberships(site).where(table.person == person, table.team == team, table.state.in_(STANDING))
    return connection.execute(query.limit(1)).first() is not None


def _waiting(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.where(projected["membership"].c.state == "requested", projected["team"].c.state == "active")


def _groups(site: Site) -> sa.Select[Any]:
    team = projected["team"].c

    def count(noun: str, *states: str) -> sa.ScalarSelect[int]:
        table = projected[noun].c
        here = (table.ledger_site == team.ledger_site, table.epoch == team.epoch, table.team == team.team)
        return sa.select(sa.func.count()).where(*here, table.state.in_(states)).scalar_subquery()

    counts = (count("membership", "active"), count("membership", "requested"), count("access_right", *STANDING, "suspended"))
    columns = sa.select(team.team, team.state, team.created_by, team.created_at, *counts)
    return columns.where(team.ledger_site == site.id, team.epoch == site.epoch)


def _named(rows: Sequence[Any], names: Names) -> list[Group]:
    names.learn((), (row[2] for row in rows), (row[0] for row in rows))
    return [
        Group(names.site.id, id, names.team(id), state, names.operator(by), at or "", *counts)
        for id, state, by, at, *counts in rows
    ]


def _memberships(site: Site) -> sa.Select[Any]:
    table, team = projected["membership"], projected["team"]
    same = sa.and_(
        team.c.ledger_site == table.c.ledger_site, team.c.epoch == table.c.epoch, team.c.team == table.c.team
    )
    query = sa.select(table, team.c.state.label("team_state")).join_from(table, team, same)
    return query.where(table.c.ledger_site == site.id, table.c.epoch == site.epoch)


def _members(rows: Sequence[Any], names: Names) -> list[Membership]:
    operators = (id for row in rows for id in (row.requested_by, row.decided_by))
    names.learn((row.person for row in rows), operators, (row.team for row in rows))
    purposes = names.private(row.purpose for row in rows if row.purpose)
    return [_member(row, names, purposes.get(row.purpose, {}).get("purpose", "")) for row in rows]


def _member(row: Any, names: Names, purpose: str) -> Membership:  # noqa: ANN401 - a row of membership
    return Membership(
        site=names.site.id,
        membership=row.membership,
        team=row.team,
        team_name=names.team(row.team),
        team_state=row.team_state,
        person=row.person,
        person_name=names.person(row.person),
        state=row.state,
        purpose=purpose,
        requested_by=row.requested_by,
        requested_by_name=names.operator(row.requested_by),
        requested_at=row.requested_at or "",
        decided_by=row.decided_by,
        decided_by_name=names.operator(row.decided_by),
        decided_at=row.decided_at or "",
        seq=row.seq,
    )
