"""People: who is known to a site, what they hold and may; registering, suspending, reinstating."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ErasePerson, RegisterPerson, ReinstatePerson, SuspendPerson
from controller.record.kinds.person import REASONS
from dashboard.read import conditions, groups, keys, leaving, ledger, people, pin, presence, rights
from dashboard.read.filters import Filter
from dashboard.read.lines import lines
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.keys import since
from dashboard.views.subject import chosen_site, names_at, now_text, person_at
from dashboard.views.training import present
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("people", __name__)

LAST = 12
"""Records on a person's page."""


@blueprint.get("/people")
def page() -> str:
    """The people of a site, by name or number."""
    text = request.args.get("q", "").strip()[:100]
    position = request.args.get("after", "0")
    after = int(position) if position.isascii() and position.isdigit() and len(position) < 16 else 0
    with here().connect() as connection:
        site, choices = chosen_site(connection, "people.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found, more = people.listed(connection, names, text, after)
    return render_template("people.html", site=site, sites=choices, people=found, more=more, q=text, after=after)


@blueprint.get("/people/<site>/<int:id>")
def person(site: str, id: int) -> str:
    """One person: badges, rights, the last records about them."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        of_them = ledger.page(connection, Filter(site, names.site.epoch, people=(id,)))
        return render_template(
            "person.html",
            person=found,
            site=names.site,
            leaving=leaving.waiting(connection, site, id),
            badges=people.badges(connection, names.site, id),
            pin=pin.of_person(connection, names.site, id, here().now()),
            memberships=groups.of_person(connection, names, id),
            rights=rights.of_person(connection, names, id, now_text()),
            lines=lines(of_them.rows[:LAST], names),
            keys=keys.held_by(connection, names, id),
            most_keys=keys.limit(connection, names, id),
            since=since,
            present=presence.whereabouts(connection, names, id),
            names=names,
            cells=conditions.of_person(connection, names, id, present(names)),
        )


@blueprint.route("/people/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Makes a person known to the site."""
    with here().connect() as connection:
        names = names_at(connection, site)
    form = Fields(request.form)
    if request.method == "POST":
        text = {
            "name": form.text("name", required=_("Write the person's name."), longest=100),
            "kana": form.text("kana", longest=100),
            "title": form.text("title", longest=100),
            "department": form.text("department", longest=100),
        }
        if not form.errors:
            return to_request(ask(site, RegisterPerson(), {field: value for field, value in text.items() if value}))
    return render_template("register.html", site=names.site, form=form), 400 if form.errors else 200


@blueprint.route("/people/<site>/<int:id>/suspend", methods=["GET", "POST"])
def suspend(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lets no badge of the person open anything."""
    return _with_reason(site, id, "suspend")


@blueprint.route("/people/<site>/<int:id>/reinstate", methods=["GET", "POST"])
def reinstate(site: str, id: int) -> Response | str | tuple[str, int]:
    """Ends a suspension."""
    return _with_reason(site, id, "reinstate")


def _with_reason(site: str, id: int, act: str) -> Response | str | tuple[str, int]:
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            body = SuspendPerson(id) if act == "suspend" else ReinstatePerson(id)
            return to_request(ask(site, body, {"reason": reason}))
    return render_template(
        "suspend.html", person=found, site=names.site, form=form, act=act
    ), 400 if form.errors else 200


@blueprint.route("/people/<site>/<int:id>/erase", methods=["GET", "POST"])
def erase(site: str, id: int) -> Response | str | tuple[str, int]:
    """Says what goes and what stays; then lets everything written about the person go, for ever."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        suspended_by = _suspender(found, names)
    form = Fields(request.form)
    other = _may_erase(found)
    if request.method == "POST" and found.state in ("suspended", "left") and other:
        reason = form.choice("reason", REASONS, _("Choose why."))
        if request.form.get("understood") != "yes":
            form.errors["understood"] = _("Confirm that this cannot be undone.")
        if not form.errors:
            return to_request(ask(site, ErasePerson(id, reason)))
    page = render_template(
        "erase.html", person=found, site=names.site, form=form, reasons=REASONS, other=other, suspended_by=suspended_by
    )
    return page, 400 if form.errors else 200


def _suspender(person: people.Person, names: Names) -> str:
    """Who suspended the person, by name; empty where no operator did."""
    number = person.state_by.removeprefix("operator:")
    if not number.isdigit():
        return ""
    names.learn(operators=[int(number)])
    return names.operator(int(number))


def _may_erase(person: people.Person) -> bool:
    """Whether who is signed in is another person than the one who suspended, and than the one to be erased."""
    operator = user().operators.get(person.site)
    return operator is not None and person.state_by != f"operator:{operator.operator}" and operator.person != person.person
