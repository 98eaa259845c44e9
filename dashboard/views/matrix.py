"""The matrix of people and zones: who may enter where, and why, on a screen, a phone and paper (C7.1)."""

from flask import Blueprint, abort, render_template, request

from dashboard.read import matrix, people
from dashboard.read.names import Names
from dashboard.views.subject import chosen_site
from dashboard.web.context import here
from dashboard.web.language import language

blueprint = Blueprint("matrix", __name__)


@blueprint.get("/matrix")
def page() -> str:
    """A page of people against as many zones as fit beside each other."""
    text = request.args.get("q", "").strip()[:100]
    after, first = _number("after"), _number("zone")
    with here().connect() as connection:
        site, choices = chosen_site(connection, "matrix.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        places = names.places
        every = list(places)
        if first and first >= len(every):
            abort(404)
        zones = every[first : first + matrix.ZONES]
        found, more = people.listed(connection, names, text, after)
        rows = matrix.rows(connection, names, found, zones, here().now())
    return render_template(
        "matrix.html",
        site=site,
        sites=choices,
        rows=rows,
        zones=[places[zone] for zone in zones],
        count=len(every),
        first=first,
        step=matrix.ZONES,
        more=more,
        after=after,
        q=text,
    )


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
