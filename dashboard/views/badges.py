"""Badges: enrolled by tapping at a reader, retired when lost or given back."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import EnrolBadge, RetireBadge
from dashboard.read import conditions, people, requests
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import badge_of, names_at, person_at
from dashboard.views.training import present
from dashboard.views.waiting import own_enrolment, seconds_left
from dashboard.web.context import here
from dashboard.web.fields import Fields

blueprint = Blueprint("badges", __name__)

STATES = ("lost", "retired")


@blueprint.route("/people/<site>/<int:id>/enrol", methods=["GET", "POST"])
def enrol(site: str, id: int) -> Response | str | tuple[str, int]:
    """Chooses the reader at which the person's new badge will be tapped."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
    form = Fields(request.form)
    if request.method == "POST":
        reader = form.choice("reader", [*names.stations, *names.readers], _("Choose a reader."))
        if not form.errors:
            asked = ask(site, EnrolBadge(id, reader))
            return redirect(url_for("badges.enrolment", site=site, id=id, reader=reader, request=asked), 303)
    readers = [(reader, names.reader(reader)) for reader in (*names.stations, *names.readers)]
    page = render_template("enrol.html", person=found, site=names.site, readers=readers, form=form)
    return page, 400 if form.errors else 200


@blueprint.get("/people/<site>/<int:id>/enrolment/<path:reader>")
def enrolment(site: str, id: int, reader: str) -> str:
    """How the enrolment goes: asked, waiting for the card, done or failed."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        asked = requests.one(connection, request.args.get("request", "")[:26])
        state = people.enrolment(connection, names.site, reader)
        cells = conditions.of_person(connection, names, id, present(names))
        badge = None if state is None or state.badge is None else people.badge(connection, names.site, state.badge)
    asked, state = own_enrolment(asked, state, id)
    left_s = 0 if state is None else seconds_left(state)
    return render_template(
        "enrolment.html",
        person=found,
        site=names.site,
        reader=names.reader(reader),
        asked=asked,
        state=state,
        badge=badge,
        left_s=left_s,
        lacking=[cell for cell in cells if cell.missing],
    )


@blueprint.route("/people/<site>/<int:id>/badges/<int:badge>/retire", methods=["GET", "POST"])
def retire(site: str, id: int, badge: int) -> Response | str | tuple[str, int]:
    """Lets a badge open nothing any more."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        one = badge_of(connection, names, id, badge)
    form = Fields(request.form)
    if request.method == "POST":
        state = form.choice("state", STATES, _("Choose what happened to the badge."))
        if not form.errors:
            return to_request(ask(site, RetireBadge(badge, state)))
    page = render_template("retire.html", person=found, site=names.site, badge=one, states=STATES, form=form)
    return page, 400 if form.errors else 200
