"""My page: what somebody lacks, why the doors refused them lately, and the way out; for them alone."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, render_template

from dashboard.read import conditions, custody, key_loans, keys, refused
from dashboard.read.conditions import Cell
from dashboard.read.custody import Line
from dashboard.read.key_loans import Reservation
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.read.refused import Refused
from dashboard.read.sites import Site, sites
from dashboard.views import due, jobs
from dashboard.views.jobs import Jobs
from dashboard.views.keys import since
from dashboard.views.training import present
from dashboard.web.context import here, user
from dashboard.web.language import language

blueprint = Blueprint("my", __name__)


@dataclass(frozen=True, slots=True)
class Mine:
    """What one site says to the person who is signed in."""

    site: Site
    person: int
    name: str
    cells: list[Cell]
    refusals: list[Refused]
    ask: list[str]
    keys: list[Key]
    reservations: list[Reservation]
    custody: list[Line]
    """What they have taken out, or asked for."""
    jobs: Jobs

    @property
    def missing(self) -> list[Cell]:
        """What the doors refuse for want of."""
        return [cell for cell in self.cells if cell.missing]

    @property
    def ending(self) -> list[Cell]:
        """What ends within 30 days."""
        return [cell for cell in self.cells if cell.needed and cell.soon]


@blueprint.get("/my")
def page() -> str:
    """One section for each site that knows the account to be a badge holder."""
    people = {site: operator.person for site, operator in user().operators.items() if operator.person is not None}
    with here().connect() as connection:
        found = [_mine(connection, site, people[site.id]) for site in sites(connection, people)]
    notifies = here().runtime.config.notify is not None
    return render_template(
        "my.html", found=found, since=since, notifies=notifies, now=here().now(), link=due.link, span=due.span
    )


def _mine(connection: sa.Connection, site: Site, person: int) -> Mine:
    names = Names(connection, site, language())
    names.learn([person])
    when = present(names)
    cells = conditions.of_person(connection, names, person, when)
    return Mine(
        site,
        person,
        names.person(person),
        [cell for cell in cells if cell.needed or cell.state != "never"],
        refused.of_person(connection, names, person, when.now),
        refused.whom_to_ask(connection, names, person),
        keys.held_by(connection, names, person),
        key_loans.reservations(connection, names, person=person),
        custody.of_person(connection, names, person, when.now),
        jobs.of_site(connection, names, when.now),
    )
