"""Orders: how a door is to stand for a time, and lockdowns. Each names its effects first, and takes a reason (C8.8)."""

from datetime import timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import BeginLockdown, EndLockdown, OverridePortal, ResumePortal
from controller.record.canonical import timestamp
from dashboard.read import orders
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at, portal_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import zone_of

blueprint = Blueprint("orders", __name__)

POSTURES = ("open", "locked")
WHOLE_SITE = "all"
"""How an address says the whole site."""


@blueprint.route("/portals/<site>/<id>/override", methods=["GET", "POST"])
def override(site: str, id: str) -> Response | str | tuple[str, int]:
    """Lets a door stand open or locked until a time."""
    with here().connect() as connection:
        names = names_at(connection, site)
        tile = portal_at(connection, names, id)
    form = Fields(request.form)
    now = here().now()
    if request.method == "POST":
        posture = form.choice("posture", POSTURES, _("Choose how the door is to stand."))
        until = form.moment("until", names.site.timezone)
        reason = form.text("reason", required=_("Write the reason."))
        if until is not None and until <= now:
            form.errors["until"] = _("The end must be in the future.")
        if until is not None and not form.errors:
            return to_request(ask(site, OverridePortal(id, posture, timestamp(until)), {"reason": reason}))
    later = (now + timedelta(hours=1)).astimezone(zone_of(names.site.timezone)).strftime("%Y-%m-%dT%H:%M")
    page = render_template("override.html", tile=tile, site=names.site, form=form, later=later, postures=POSTURES)
    return page, 400 if form.errors else 200


@blueprint.route("/portals/<site>/<id>/resume", methods=["GET", "POST"])
def resume(site: str, id: str) -> Response | str:
    """Ends an override before its time."""
    with here().connect() as connection:
        names = names_at(connection, site)
        tile = portal_at(connection, names, id)
        order = orders.override(connection, names, id)
    if order is None:
        abort(404)
    if request.method == "POST":
        return to_request(ask(site, ResumePortal(id)))
    return render_template("resume.html", tile=tile, site=names.site, order=order)


@blueprint.get("/lockdown/<site>")
def lockdowns(site: str) -> str:
    """The zones, which of them are locked down, by whom and why."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = orders.lockdowns(connection, names)
    may_end, places = user().may("lockdown.end", site), places_of(names)
    return render_template("lockdowns.html", site=names.site, orders=found, places=places, may_end=may_end)


@blueprint.route("/lockdown/<site>/<zone>/<act>", methods=["GET", "POST"])
def lockdown(site: str, zone: str, act: str) -> Response | str | tuple[str, int]:
    """Locks a zone or the site down, or lifts that; names the doors first."""
    with here().connect() as connection:
        names = names_at(connection, site)
        place = orders.SITE if zone == WHOLE_SITE else zone
        standing = orders.lockdowns(connection, names)
        if act not in ("begin", "end") or (place != orders.SITE and zone not in names.zones):
            abort(404)
        if (place in standing) != (act == "end"):
            abort(404)
        doors = [tile.name for tile in orders.doors_of(connection, names, place)]
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            body = BeginLockdown(place) if act == "begin" else EndLockdown(place)
            return to_request(ask(site, body, {"reason": reason}))
    called = place_name(names, place)
    page = render_template("lockdown.html", site=names.site, called=called, act=act, doors=doors, form=form)
    return page, 400 if form.errors else 200


def places_of(names: Names) -> list[tuple[str, str, str, bool]]:
    """Where an order may be given: its part of an address, its id, its name, and whether the user's scope has it."""
    scope = user().operators[names.site.id]
    whole = (WHOLE_SITE, orders.SITE, _("The whole site"), "*" in scope.scope)
    return [whole, *((zone, zone, called, scope.covers(zone)) for zone, called in names.zones.items())]


def place_name(names: Names, place: str) -> str:
    """What a lockdown's place is called."""
    return _("The whole site") if place == orders.SITE else names.zones.get(place, place)
