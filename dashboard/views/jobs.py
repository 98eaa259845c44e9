"""What waits for somebody: what is due of theirs and of their places, and what they may decide; the first lines of it."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from dashboard.read import due, groups, keepers, rights
from dashboard.read.due import Due, Wanted
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.web.context import user

FIRST = 5
"""Lines of each on the page that one begins with; the page of what is due has all."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What waits at one site for whoever is signed in, and what is overdue there at all."""

    mine: list[Due] = field(default_factory=list)
    count: int = 0
    """How many there are of `mine`; the first ones are there."""
    approvals: int = 0
    """Requests that they may approve or decline; their own among them count, and somebody else decides on those."""
    late: list[Due] = field(default_factory=list)
    late_count: int = 0


def of_site(connection: sa.Connection, names: Names, now: datetime) -> Jobs:
    """The jobs of whoever is signed in."""
    site = names.site.id
    person = user().operators[site].person
    mine: list[Due] = []
    count = 0
    if person is not None:
        places = Responsible(connection, names.site).places_of(person)
        mine, count = due.listed(connection, names, now, Wanted(mine=person, places=places), FIRST)
    waiting = 0
    if user().may("right.approve", site):
        waiting = rights.waiting(connection, names.site) + groups.count_waiting(connection, names.site)
        waiting += keepers.count_waiting(connection, names.site)
    if not user().may("due.page", site) or not user().may("now.page", site):
        return Jobs(mine, count, waiting)
    late, late_count = due.listed(connection, names, now, Wanted("late"), FIRST)
    return Jobs(mine, count, waiting, late, late_count)
