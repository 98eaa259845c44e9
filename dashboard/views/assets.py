"""The catalogue of information assets: looked up, taken along in its form, and kept (C1.1, C1.2, C8.5)."""

from datetime import timedelta
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.record.asks.asset import ChangeAsset, RegisterAsset, WithdrawAsset
from controller.record.kinds.asset import HELD, WITHDRAWALS
from controller.record.measures import ASSURANCES, PERSONAL, SECRECIES, holders
from dashboard.paper import Register
from dashboard.read import assets
from dashboard.read.assets import Asset, Wanted
from dashboard.read.names import Names
from dashboard.read.places import Plan
from dashboard.read.sites import Site
from dashboard.views.ask import ask, to_request
from dashboard.views.asset_form import described, filled
from dashboard.views.catalogue import cells, columns
from dashboard.views.paper import SORTS, register_file
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("assets", __name__)

SOON = timedelta(days=30)
"""So long before its end a retention is pressing."""


@blueprint.get("/assets")
def page() -> str:
    """The catalogue: filtered by class, place, owner, retention and words; the address says how."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "assets.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        wanted = _wanted(connection, names)
        found, more = assets.listed(connection, names, wanted)
    query = {name: value for name, value in request.args.items() if name not in ("site", "after", "lang") and value}
    return render_template(
        "assets.html", site=site, sites=choices, assets=found, more=more, wanted=wanted, query=query, today=_today(site),
        places=names.places, place=request.args.get("place", ""), secrecies=SECRECIES, sorts=tuple(SORTS),
    )  # fmt: skip


@blueprint.get("/assets.<sort>", endpoint="file")
def as_file(sort: str) -> Response:
    """The same as a file, in the form of the certification's training material, all of it."""
    if sort not in SORTS:
        abort(404)
    with here().connect() as connection:
        site, _choices = chosen_site(connection, "assets.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found, _more = assets.listed(connection, names, _wanted(connection, names), assets.MOST)
    made_at = here().now().astimezone(zone_of(site.timezone))
    rows = [cells(one, names) for one in found]
    about = (site.name(language()), _("%(n)s assets", n=len(rows)))
    register = Register(_("Catalogue of information assets"), " · ".join(about), columns(), rows, made_at)
    return register_file(register, sort, quote(f"assets_{site.id}_{made_at:%Y-%m-%d}_{len(rows)}"))


@blueprint.get("/assets/<site>/<int:id>")
def asset(site: str, id: int) -> str:
    """One asset."""
    with here().connect() as connection:
        names = names_at(connection, site)
        return render_template(
            "asset.html", asset=asset_at(connection, names, id), site=names.site, names=names, today=_today(names.site)
        )


@blueprint.route("/assets/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Answer | str | tuple[str, int]:
    """Enters an asset in the catalogue."""
    with here().connect() as connection:
        names = names_at(connection, site)
    form = Fields(request.form if request.method == "POST" else request.args)
    if request.method == "POST":
        said, texts = described(form, names)
        if not form.errors:
            return to_request(ask(site, RegisterAsset(**said), texts))
    return _form(names, form, None)


@blueprint.route("/assets/<site>/<int:id>/change", methods=["GET", "POST"])
def change(site: str, id: int) -> Answer | str | tuple[str, int]:
    """Lets it be otherwise: also where it is kept, and what it asks for there."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = asset_at(connection, names, id)
    if found.state != HELD:
        abort(404)
    form = Fields(request.form if request.method == "POST" else filled(found))
    if request.method == "POST":
        said, texts = described(form, names)
        if not form.errors:
            return to_request(ask(site, ChangeAsset(asset=id, **said), texts))
    return _form(names, form, found)


def _form(names: Names, form: Fields, found: Asset | None) -> tuple[str, int]:
    page = render_template(
        "asset_form.html", site=names.site, asset=found, form=form, places=names.places, conditions=names.conditions,
        assurances=tuple(ASSURANCES), secrecies=SECRECIES, personal=PERSONAL,
    )  # fmt: skip
    return page, 400 if form.errors else 200


@blueprint.route("/assets/<site>/<int:id>/withdraw", methods=["GET", "POST"])
def withdraw(site: str, id: int) -> Answer | str | tuple[str, int]:
    """Takes it out of the catalogue: what it asks for holds in its place no more."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = asset_at(connection, names, id)
    if request.method == "POST" and found.state == HELD:
        reason = form.choice("reason", WITHDRAWALS, _("Choose why."))
        if not form.errors:
            return to_request(ask(site, WithdrawAsset(id, reason)))
    page = render_template("asset_withdraw.html", site=names.site, asset=found, reasons=WITHDRAWALS, form=form)
    return page, 400 if form.errors else 200


def asset_at(connection: sa.Connection, names: Names, id: int) -> Asset:
    """The asset with this number."""
    found = assets.one(connection, names, id)
    if found is None:
        abort(404)
    return found


def _wanted(connection: sa.Connection, names: Names) -> Wanted:
    """What the address asks for."""
    asked = request.args
    state, secrecy, place = asked.get("state", HELD), asked.get("class", ""), asked.get("place", "")
    if (secrecy and secrecy not in SECRECIES) or state not in (HELD, "withdrawn", "") or len(place) > 64:
        abort(400)
    stands_in = Plan(connection, names).stands_in if place else {}
    places = {place, *(one for one in stands_in if place in holders(one, stands_in))} if place else set()
    after = asked.get("after", "0")
    by = (here().now() + SOON).astimezone(zone_of(names.site.timezone)).date().isoformat() if asked.get("over") else ""
    return Wanted(
        state,
        secrecy,
        frozenset(places),
        bool(asked.get("entrusted")),
        by,
        asked.get("q", "").strip()[:100],
        int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0,
    )


def _today(site: Site) -> str:
    return here().now().astimezone(zone_of(site.timezone)).date().isoformat()
