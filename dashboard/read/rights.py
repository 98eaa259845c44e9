"""Rights: who may enter where, when, until when, what for; who asked and who approved (C7.1, C7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site

PAGE = 100
STANDING = ("requested", "active", "suspended")
"""Of a right that is not over."""
MOST_OF_TEAM = 200
"""As many as the rules let a group have."""
STATES = ("requested", "active", "suspended", "declined", "revoked")


@dataclass(frozen=True, slots=True)
class Right:
    """One right. `ended` says that its time is over though nobody revoked it."""

    site: str
    access_right: int
    person: int | None
    team: int | None
    holder_name: str
    """The person's name, or the group's."""
    manner: str
    zone: str
    zone_name: str
    schedule: str
    schedule_name: str
    from_at: str
    until_at: str
    state: str
    purpose: str
    requested_by: int
    requested_by_name: str
    requested_at: str
    decided_by: int | None
    decided_by_name: str
    decided_at: str
    ended: bool


def of_person(connection: sa.Connection, names: Names, person: int, now: str) -> list[Right]:
    """A person's rights and those of their groups: those that wait, those that hold, and the last that no longer do."""
    table, joined = projected["access_right"].c, projected["membership"].c
    teams = sa.select(joined.team).where(
        joined.ledger_site == names.site.id,
        joined.epoch == names.site.epoch,
        joined.person == person,
        joined.state == "active",
    )
    standing = table.state.in_(STANDING)
    query = _rights(names.site).where(sa.or_(table.person == person, sa.and_(table.team.in_(teams), standing)))
    order = sa.case((table.state == "requested", 0), (table.state.in_(("active", "suspended")), 1), else_=2)
    rows = connection.execute(query.order_by(order, table.access_right.desc()).limit(PAGE)).all()
    leaves_at = _leaves_at(connection, names.site, person)
    return [right if leaves_at is None else _until(right, leaves_at, now) for right in named(rows, names, now)]


def _leaves_at(connection: sa.Connection, site: Site, person: int) -> str | None:
    table = projected["person"].c
    mine = (table.ledger_site == site.id, table.epoch == site.epoch, table.person == person)
    return connection.execute(sa.select(table.leaves_at).where(*mine)).scalar()


def _until(right: Right, leaves_at: str, now: str) -> Right:
    """The right to the end of the person's last day at most (C7.2)."""
    until_at = min(right.until_at, leaves_at)
    return replace(right, until_at=until_at, ended=right.state == "active" and until_at <= now)


def of_team(connection: sa.Connection, names: Names, team: int, now: str) -> list[Right]:
    """A group's rights that wait or hold."""
    table = projected["access_right"].c
    query = _rights(names.site).where(table.team == team, table.state.in_(STANDING))
    return named(connection.execute(query.order_by(table.access_right).limit(MOST_OF_TEAM)).all(), names, now)


def to_place(connection: sa.Connection, names: Names, place: str, now: str) -> list[Right]:
    """The rights to a place that wait or hold; so many at most."""
    table = projected["access_right"].c
    query = _rights(names.site).where(table.zone == place, table.state.in_(STANDING))
    return named(connection.execute(query.order_by(table.access_right).limit(PAGE)).all(), names, now)


def in_state(
    connection: sa.Connection, names: Names, state: str, now: str, before: int | None = None
) -> tuple[list[Right], bool]:
    """A page of the site's rights in this state (empty: any), newest first; whether there are older ones."""
    table = projected["access_right"].c
    query = _rights(names.site)
    if state:
        query = query.where(table.state == state)
    if before is not None:
        query = query.where(table.access_right < before)
    rows = connection.execute(query.order_by(table.access_right.desc()).limit(PAGE + 1)).all()
    return named(rows[:PAGE], names, now), len(rows) > PAGE


def one(connection: sa.Connection, names: Names, id: int, now: str) -> Right | None:
    """One right."""
    query = _rights(names.site).where(projected["access_right"].c.access_right == id)
    found = named(connection.execute(query).all(), names, now)
    return found[0] if found else None


def waiting(connection: sa.Connection, site: Site) -> int:
    """How many rights of the site wait for their approval."""
    table = projected["access_right"].c
    query = sa.select(sa.func.count()).where(
        table.ledger_site == site.id, table.epoch == site.epoch, table.state == "requested"
    )
    return connection.execute(query).scalar_one()


def _rights(site: Site) -> sa.Select[Any]:
    table = projected["access_right"]
    return sa.select(table).where(table.c.ledger_site == site.id, table.c.epoch == site.epoch)


def named(rows: Sequence[Any], names: Names, now: str) -> list[Right]:
    """Rows of the rights, with everything in them called by name."""
    operators = (id for row in rows for id in (row.requested_by, row.decided_by))
    names.learn((row.person for row in rows), operators, (row.team for row in rows))
    purposes = names.private(row.purpose for row in rows if row.purpose)
    return [_right(row, names, purposes.get(row.purpose, {}).get("purpose", ""), now) for row in rows]


def _right(row: Any, names: Names, purpose: str, now: str) -> Right:  # noqa: ANN401 - a row of access_right
    return Right(
        site=names.site.id,
        access_right=row.access_right,
        person=row.person,
        team=row.team,
        holder_name=names.person(row.person) or names.team(row.team),
        manner=row.manner or "",
        zone=row.zone,
        zone_name=names.place(row.zone),
        schedule=row.schedule,
        schedule_name=names.schedules.get(row.schedule, row.schedule),
        from_at=row.from_at,
        until_at=row.until_at,
        state=row.state,
        purpose=purpose,
        requested_by=row.requested_by,
        requested_by_name=names.operator(row.requested_by),
        requested_at=row.requested_at or "",
        decided_by=row.decided_by,
        decided_by_name=names.operator(row.decided_by),
        decided_at=row.decided_at or "",
        ended=row.state == "active" and row.until_at <= now,
    )
