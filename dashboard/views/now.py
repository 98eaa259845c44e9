"""Now: is anything wrong, how do the doors stand, what has just happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import sqlalchemy as sa
from flask import Blueprint, render_template

from dashboard.notify import standing
from dashboard.own_key import revoked_at
from dashboard.read import presence
from dashboard.read.breaks import Break, breaks
from dashboard.read.conditions import ending
from dashboard.read.hands import Hands, Station, open_now, stations
from dashboard.read.lines import Line, last_arrival, newest
from dashboard.read.names import Names
from dashboard.read.orders import Order, lockdowns, ordered_text
from dashboard.read.parties import Violation, violations
from dashboard.read.pin import Duress, calls, calls_text
from dashboard.read.places import Plan
from dashboard.read.portals import Part, Tile, failed_parts, failed_text, tiles
from dashboard.read.reviews import Review, pressing
from dashboard.read.sites import Site
from dashboard.read.tethers import Wire, wires
from dashboard.views import due, jobs
from dashboard.views.jobs import Jobs
from dashboard.views.orders import place_name
from dashboard.views.subject import allowed_sites
from dashboard.web.context import here, user
from dashboard.web.language import language

blueprint = Blueprint("now", __name__)

FEED = 40
"""Lines of the feed when the page is made."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How what is kept at a site stands."""

    hands: Sequence[Hands]
    """Containers that stand open, and in whose hands they are."""
    stations: Sequence[Station]
    cut: Sequence[Wire]
    """Tethers that are cut."""

    @classmethod
    def of(cls, connection: sa.Connection, names: Names) -> Self:
        """At this site."""
        cut = [wire for wire in wires(connection, names) if wire.state == "cut"]
        return cls(open_now(connection, names), stations(connection, names), cut)


@dataclass(frozen=True, slots=True)
class Standing:
    """One site as the page shows it."""

    site: Site
    stale: bool
    age_s: int | None
    tiles: list[Tile]
    parts: list[Part]
    lockdowns: dict[str, Order]
    places: dict[str, str]
    """What the places of the lockdowns are called."""
    ordered: str = ""
    """Which lockdowns and evacuations stand, for the page to see that it changed."""
    revoked: bool = False
    """The site trusts this dashboard no more."""
    breaks: Sequence[Break] = ()
    """The newest break of its ledger; the ledger page has all."""
    ending: int = 0
    """Pledges and courses that end within 30 days, for who may look at them."""
    calls: Sequence[Duress] = ()
    """Calls for help of the last hours."""
    reviews: Sequence[Review] = ()
    """Reviews of rights in which something is overdue, or soon due, for who may look at them."""
    inside: int = 0
    """How many people are inside."""
    jobs: Jobs = field(default_factory=Jobs)
    """What waits for whoever looks, and what is overdue."""
    violations: Sequence[Violation] = ()
    """Who is inside without the others that the zone asks for."""
    unkept: int = 0
    """How many places are without a manager or a deputy of their own, for who may name them."""
    kept: Kept | None = None

    @property
    def duress(self) -> str:
        """The calls in one text, for the page to see that it changed."""
        return calls_text(list(self.calls))

    @property
    def failed(self) -> str:
        """The failed parts in one text, for the page to see that it changed."""
        return failed_text(self.parts)


@blueprint.get("/")
def page() -> str:
    """The page; complete without JavaScript, and alive with it."""
    now = here().now()
    with here().connect() as connection:
        after = last_arrival(connection)
        found: list[Standing] = []
        feed: list[tuple[Line, Site]] = []
        for site in allowed_sites(connection, "now.page"):
            names = Names(connection, site, language())
            parts = failed_parts(connection, site)
            ordered = lockdowns(connection, names)
            places = {place: place_name(names, place) for place in ordered}
            text = ordered_text(connection, names)
            gone = revoked_at(connection, site.id, here().runtime.keys.public.id)
            shown = tiles(connection, names)
            gaps = breaks(connection, site)[:1]
            press = pressing(connection, names, now) if user().may("reviews.page", site.id) else []
            soon = ending(connection, names, now) if user().may("training.page", site.id) else 0
            age_s = site.age_s(now)
            called, left = calls(connection, names, now), violations(connection, names)
            stale, inside = site.stale(now), presence.count(connection, site)
            todo = jobs.of_site(connection, names, now)
            unkept = len(Plan(connection, names).unkept()) if user().may("keeper.propose", site.id) else 0
            held = (shown, parts, ordered, places, text, gone, gaps)
            last = (unkept, Kept.of(connection, names))
            found.append(Standing(site, stale, age_s, *held, soon, called, press, inside, todo, left, *last))
            feed += [(line, site) for line in newest(connection, names, FEED)]
        failing = standing.failing_since(connection) if user().may("badge.enrol") else []
    feed.sort(key=lambda pair: pair[0].arrival if len(found) > 1 else pair[0].seq, reverse=True)
    return render_template(
        "now.html", now=now, sites=found, feed=feed[:FEED], after=after, link=due.link, span=due.span,
        failing=failing,
    )  # fmt: skip
