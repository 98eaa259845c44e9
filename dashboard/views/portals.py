"""A portal: how it stands, what happened there, and letting it be opened once."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ReleasePortal
from dashboard.read import hands, ledger, orders, parties
from dashboard.read.filters import Filter
from dashboard.read.lines import lines
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at, now_text, portal_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields

blueprint = Blueprint("portals", __name__)

LAST = 20


@blueprint.get("/portals/<site>/<id>")
def page(site: str, id: str) -> str:
    """The portal and its last records."""
    with here().connect() as connection:
        names = names_at(connection, site)
        tile = portal_at(connection, names, id)
        found = ledger.page(connection, Filter(site, names.site.epoch, portal=id))
        return render_template(
            "portal.html",
            tile=tile,
            site=names.site,
            stale=names.site.stale(here().now()),
            zones=names.zones,
            readers=[names.reader(reader) for reader, (portal, _side) in names.readers.items() if portal == id],
            order=orders.override(connection, names, id),
            waiting=parties.waiting(connection, names, id, now_text()),
            hands=hands.open_now(connection, names, id),
            violations=parties.violations(connection, names, [tile.inner]),
            asked=parties.asked(connection, names).get(tile.inner),
            interlocked=parties.interlocked(connection, names, id),
            lines=lines(found.rows[:LAST], names),
            covered=user().operators[site].covers(tile.inner, tile.outer),
        )


@blueprint.route("/portals/<site>/<id>/release", methods=["GET", "POST"])
def release(site: str, id: str) -> Response | str | tuple[str, int]:
    """Names the effect and takes the reason; the button names the door."""
    with here().connect() as connection:
        names = names_at(connection, site)
        tile = portal_at(connection, names, id)
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            return to_request(ask(site, ReleasePortal(id), {"reason": reason}))
    stale = names.site.stale(here().now())
    page = render_template("release.html", tile=tile, site=names.site, stale=stale, form=form)
    return page, 400 if form.errors else 200
