"""A key cabinet for whoever looks after it: its slots, what is wrong in them, and letting out what is not to be lent (C8.2)."""

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.cabinet import OpenSlot
from dashboard.read import cabinets
from dashboard.views.ask import ask, to_request
from dashboard.views.kiosk import cabinet_at
from dashboard.views.subject import names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields

blueprint = Blueprint("cabinets", __name__)


@blueprint.get("/cabinets/<site>/<id>")
def page(site: str, id: str) -> str:
    """What hangs in each slot, who stands there, and what is wrong."""
    with here().connect() as connection:
        names = names_at(connection, site)
        return render_template(
            "cabinet.html",
            site=names.site,
            cabinet=cabinet_at(connection, names, id),
            standing=cabinets.standing(connection, names, id),
            slots=cabinets.slots(connection, names, id),
        )


@blueprint.route("/cabinets/<site>/<id>/<int:slot>/open", methods=["GET", "POST"])
def open_slot(site: str, id: str, slot: int) -> Response | str | tuple[str, int]:
    """Names the slot and takes the reason."""
    with here().connect() as connection:
        names = names_at(connection, site)
        cabinet = cabinet_at(connection, names, id)
        found = next((one for one in cabinets.slots(connection, names, id) if one.slot == slot), None)
    if found is None:
        abort(404)
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            return to_request(ask(site, OpenSlot(id, slot), {"reason": reason}))
    page = render_template("slot_open.html", site=names.site, cabinet=cabinet, slot=found, form=form)
    return page, 400 if form.errors else 200
