"""Places: zones and containers, what each holds and asks for, who answers for it, and what is missing (C1.2, C3.1, C8.1)."""

from flask import Blueprint, abort, render_template, request

from dashboard.read import assets, keepers, labels, rights
from dashboard.read.assets import Wanted
from dashboard.read.names import Names
from dashboard.read.openers import openers
from dashboard.read.places import Plan
from dashboard.views.subject import chosen_site, names_at, now_text
from dashboard.web.context import here, user
from dashboard.web.language import language

blueprint = Blueprint("places", __name__)

MOST_ASSETS = 200
"""Assets that a place's page lists; the catalogue has all."""


@blueprint.get("/places")
def page() -> str:
    """All places of a site; or only those that are incomplete."""
    only = request.args.get("only", "")
    if only not in ("", "missing"):
        abort(400)
    with here().connect() as connection:
        site, choices = chosen_site(connection, "places.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        every = Plan(connection, names).every()
        waiting = keepers.appointments(connection, names)
    missing = [place for place in every if place.missing]
    shown = missing if only else every
    return render_template(
        "places.html", site=site, sites=choices, places=shown, count=len(every), missing=len(missing), only=only,
        waiting=waiting,
    )  # fmt: skip


@blueprint.get("/places/<site>/<id>")
def place(site: str, id: str) -> str:
    """One place; the code on its label leads here."""
    with here().connect() as connection:
        names = names_at(connection, site)
        plan = Plan(connection, names)
        found = plan.place(id)
        if found is None:
            abort(404)
        within = plan.within(id)
        wanted = Wanted(places=frozenset((id, *within)))
        reads = user().may("assets.page", site)
        held, more = assets.listed(connection, names, wanted, MOST_ASSETS) if reads else ([], False)
        return render_template(
            "place.html",
            place=found,
            site=names.site,
            containers=[inner for other in within if (inner := plan.place(other)) is not None],
            assets=held,
            more=more,
            titles={one.asset: one.title for one in held},
            rights=rights.to_place(connection, names, id, now_text()) if user().may("rights.page", site) else [],
            waiting=[one for one in keepers.appointments(connection, names) if one.place == id],
            prints=labels.prints(connection, names, id),
            openers=[one for one in openers(connection, names, id) if user().may(one.page, site)],
            names=names,
        )
