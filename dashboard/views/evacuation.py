"""Evacuations: which stand, beginning one with one press and a reason, and a manager's end of it (C8.9)."""

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import BeginEvacuation, EndEvacuation
from dashboard.read import orders
from dashboard.read.timetable import unlocking
from dashboard.views.ask import ask, to_request
from dashboard.views.orders import WHOLE_SITE, place_name, places_of
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields

blueprint = Blueprint("evacuation", __name__)


@blueprint.get("/evacuation/<site>")
def page(site: str) -> str:
    """The site and its zones, and which of them are being evacuated."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = orders.evacuations(connection, names)
    may_end, places = user().may("evacuation.end", site), places_of(names)
    return render_template("evacuations.html", site=names.site, orders=found, places=places, may_end=may_end)


@blueprint.route("/evacuation/<site>/<zone>/<act>", methods=["GET", "POST"])
def act(site: str, zone: str, act: str) -> Response | str | tuple[str, int]:
    """Begins or ends an evacuation; names the doors first that will stand open."""
    with here().connect() as connection:
        names = names_at(connection, site)
        place = orders.SITE if zone == WHOLE_SITE else zone
        standing = orders.evacuations(connection, names)
        if act not in ("begin", "end") or (place != orders.SITE and place not in names.zones):
            abort(404)
        if (place in standing) != (act == "end") or not user().may(f"evacuation.{act}", site):
            abort(404)
        marked = unlocking(connection, names)
        concerned = orders.doors_of(connection, names, place)
    doors = [tile.name for tile in concerned if tile.portal in marked and marked[tile.portal].evacuation]
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            body = BeginEvacuation(place) if act == "begin" else EndEvacuation(place)
            return to_request(ask(site, body, {"reason": reason}))
    called = place_name(names, place)
    page = render_template("evacuation.html", site=names.site, called=called, act=act, doors=doors, form=form)
    return page, 400 if form.errors else 200
