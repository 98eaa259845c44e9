"""Containers with a key or a combination: put up, moved, taken out of service (C8.1)."""

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.container import MoveContainer, RegisterContainer, RetireContainer
from controller.record.kinds.container import LOCKS, SORTS
from dashboard.read.places import Place, Plan
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields

blueprint = Blueprint("containers", __name__)

LONGEST_NAME, LONGEST_ID = 100, 32


@blueprint.route("/places/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Puts up a container; its id stands on labels and in addresses, and is never given again."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
    if request.method == "POST":
        name = form.text("name", required=_("Write what the container is called."), longest=LONGEST_NAME)
        id = form.text("container", required=_("Write a short id."), longest=LONGEST_ID)
        if "container" not in form.errors and not _is_id(id):
            form.errors["container"] = _("Small letters, digits and hyphens, a letter first.")
        elif id in names.places:
            form.errors["container"] = _("There is a place with this id.")
        sort = form.choice("sort", SORTS, _("Choose what it is."))
        zone = form.choice("zone", names.places, _("Choose where it stands."))
        lock = form.choice("lock", LOCKS, _("Choose what opens it."))
        if not form.errors:
            return to_request(ask(site, RegisterContainer(id, sort, zone, lock), {"name": name}))
    page = render_template("container_register.html", site=names.site, places=names.places, sorts=SORTS, locks=LOCKS, form=form)
    return page, 400 if form.errors else 200


def _is_id(text: str) -> bool:
    return text[:1].isalpha() and text.isascii() and text.islower() and all(one.isalnum() or one == "-" for one in text)


@blueprint.route("/places/<site>/<id>/move", methods=["GET", "POST"])
def move(site: str, id: str) -> Response | str | tuple[str, int]:
    """Lets it stand elsewhere, with all that is in it."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        plan = Plan(connection, names)
        found = _container(plan, id)
        inner = {id, *plan.within(id)}
    targets = {place: called for place, called in names.places.items() if place not in inner and place != found.inside}
    if request.method == "POST":
        zone = form.choice("zone", targets, _("Choose where it stands."))
        reason = form.text("reason", required=_("Write why."))
        if not form.errors:
            return to_request(ask(site, MoveContainer(id, zone), {"reason": reason}))
    page = render_template("container_move.html", site=names.site, place=found, places=targets, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/places/<site>/<id>/retire", methods=["GET", "POST"])
def retire(site: str, id: str) -> Response | str | tuple[str, int]:
    """Takes an empty one out of service; rights to it end."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        plan = Plan(connection, names)
        found = _container(plan, id)
        full = bool(found.assets or plan.within(id))
    if request.method == "POST" and not full:
        reason = form.text("reason", required=_("Write why."))
        if not form.errors:
            return to_request(ask(site, RetireContainer(id), {"reason": reason}))
    page = render_template("container_retire.html", site=names.site, place=found, full=full, form=form)
    return page, 400 if form.errors else 200


def _container(plan: Plan, id: str) -> Place:
    """The container on record with this id."""
    found = plan.place(id)
    if found is None or not found.registered:
        abort(404)
    return found
