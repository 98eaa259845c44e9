"""Reviews of rights: opened with a due day, each right kept, narrowed or revoked by somebody who did not give it (C7.4)."""

from datetime import timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.review import EVERY_ZONE, KeepRight, OpenReview
from controller.record.canonical import moment, timestamp
from dashboard.read import reviews
from dashboard.read.names import Names
from dashboard.read.reviews import Item
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at, now_text
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("reviews", __name__)

PROPOSED = timedelta(days=28)
"""The due day that the form proposes."""


@blueprint.get("/reviews")
def page() -> str:
    """The reviews of a site, with how far each is."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "reviews.page", request.args.get("site", ""))
        found = reviews.listed(connection, Names(connection, site, language()))
    return render_template("reviews.html", site=site, sites=choices, reviews=found, now=here().now())


@blueprint.route("/reviews/<site>/open", methods=["GET", "POST"], endpoint="open")
def open_(site: str) -> Response | str | tuple[str, int]:
    """Opens a review of all zones or of some, until a day."""
    with here().connect() as connection:
        names = names_at(connection, site)
    form = Fields(request.form)
    chosen = request.form.getlist("zone")
    today = here().now().astimezone(zone_of(names.site.timezone)).date()
    if request.method == "POST":
        zones = (EVERY_ZONE,) if EVERY_ZONE in chosen else tuple(zone for zone in names.places if zone in chosen)
        if not zones:
            form.errors["zone"] = _("Choose the zones.")
        due = form.moment("due", names.site.timezone)
        day = "" if due is None else due.astimezone(zone_of(names.site.timezone)).date().isoformat()
        if due is not None and day <= today.isoformat():
            form.errors["due"] = _("It has to be due after today, so that there is a day to decide.")
        if not form.errors:
            return to_request(ask(site, OpenReview(zones, day)))
    page = render_template(
        "review_open.html", site=names.site, zones=names.places, form=form, chosen=chosen, every=EVERY_ZONE,
        proposed=(today + PROPOSED).isoformat(),
    )  # fmt: skip
    return page, 400 if form.errors else 200


@blueprint.get("/reviews/<site>/<int:id>")
def review(site: str, id: int) -> str:
    """One review: what waits for a decision, or with `status` what was decided."""
    status = request.args.get("status", "")
    if status not in ("", *reviews.STATUSES):
        abort(400)
    position = request.args.get("after", "0")
    after = int(position) if position.isascii() and position.isdigit() and len(position) < 16 else 0
    with here().connect() as connection:
        names = names_at(connection, site)
        found = reviews.one(connection, names, id)
        if found is None:
            abort(404)
        wanted = (status,) if status else ("waiting", "suspended")
        items, more = reviews.items(connection, names, found, wanted, after, now_text())
    return render_template(
        "review.html", review=found, site=names.site, items=items, more=more, status=status, statuses=reviews.STATUSES,
        now=here().now(), gave=gave,
    )  # fmt: skip


@blueprint.route("/reviews/<site>/rights/<int:id>/keep", methods=["GET", "POST"])
def keep(site: str, id: int) -> Response | str | tuple[str, int]:
    """Keeps a right as it is or narrower; never by who asked for it or approved it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = reviews.item(connection, names, id, now_text())
    if found is None:
        abort(404)
    within, item = found
    form = Fields(request.form)
    if request.method == "POST" and not gave(item):
        body = _kept(form, names, item)
        if not form.errors:
            return to_request(ask(site, body))
    page = render_template(
        "review_keep.html", review=within, item=item, site=names.site, form=form, schedules=names.schedules, own=gave(item)
    )
    return page, 400 if form.errors else 200


def _kept(form: Fields, names: Names, item: Item) -> KeepRight:
    """The right as it is, or with an earlier end or other hours."""
    until = None
    if form.values.get("until", "").strip():
        end = form.moment("until", names.site.timezone, end_of_day=True)
        if end is not None and (end <= here().now() or end > moment(item.right.until_at)):
            form.errors["until"] = _("It has to end after today, and not later than it does now.")
        until = None if end is None or end == moment(item.right.until_at) else timestamp(end)
    schedule = form.values.get("schedule") or None
    if schedule is not None and schedule not in names.schedules:
        form.errors["schedule"] = _("Choose the hours.")
    return KeepRight(item.right.access_right, None if schedule == item.right.schedule else schedule, until)


def gave(item: Item) -> bool:
    """Whether who is signed in asked for this right, approved it, or would hold it: then somebody else has to decide."""
    operator = user().operators.get(item.right.site)
    if operator is None:
        return False
    return operator.operator in item.givers or (operator.person is not None and operator.person == item.right.person)
