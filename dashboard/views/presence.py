"""Who is inside: the page, the list for a muster, and what a hand puts right (C8.9)."""

from datetime import timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.presence import ConfirmEntry, CorrectPresence, DeclineEntry, ForgivePresence, NoteEntry
from controller.record.canonical import timestamp
from dashboard.read import presence
from dashboard.read.lines import last_arrival
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at, person_at
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("presence", __name__)

OUTSIDE = "outside"
"""How a form says that somebody is in no zone."""
PARDON = timedelta(minutes=30)
ACTS = {"confirm": ConfirmEntry, "decline": DeclineEntry}


@blueprint.get("/presence")
def page() -> str:
    """Who is where since when, and how far that is to be relied on."""
    with here().connect() as connection:
        after = last_arrival(connection)
        site, choices = chosen_site(connection, "presence.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found = presence.inside(connection, names)
        waiting = sum(entry.state == "noted" for entry in presence.noted(connection, names))
    stale = site.stale(here().now())
    return render_template(
        "presence.html", site=site, sites=choices, inside=found, names=names, stale=stale, after=after, waiting=waiting
    )


@blueprint.get("/presence/<site>/muster")
def muster(site: str) -> str:
    """The list to take along and tick off; one zone of it, if it is asked for. Made of the copies here: no site need answer."""
    only = request.args.get("zone", "")
    with here().connect() as connection:
        names = names_at(connection, site)
        if only and only not in names.zones:
            abort(404)
        found = presence.inside(connection, names, only)
    now = here().now()
    stale = names.site.stale(now)
    return render_template(
        "muster.html", site=names.site, inside=found, names=names, only=only, stale=stale, now=timestamp(now)
    )


@blueprint.route("/presence/<site>/<int:id>/correct", methods=["GET", "POST"])
def correct(site: str, id: int) -> Response | str | tuple[str, int]:
    """Says where a person is."""
    with here().connect() as connection:
        names = names_at(connection, site)
        person, known = person_at(connection, names, id), presence.whereabouts(connection, names, id)
    form = Fields(request.form)
    if request.method == "POST":
        zone = form.choice("zone", (OUTSIDE, *names.zones), _("Choose where the person is."))
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            return to_request(ask(site, CorrectPresence(id, "" if zone == OUTSIDE else zone), {"reason": reason}))
    places = [(OUTSIDE, _("Outside")), *names.zones.items()]
    page = render_template(
        "presence_correct.html", site=names.site, person=person, known=known, names=names, places=places, form=form
    )
    return page, 400 if form.errors else 200


@blueprint.route("/presence/<site>/<int:id>/forgive", methods=["GET", "POST"])
def forgive(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lets no anti-passback keep a person out, until they have passed or the time is over."""
    with here().connect() as connection:
        names = names_at(connection, site)
        person = person_at(connection, names, id)
    form, now = Fields(request.form), here().now()
    if request.method == "POST":
        until = form.moment("until", names.site.timezone)
        reason = form.text("reason", required=_("Write the reason."))
        if until is not None and until <= now:
            form.errors["until"] = _("The end must be in the future.")
        if until is not None and not form.errors:
            return to_request(ask(site, ForgivePresence(id, timestamp(until)), {"reason": reason}))
    later = (now + PARDON).astimezone(zone_of(names.site.timezone)).strftime("%Y-%m-%dT%H:%M")
    page = render_template("presence_forgive.html", site=names.site, person=person, later=later, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/presence/<site>/<int:id>/note", methods=["GET", "POST"])
def note(site: str, id: int) -> Response | str | tuple[str, int]:
    """Writes an entry down as the reception's book has it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        person = person_at(connection, names, id)
    form, now = Fields(request.form), here().now()
    if request.method == "POST":
        portal = form.choice("portal", names.portals, _("Choose a door."))
        side = form.choice("side", ("in", "out"), _("Choose a direction."))
        at = form.moment("at", names.site.timezone)
        reason = form.text("reason", required=_("Write the reason."))
        if at is not None and at > now:
            form.errors["at"] = _("The book cannot be ahead of the time.")
        if at is not None and not form.errors:
            return to_request(ask(site, NoteEntry(id, portal, side, timestamp(at)), {"reason": reason}))
    local = now.astimezone(zone_of(names.site.timezone)).strftime("%Y-%m-%dT%H:%M")
    page = render_template("entry_note.html", site=names.site, person=person, names=names, local=local, form=form)
    return page, 400 if form.errors else 200


@blueprint.get("/presence/<site>/entries")
def entries(site: str) -> str:
    """Entries by hand: what waits for a second name, and what was decided."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = presence.noted(connection, names)
    return render_template("entries.html", site=names.site, notes=found)


@blueprint.route("/presence/<site>/entries/<int:id>/<act>", methods=["GET", "POST"])
def decide(site: str, id: int, act: str) -> Response | str:
    """Stands by an entry, or does not."""
    with here().connect() as connection:
        names = names_at(connection, site)
        entry = presence.entry(connection, names, id)
    if entry is None or entry.state != "noted" or act not in ACTS:
        abort(404)
    if request.method == "POST":
        return to_request(ask(site, ACTS[act](id)))
    return render_template("entry_decide.html", site=names.site, entry=entry, act=act)
