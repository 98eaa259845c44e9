"""What waits for somebody: what is due of theirs and of their places, and what they may decide; the first lines of it."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from flask import current_app, url_for

from dashboard.read import approvals, due
from dashboard.read.approvals import Sort
from dashboard.read.due import Due, Wanted
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.web import roles
from dashboard.web.context import user

FIRST = 5
"""Lines of each on the page that one begins with; the page of what is due has all."""


@dataclass(frozen=True, slots=True)
class Decision:
    """So many requests of one kind that wait for a decision, and where they are; empty where this dashboard has no page."""

    request: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class Jobs:
    """What waits at one site for whoever is signed in, and what is overdue there at all."""

    mine: list[Due] = field(default_factory=list)
    count: int = 0
    """How many there are of `mine`; the first ones are there."""
    approvals: list[Decision] = field(default_factory=list)
    """What others asked for and they may decide."""
    late: list[Due] = field(default_factory=list)
    late_count: int = 0


def decidable(held: frozenset[str]) -> list[Sort]:
    """The sorts of requests that somebody with these roles decides; what employees do is about themselves."""
    return [sort for sort in approvals.SORTS if roles.allows(sort.request, held - {"employee"})]


def of_site(connection: sa.Connection, names: Names, now: datetime) -> Jobs:
    """The jobs of whoever is signed in."""
    site = names.site.id
    operator = user().operators[site]
    person = operator.person
    mine: list[Due] = []
    count = 0
    if person is not None:
        places = Responsible(connection, names.site).places_of(person)
        mine, count = due.listed(connection, names, now, Wanted(mine=person, places=places), FIRST)
    waits = approvals.waiting(connection, names.site, operator, decidable(operator.roles))
    waiting = [Decision(one.sort.request, one.count, _page(one.sort.page, site)) for one in waits]
    if not user().may("due.page", site) or not user().may("now.page", site):
        return Jobs(mine, count, waiting)
    late, late_count = due.listed(connection, names, now, Wanted("late"), FIRST)
    return Jobs(mine, count, waiting, late, late_count)


def _page(endpoint: str, site: str) -> str:
    there = endpoint in current_app.view_functions and user().may(endpoint, site)
    return url_for(endpoint, site=site) if there else ""
