"""Tethers: how the wires are, the check list, and a round over it on a phone (C8.13)."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.tether import (
    DAMAGED,
    MISSING,
    OK,
    BeginTetherRound,
    CheckTether,
    EndTetherRound,
    RegisterTether,
    RetireTether,
)
from dashboard.read import tethers
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at, now_text
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("tethers", __name__)

LONGEST_NAME, LONGEST_ID, MOST_DAYS = 100, 32, 3660


@blueprint.get("/tethers")
def page() -> str:
    """The wires with an input, the things without one, and the rounds."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "tethers.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        return render_template(
            "tethers.html",
            site=site,
            sites=choices,
            wires=tethers.wires(connection, names),
            things=tethers.things(connection, names),
            rounds=tethers.rounds(connection, names),
            now=now_text(),
        )


@blueprint.route("/tethers/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Puts a thing on the check list."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        places = names.places
    if request.method == "POST":
        name = form.text("name", required=_("Write what the thing is called."), longest=LONGEST_NAME)
        word = form.text("equipment", required=_("Write what stands on its label."), longest=LONGEST_ID)
        if "equipment" not in form.errors and not _is_word(word):
            form.errors["equipment"] = _("Small letters, digits and hyphens.")
        place = form.choice("place", places, _("Choose where it is."))
        days = form.text("days")
        if days and not (days.isascii() and days.isdigit() and 1 <= int(days[:5]) <= MOST_DAYS):
            form.errors["days"] = _("Write a number of days, 1 to %(most)s.", most=MOST_DAYS)
        if not form.errors:
            return to_request(ask(site, RegisterTether(word, place, int(days or 0)), {"name": name}))
    return render_template("tether_register.html", site=names.site, places=places, form=form), 400 if form.errors else 200


def _is_word(text: str) -> bool:
    return text.isascii() and text == text.lower() and text[:1].isalnum() and all(one.isalnum() or one == "-" for one in text)


@blueprint.get("/tethers/<site>/things/<int:id>")
def thing(site: str, id: int) -> Response:
    """Where a thing that is due stands: in the round that goes on if it is of that, else on the list."""
    with here().connect() as connection:
        names = names_at(connection, site)
        running = [one for one in tethers.rounds(connection, names) if one.state == "open"]
        looked = running and any(one.tethered == id for one in tethers.items(connection, names, running[0]))
    if looked:
        return redirect(url_for("tethers.round", site=site, id=running[0].tether_round, _anchor=f"thing-{id}"))
    return redirect(url_for("tethers.page", site=site, _anchor=f"thing-{id}"))


@blueprint.route("/tethers/<site>/things/<int:id>/retire", methods=["GET", "POST"])
def retire(site: str, id: int) -> Response | str | tuple[str, int]:
    """Takes a thing off the list."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = tethers.things(connection, names, id)
    if not found or found[0].state != "registered":
        abort(404)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write why."))
        if not form.errors:
            return to_request(ask(site, RetireTether(id), {"reason": reason}))
    page = render_template("tether_retire.html", site=names.site, thing=found[0], form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/tethers/<site>/begin", methods=["GET", "POST"])
def begin(site: str) -> Response | str | tuple[str, int]:
    """Sets out on a round, of the whole site or of one place."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        listed = tethers.things(connection, names)
        running = [one for one in tethers.rounds(connection, names) if one.state == "open"]
        places = names.places
    if request.method == "POST" and not running:
        place = form.choice("place", ["", *places], _("Choose a place."))
        if not form.errors:
            return to_request(ask(site, BeginTetherRound(place)))
    page = render_template(
        "tether_begin.html", site=names.site, places=places, things=listed, running=running, form=form
    )
    return page, 400 if form.errors else 200


@blueprint.get("/tethers/<site>/rounds/<int:id>")
def round(site: str, id: int) -> str:
    """One round: what is still to be looked at first, each with its two buttons."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = _round(names, id, tethers.rounds(connection, names, id))
        items = tethers.items(connection, names, found)
    return render_template(
        "tether_round.html", site=names.site, round=found, items=items, counts=tethers.tally(items), now=now_text()
    )


@blueprint.post("/tethers/<site>/rounds/<int:id>/things/<int:thing>/ok")
def tick(site: str, id: int, thing: int) -> Response:
    """In order. Back to the round, which says that it is on its way."""
    ask(site, CheckTether(id, thing, OK))
    return redirect(url_for("tethers.round", site=site, id=id, _anchor="items"), 303)


@blueprint.route("/tethers/<site>/rounds/<int:id>/things/<int:thing>", methods=["GET", "POST"])
def deviation(site: str, id: int, thing: int) -> Response | str | tuple[str, int]:
    """Not in order: what is wrong."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = _round(names, id, tethers.rounds(connection, names, id))
        items = [one for one in tethers.items(connection, names, found) if one.tethered == thing]
    if not items or found.state != "open":
        abort(404)
    if request.method == "POST":
        result = form.choice("result", (MISSING, DAMAGED), _("Choose what is wrong."))
        note = form.text("note", required=_("Write what you found."))
        if not form.errors:
            ask(site, CheckTether(id, thing, result), {"note": note})
            return redirect(url_for("tethers.round", site=site, id=id, _anchor="items"), 303)
    page = render_template(
        "tether_deviation.html", site=names.site, round=found, thing=items[0], form=form, results=(MISSING, DAMAGED)
    )
    return page, 400 if form.errors else 200


@blueprint.route("/tethers/<site>/rounds/<int:id>/end", methods=["GET", "POST"])
def end(site: str, id: int) -> Response | str:
    """Ends the round; what nobody looked at stays due."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = _round(names, id, tethers.rounds(connection, names, id))
        items = tethers.items(connection, names, found)
    if request.method == "POST" and found.state == "open":
        return to_request(ask(site, EndTetherRound(id)))
    return render_template("tether_end.html", site=names.site, round=found, counts=tethers.tally(items))


def _round(names: Names, id: int, found: list[tethers.Round]) -> tethers.Round:
    return found[0] if found else abort(404)
