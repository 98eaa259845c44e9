"""Things that can be carried away: registered, found again, given up; and the stickers on them (C9.1)."""

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.sticker import AttachSticker, DetachSticker
from controller.record.asks.thing import RegisterThing, RetireThing
from controller.record.handling import MEDIA, OFF_SITE
from dashboard.read import custody
from dashboard.read.custody import Wanted
from dashboard.read.names import Names
from dashboard.read.things import Thing, assets, awaited, stickers, things
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("things", __name__)


@blueprint.get("/things")
def page() -> str:
    """All things, and who has which."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "things.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found = things(connection, names)
        out, _count = custody.listed(connection, names, here().now(), Wanted("out"), custody.MOST_FILE)
    holders = {line.row.thing: line for line in reversed(out)}
    return render_template("things.html", site=site, sites=choices, things=found, holders=holders, zones=names.places)


@blueprint.get("/things/<site>/<int:id>")
def thing(site: str, id: int) -> str:
    """One thing: where it belongs, its stickers, and its lines of the ledger."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = _thing(connection, names, id)
        on, waits = stickers(connection, names, f"thing:{id}"), awaited(connection, names, f"thing:{id}")
        lines, _count = custody.listed(connection, names, here().now(), Wanted("all", thing=id))
        carried = assets(connection, names, [] if found.asset is None else [found.asset])
    places = [custody.place_name(names, place) for place in found.allowed]
    return render_template(
        "thing.html", site=names.site, thing=found, stickers=on, waits=waits, lines=lines,
        carried=carried.get(found.asset or 0), places=places, home=names.place(found.place), stations=names.stations,
    )  # fmt: skip


@blueprint.route("/things/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Makes a thing known."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        catalogue = assets(connection, names)
    if request.method == "POST":
        allowed = tuple(place for place in request.form.getlist("allowed") if place in names.places or place == OFF_SITE)
        code = form.text("code", required=_("Write what is written on it."), longest=64)
        label = form.text("label", required=_("Write what it is called."), longest=100)
        medium = form.choice("medium", MEDIA, _("Choose the medium."))
        place = form.choice("place", names.places, _("Choose the place."))
        number = form.values.get("asset", "")
        asset = int(number) if number.isascii() and number.isdigit() and int(number[:10]) in catalogue else None
        if not form.errors:
            body = RegisterThing(code=code, medium=medium, place=place, allowed=allowed, asset=asset)
            return to_request(ask(site, body, {"label": label}))
    page = render_template(
        "thing_register.html", site=names.site, form=form, assets=catalogue, zones=names.places, media=MEDIA, off=OFF_SITE,
        ticked=request.form.getlist("allowed"),
    )  # fmt: skip
    return page, 400 if form.errors else 200


@blueprint.post("/things/<site>/<int:id>/retire")
def retire(site: str, id: int) -> Response:
    """Lets a thing be taken out no more."""
    state = request.form.get("state", "")
    if state not in ("retired", "lost"):
        abort(400)
    return to_request(ask(site, RetireThing(id, state)))


@blueprint.post("/things/<site>/<int:id>/sticker")
def attach(site: str, id: int) -> Response:
    """Makes the next unknown tag at a station the thing's sticker."""
    with here().connect() as connection:
        names = names_at(connection, site)
    station = request.form.get("station", "")
    if station not in names.stations:
        abort(400)
    return to_request(ask(site, AttachSticker(f"thing:{id}", station)))


@blueprint.post("/things/<site>/<int:id>/sticker/off")
def detach(site: str, id: int) -> Response:
    """Lets a sticker name nothing any more."""
    return to_request(ask(site, DetachSticker(request.form.get("sticker", "")[:64])))


def _thing(connection: sa.Connection, names: Names, id: int) -> Thing:
    found = things(connection, names, [id]).get(id)
    if found is None:
        abort(404)
    return found
