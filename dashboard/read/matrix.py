"""People against zones: who may enter where, and by which right or group (C7.1). A page of people, and as many zones as fit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import timestamp
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.people import Person

ZONES = 8
"""Columns that a page has room for; the next ones are a page further."""
STANDING = ("active", "suspended", "requested")
"""States of a right that is not over, the one that counts most first."""
HOLDS, LATER = "holds", "later"


@dataclass(frozen=True, slots=True)
class Reason:
    """One right that leads a person into a zone, or would. `state`: `holds`, `later`, or as in records."""

    access_right: int
    state: str
    schedule: str
    manner: str
    until_at: str
    team: int | None
    team_name: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Row:
    """One person, and the reasons for each zone of the page, the one that counts most first; none where they may not enter."""

    person: Person
    cells: tuple[tuple[Reason, ...], ...]


def rows(
    connection: sa.Connection, names: Names, people: Sequence[Person], zones: Sequence[str], now: datetime
) -> list[Row]:
    """The matrix of these people and zones."""
    at, found = timestamp(now), _found(connection, names, [one.person for one in people], zones, timestamp(now))
    names.learn((), (), (row.team for row in found))
    purposes = names.private({row.purpose for row in found if row.purpose})
    cells: dict[tuple[int, str], list[Reason]] = defaultdict(list)
    for row in found:
        cells[row.holder, row.zone].append(_reason(row, names, purposes.get(row.purpose, {}).get("purpose", ""), at))
    leaving = _leaving(connection, names, [one.person for one in people])
    return [
        Row(one, tuple(_cell(cells[one.person, zone], leaving.get(one.person)) for zone in zones)) for one in people
    ]


def _cell(reasons: list[Reason], leaves_at: str | None) -> tuple[Reason, ...]:
    """In order, each to the end of the person's last day at most (C7.2)."""
    cut = [
        one if leaves_at is None or one.until_at <= leaves_at else replace(one, until_at=leaves_at) for one in reasons
    ]
    return tuple(sorted(cut, key=lambda one: (_RANK[one.state], one.team is not None, -one.access_right)))


_RANK = {state: n for n, state in enumerate((HOLDS, LATER, "suspended", "requested"))}


def _reason(row: Any, names: Names, purpose: str, now: str) -> Reason:  # noqa: ANN401 - a row of the queries below
    state = row.state if row.state != "active" else HOLDS if row.from_at <= now else LATER
    return Reason(
        row.access_right,
        state,
        names.schedules.get(row.schedule, row.schedule),
        row.manner or "",
        row.until_at,
        row.team,
        names.team(row.team),
        purpose,
    )


def _found(
    connection: sa.Connection, names: Names, people: Sequence[int], zones: Sequence[str], now: str
) -> list[Any]:
    """The rights of these people to these zones that are not over: their own, then those of their groups."""
    right, joined = projected["access_right"].c, projected["membership"].c
    here = (right.ledger_site == names.site.id, right.epoch == names.site.epoch)
    wanted = (*here, right.zone.in_(zones), right.state.in_(STANDING), right.until_at > now)
    columns = (
        right.access_right, right.zone, right.state, right.schedule, right.manner, right.from_at, right.until_at,
        right.team, right.purpose,
    )  # fmt: skip
    own = sa.select(right.person.label("holder"), *columns).where(*wanted, right.person.in_(people))
    same = sa.and_(joined.ledger_site == right.ledger_site, joined.epoch == right.epoch, joined.team == right.team)
    by_group = (
        sa.select(joined.person.label("holder"), *columns)
        .join_from(projected["membership"], projected["access_right"], same)
        .where(*wanted, joined.person.in_(people), joined.state == "active")
    )
    return [*connection.execute(own), *connection.execute(by_group)]


def _leaving(connection: sa.Connection, names: Names, people: Sequence[int]) -> dict[int, str]:
    table = projected["person"].c
    query = sa.select(table.person, table.leaves_at).where(
        table.ledger_site == names.site.id,
        table.epoch == names.site.epoch,
        table.person.in_(people),
        table.leaves_at.is_not(None),
    )
    return {person: leaves_at for person, leaves_at in connection.execute(query)}
