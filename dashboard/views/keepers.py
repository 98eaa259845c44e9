"""Who answers for a place: proposed by one operator, approved by another (C3.1, C7.3)."""

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.keeper import ApproveKeeper, DeclineKeeper, ProposeKeeper
from dashboard.read import keepers, people
from dashboard.read.names import Names
from dashboard.read.places import Plan
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields

blueprint = Blueprint("keepers", __name__)

MOST_NAMED = 6
"""People who are named when a name fits several."""


@blueprint.route("/places/<site>/<id>/keepers", methods=["GET", "POST"])
def propose(site: str, id: str) -> Response | str | tuple[str, int]:
    """Proposes manager and deputy; until another approves it, whoever was named before answers for the place."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = Plan(connection, names).place(id)
        if found is None:
            abort(404)
        if request.method == "POST":
            manager = _person(connection, names, form, "manager", _("Write who is to be the manager."))
            deputy = _person(connection, names, form, "deputy", _("Write who is to be the deputy."))
            if not form.errors and manager == deputy:
                form.errors["deputy"] = _("Manager and deputy are two different people.")
            if not form.errors:
                return to_request(ask(site, ProposeKeeper(id, manager, deputy)))
    return render_template("keepers_propose.html", site=names.site, place=found, form=form), 400 if form.errors else 200


def _person(connection: sa.Connection, names: Names, form: Fields, field: str, missing: str) -> int:
    """The one active person whom name, reading or number fits; else 0, and what is wrong beside the field."""
    text = form.text(field, required=missing, longest=100)
    if field in form.errors:
        return 0
    listed, more = people.listed(connection, names, text, 0)
    fitting = [one for one in listed if one.state == "active"]
    if len(fitting) == 1 and not more:
        return fitting[0].person
    if not fitting:
        form.errors[field] = _("Nobody here has this name or number.")
    else:
        some = ", ".join(f"#{one.person} {one.name}" for one in fitting[:MOST_NAMED])
        form.errors[field] = _("It fits several people; write the number: %(some)s", some=some)
    return 0


@blueprint.get("/appointments/<site>/<int:id>/place")
def due(site: str, id: int) -> Response:
    """To the place for which somebody has to be named: its last appointment is what is due."""
    with here().connect() as connection:
        found = keepers.appointments(connection, names_at(connection, site), id)
    if not found:
        abort(404)
    return redirect(url_for("places.place", site=site, id=found[0].place))


@blueprint.route("/appointments/<site>/<int:id>", methods=["GET", "POST"])
def decide(site: str, id: int) -> Response | str:
    """Approves or declines an appointment; never by who proposed it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = keepers.appointments(connection, names, id)
        if not found:
            abort(404)
        place = Plan(connection, names).place(found[0].place)
    own = user().operators[site].operator == found[0].requested_by
    late = found[0].state != "requested" or place is None
    act = request.form.get("act", "")
    if request.method == "POST" and not late and act == "decline":
        return to_request(ask(site, DeclineKeeper(id)))
    if request.method == "POST" and not late and not own and act == "approve":
        return to_request(ask(site, ApproveKeeper(id)))
    return render_template("keepers_decide.html", site=names.site, found=found[0], place=place, own=own, late=late)
