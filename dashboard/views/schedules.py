"""Zones and schedules: what stands open when, and why, as a picture of the coming weeks; and special days (C8.7, C8.8)."""

from datetime import date, timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ApproveSpecialDay, ClearSpecialDay, DeclineSpecialDay, SetSpecialDay
from controller.record.hours import CLOSED, read_windows, windows_text
from controller.record.schedule import ALL, ALWAYS
from dashboard.read import orders, parties, special_days
from dashboard.read.names import Names
from dashboard.read.portals import tiles
from dashboard.read.special_days import Special
from dashboard.read.timetable import timetable, unlocking
from dashboard.views.ask import ask, to_request
from dashboard.views.orders import place_name
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("schedules", __name__)

WEEKS = (1, 2, 4, 8)
AHEAD = timedelta(days=400)
ACTS = {"approve": "requested", "decline": "requested", "clear": "set"}
"""What may be done with a special day, and the state that it has to be in."""


@blueprint.get("/schedules")
def page() -> str:
    """The picture."""
    weeks = next((n for n in WEEKS if request.args.get("weeks") == str(n)), 2)
    with here().connect() as connection:
        site, choices = chosen_site(connection, "schedules.page", request.args.get("site", ""))
        names, now = Names(connection, site, language()), here().now()
        today = now.astimezone(zone_of(site.timezone)).date()
        first = _first(request.args.get("from", ""), today)
        doors = tiles(connection, names)
        evacuated, locked_down = orders.evacuations(connection, names), orders.lockdowns(connection, names)
        return render_template(
            "schedules.html",
            site=site,
            sites=choices,
            zones=names.zones,
            doors=doors,
            asked=parties.asked(connection, names),
            settings=unlocking(connection, names),
            table=timetable(connection, names, doors, first, 7 * weeks, now),
            special=special_days.special_days(connection, names, today),
            schedules=names.schedules,
            standing=[("evacuation", place_name(names, place), order) for place, order in evacuated.items()]
            + [("lockdown", place_name(names, place), order) for place, order in locked_down.items()],
            first=first,
            last=first + timedelta(days=7 * weeks - 1),
            today=today,
            weeks=weeks,
            choices=WEEKS,
            earlier=first - timedelta(days=7 * weeks),
            later=first + timedelta(days=7 * weeks),
            weekdays=weekdays(),
            may_set=user().may("special_day.set", site.id) and "*" in user().operators[site.id].scope,
        )


def _first(said: str, today: date) -> date:
    """The day from which the picture is asked for; today without one, and for one that nobody meant."""
    try:
        asked = date.fromisoformat(said)
    except ValueError:
        return today
    return asked if abs(asked - today) <= AHEAD else today


def weekdays() -> tuple[str, ...]:
    """The short names of the days, Monday first."""
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


@blueprint.route("/schedules/<site>/special", methods=["GET", "POST"], endpoint="special")
def set_special(site: str) -> Response | str | tuple[str, int]:
    """Other hours on a day; what opens more waits for a second person."""
    with here().connect() as connection:
        names = names_at(connection, site)
    form, today = Fields(request.form), here().now().astimezone(zone_of(names.site.timezone)).date()
    choices = {ALL: _("All of them"), **{id: name for id, name in names.schedules.items() if id != ALWAYS}}
    if request.method == "POST":
        body = _asked(form, choices, today)
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            return to_request(ask(site, body, {"reason": reason}))
    page = render_template("special_day.html", site=names.site, form=form, choices=choices, today=today.isoformat())
    return page, 400 if form.errors else 200


def _asked(form: Fields, choices: dict[str, str], today: date) -> SetSpecialDay:
    schedule = form.choice("schedule", choices, _("Choose the hours that change."))
    closed = form.choice("how", ("closed", "open"), _("Choose whether the day is closed.")) == "closed"
    hours = CLOSED if closed else _hours(form)
    day = form.values.get("day", "").strip().replace("/", "-")
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        form.errors["day"] = _("Write a date like 2026/11/22.")
        return SetSpecialDay("", schedule, hours)
    if not today <= asked <= today + AHEAD:
        form.errors["day"] = _("Choose today or a later day, within %(days)s days.", days=AHEAD.days)
    return SetSpecialDay(asked.isoformat(), schedule, hours)


def _hours(form: Fields) -> str:
    written = form.values.get("hours", "").replace("〜", "-").replace("～", "-").replace("–", "-").replace("：", ":")
    try:
        windows = read_windows(written.replace("、", " ").replace(",", " "))
    except ValueError:
        windows = ()
    if not windows or len(windows_text(windows)) > 128:
        form.errors["hours"] = _("Write hours like 08:30-12:00, several with a space between them.")
    return windows_text(windows)


@blueprint.route("/schedules/<site>/special/<int:id>/<act>", methods=["GET", "POST"])
def decide(site: str, id: int, act: str) -> Response | str:
    """Approves hours that somebody else asked for, says no to them, or takes a special day back."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = special_days.special_days(connection, names, date.min, id)
    if act not in ACTS or not found or not user().may(f"special_day.{act}", site):
        abort(404)
    special = found[0]
    late, own = special.state != ACTS[act], act == "approve" and _is_own(special, site)
    if request.method == "POST" and not late and not own:
        bodies = {"approve": ApproveSpecialDay, "decline": DeclineSpecialDay, "clear": ClearSpecialDay}
        return to_request(ask(site, bodies[act](id)))
    called = _("All of them") if special.schedule == ALL else names.schedules.get(special.schedule, special.schedule)
    return render_template(
        "decide_special.html", special=special, called=called, site=names.site, act=act, late=late, own=own
    )


def _is_own(special: Special, site: str) -> bool:
    """Whether who is signed in asked for it: then somebody else has to approve."""
    return user().operators[site].operator == special.requested_by
