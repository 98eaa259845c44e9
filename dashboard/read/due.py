"""What is due and overdue at a site, the most urgent first, of whatever noun (C8.2, C8.3, C8.4, C4.1, C8.6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import moment, timestamp
from controller.record.duty import LATE, OVERDUE
from controller.record.words import words
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site

AHEAD = timedelta(days=30)
"""What is due within so long stands on the page, told of or not; what is due later only where everything is asked for."""
WHICH = ("pressing", "late", "all")
MOST = 500
"""Lines on the page; the file has more."""
MOST_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which due things: of a sort, a place, of people (`mine`: one's own and one's places')."""

    which: str = "pressing"
    sort: str = ""
    place: str = ""
    people: Collection[int] | None = None
    mine: int | None = None
    """The person whose jobs alone are wanted."""
    places: Collection[str] = ()
    """With `mine`: the places that the person answers for."""


@dataclass(frozen=True, slots=True)
class Due:
    """One due thing, codes beside their words."""

    sort: str
    number: int
    what: str
    due_at: str
    place: str
    where: str
    person: int | None
    who: str
    stage: str
    """As it stands now: what is past its date is overdue, also where the site has not said so yet."""
    stage_words: str
    late: bool
    seq: int
    """The record that last told of it; 0: none has."""

    def span(self, now: datetime) -> timedelta:
        """How long until it is due, or since it was."""
        return abs(moment(self.due_at) - now)


def listed(
    connection: sa.Connection, names: Names, now: datetime, wanted: Wanted, most: int = MOST
) -> tuple[list[Due], int]:
    """The due things that are wanted, those overdue for longest first, so many at most; and how many there are."""
    conditions = _where(names.site, now, wanted)
    table = projected["due"].c
    count = connection.execute(sa.select(sa.func.count()).select_from(projected["due"]).where(*conditions)).scalar_one()
    query = sa.select(projected["due"]).where(*conditions).order_by(table.due_at, table.due).limit(most)
    return _dues(connection.execute(query).all(), names, now), count


def late_count(connection: sa.Connection, site: Site, now: datetime) -> int:
    """How many things are overdue at the site."""
    table = projected["due"]
    query = sa.select(sa.func.count()).select_from(table)
    late = (*of_site(table, site), table.c.due_at <= timestamp(now))
    return int(connection.execute(query.where(*late)).scalar_one())


def sorts_there(connection: sa.Connection, site: Site) -> list[str]:
    """The sorts of which the site has something that is owed."""
    table = projected["due"]
    query = sa.select(table.c.sort).where(*of_site(table, site)).distinct().order_by(table.c.sort)
    return list(connection.execute(query).scalars())


def places_there(connection: sa.Connection, site: Site) -> list[str]:
    """The places of which something is owed."""
    table = projected["due"]
    query = sa.select(table.c.place).where(*of_site(table, site), table.c.place != "").distinct().order_by(table.c.place)
    return list(connection.execute(query).scalars())


def _where(site: Site, now: datetime, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    table = projected["due"]
    found = [*of_site(table, site)]
    if wanted.which == "late":
        found.append(table.c.due_at <= timestamp(now))
    elif wanted.which == "pressing":
        found.append(sa.or_(table.c.due_at <= timestamp(now + AHEAD), table.c.stage != ""))
    if wanted.sort:
        found.append(table.c.sort == wanted.sort)
    if wanted.place:
        found.append(table.c.place == wanted.place)
    if wanted.people is not None:
        found.append(table.c.person.in_(wanted.people) if wanted.people else sa.false())
    if wanted.mine is not None:
        theirs = sa.and_(table.c.person.is_(None), table.c.place.in_(wanted.places)) if wanted.places else sa.false()
        found.append(sa.or_(table.c.person == wanted.mine, theirs))
    return found


def _dues(rows: Sequence[Any], names: Names, now: datetime) -> list[Due]:
    names.learn(row.person for row in rows)
    return [_due(row, names, now) for row in rows]


def _due(row: Any, names: Names, now: datetime) -> Due:  # noqa: ANN401 - a row of the table
    late = row.due_at <= timestamp(now) or row.stage in LATE  # where the clocks differ, the site's word counts too
    stage = OVERDUE if late and row.stage not in LATE else row.stage
    return Due(
        row.sort,
        row.number,
        words(row.sort, names.lang, "due"),
        row.due_at,
        row.place or "",
        names.place(row.place),
        row.person,
        names.person(row.person),
        stage or "",
        words(stage, names.lang, "due_stage") if stage else "",
        late,
        row.seq or 0,
    )
