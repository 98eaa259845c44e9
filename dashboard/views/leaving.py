"""A person's details and leaving date; and leaving, with a look at what ends before, and at each site's word after (C7.4)."""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.person import ChangePerson, LeavePerson
from dashboard.read import leaving, requests
from dashboard.read.names import Names
from dashboard.read.requests import Asked
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at, person_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("leaving", __name__)

DETAILS = ("name", "kana", "department", "title")
PRESENT = ("active", "suspended")
MOST = 20
"""Sites that one page follows."""
_OTHERS = frozenset({"administrator", "manager", "auditor"})
"""Who may look at what others asked for."""


@blueprint.route("/people/<site>/<int:id>/change", methods=["GET", "POST"])
def change(site: str, id: int) -> Response | str | tuple[str, int]:
    """Name, title and department; and the last day, which may be set, moved and taken back."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
    if found.state not in PRESENT:
        abort(404)
    form = Fields(request.form)
    if request.method == "POST":
        text = {
            "name": form.text("name", required=_("Write the person's name."), longest=100),
            **{field: form.text(field, longest=100) for field in DETAILS[1:]},
        }
        last = _last_day(form, names, required=False)
        if not form.errors:
            kept = {field: value for field, value in text.items() if value}
            body = ChangePerson(id, None if last == found.leaves_on else last)
            return to_request(ask(site, body, kept))
    page = render_template("change.html", person=found, site=names.site, form=form, today=_today(names))
    return page, 400 if form.errors else 200


@blueprint.route("/people/<site>/<int:id>/leave", methods=["GET", "POST"])
def leave(site: str, id: int) -> Response | str | tuple[str, int]:
    """What ends, here and for people of the same name elsewhere; then ends it, at once or when a day is over."""
    lang = language()
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        held = leaving.held(connection, names, id)
        elsewhere = [other for other in user().sites("person.leave") if other != site]
        others = leaving.namesakes(connection, elsewhere, names.text(id).get("name", ""), lang)
    form = Fields(request.form)
    chosen = request.form.getlist("also")
    if request.method == "POST" and found.state in PRESENT:
        last = _last_day(form, names, required=form.choice("when", ("now", "day"), _("Choose when.")) == "day")
        last = last if form.values.get("when") == "day" else ""
        if last and found.leaves_on and last >= found.leaves_on:
            form.errors["on"] = _("Here a day can only be brought forward. Put it off by changing the details.")
        also = [(one.site.id, one.person) for one in others if f"{one.site.id}:{one.person}" in chosen]
        if not form.errors:
            asked = [ask(place, LeavePerson(number, last)) for place, number in [(site, id), *also]]
            return redirect(url_for("leaving.result", ask=asked), 303)
    page = render_template(
        "leave.html", person=found, site=names.site, form=form, held=held, counts=leaving.counted(held, lang), others=others,
        chosen=chosen, today=_today(names),
    )  # fmt: skip
    return page, 400 if form.errors else 200


@blueprint.get("/people/leaving")
def result() -> str:
    """At each site: when everything ended, or that it has not yet."""
    ids = [id[:26] for id in request.args.getlist("ask")][:MOST]
    with here().connect() as connection:
        asked = [one for id in ids if (one := requests.one(connection, id)) is not None and _may_see(one)]
        if not asked:
            abort(404)
        effects = leaving.effects(connection, asked, language(), here().now())
    return render_template("left.html", effects=effects)


def _may_see(asked: Asked) -> bool:
    operator = user().operators.get(asked.site)
    if asked.kind != leaving.KIND:
        return False
    return asked.account == user().account or (operator is not None and bool(operator.roles & _OTHERS))


def _today(names: Names) -> str:
    return here().now().astimezone(zone_of(names.site.timezone)).date().isoformat()


def _last_day(form: Fields, names: Names, *, required: bool) -> str:
    """The last day as records have it; empty for none."""
    written = form.values.get("on", "").strip().replace("/", "-")
    if not written:
        if required:
            form.errors["on"] = _("Write the last day.")
        return ""
    try:
        day = date.fromisoformat(written).isoformat()
    except ValueError:
        form.errors["on"] = _("Write a date like 2026/11/22.")
        return ""
    if day < _today(names):
        form.errors["on"] = _("This day is over. To end everything at once, choose “at once”.")
    return day

