"""Companies that carry: the register, a company's assessments and pledge, and the steps that keep them in force (C8.6)."""

from datetime import date

import msgspec
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.carrier import (
    ApproveCarrier,
    AssessCarrier,
    DeclineCarrier,
    PledgeCarrier,
    RegisterCarrier,
    WithdrawCarrier,
)
from dashboard.read import carriers
from dashboard.read.carriers import Carrier
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("carriers", __name__)


@blueprint.get("/carriers")
def page() -> str:
    """The register."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "carriers.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found = carriers.listed(connection, names)
        waiting = carriers.assessments(connection, names)
    return render_template("carriers.html", site=site, sites=choices, carriers=found, waiting=waiting, now=here().now())


@blueprint.get("/carriers/<site>/<int:id>")
def carrier(site: str, id: int) -> str:
    """One company."""
    found, names = _at(site, id)
    with here().connect() as connection:
        names = names_at(connection, site)
        assessed = carriers.assessments(connection, names, id)
    own = user().operators[site].operator
    return render_template(
        "carrier.html", site=names.site, carrier=found, assessments=assessed, now=here().now(), own=own
    )


@blueprint.route("/carriers/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Makes a company known."""
    with here().connect() as connection:
        names = names_at(connection, site)
    form = Fields(request.form)
    if request.method == "POST":
        name, contact = form.text("name", required=_("Write the company's name.")), form.text("contact")
        if not form.errors:
            return to_request(ask(site, RegisterCarrier(), {"name": name, "contact": contact}))
    page = render_template("carrier_register.html", site=names.site, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/carriers/<site>/<int:id>/<any(assess, pledge):act>", methods=["GET", "POST"])
def record(site: str, id: int, act: str) -> Response | str | tuple[str, int]:
    """Puts an assessment or a pledge on record."""
    if not user().may(f"carrier.{act}", site):
        abort(403)
    found, names = _at(site, id)
    form, today = Fields(request.form), here().now().astimezone(zone_of(names.site.timezone)).date()
    if request.method == "POST" and found.state == "active":
        since, until = _day(form, "since"), _day(form, "until")
        version = form.text("version", required=_("Write which text it is."), longest=64) if act == "pledge" else ""
        sha256 = form.text("sha256", required=_("Write the SHA-256 of the document."), longest=64).lower()
        if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
            form.errors["sha256"] = _("A SHA-256 has 64 digits from 0 to f.")
        if since and since > today.isoformat():
            form.errors["since"] = _("The day has to have come.")
        if until and until < today.isoformat():
            form.errors["until"] = _("It has to hold today.")
        if not form.errors:
            body: msgspec.Struct = AssessCarrier(id, since, until, sha256)
            if act == "pledge":
                body = PledgeCarrier(id, version, since, until, sha256)
            return to_request(ask(site, body))
    page = render_template(
        "carrier_record.html", site=names.site, carrier=found, act=act, form=form, today=today.isoformat(),
        until=_in_a_year(today).isoformat(),
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _in_a_year(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, 28))


def _day(form: Fields, name: str) -> str:
    """A day as it stands in records; what is wrong with it is in the form's errors."""
    text = form.values.get(name, "").strip().replace("/", "-")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        form.errors[name] = _("Write a date like 2026/11/22.")
        return ""


@blueprint.route("/carriers/<site>/<int:id>/withdraw", methods=["GET", "POST"])
def withdraw(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lets a company carry nothing any more."""
    found, names = _at(site, id)
    form = Fields(request.form)
    if request.method == "POST" and found.state == "active":
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            return to_request(ask(site, WithdrawCarrier(id), {"reason": reason}))
    page = render_template("carrier_withdraw.html", site=names.site, carrier=found, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/carriers/<site>/assessments/<int:id>/<any(approve, decline):act>", methods=["GET", "POST"])
def decide(site: str, id: int, act: str) -> Response | str:
    """Approves an assessment that somebody else made, or says no to it."""
    if not user().may(f"carrier.{act}", site):
        abort(403)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = carriers.assessments(connection, names, only=id)
        company = carriers.one(connection, names, found[0].carrier) if found else None
    if not found or company is None:
        abort(404)
    operator, assessment = user().operators[site], found[0]
    late = assessment.state != "requested"
    own = act == "approve" and (operator.operator == assessment.operator or operator.person is None)
    if request.method == "POST" and not late and not own:
        body = ApproveCarrier(id) if act == "approve" else DeclineCarrier(id)
        return to_request(ask(site, body))
    return render_template(
        "carrier_decide.html", site=names.site, carrier=company, assessment=assessment, act=act, late=late, own=own
    )


def _at(site: str, id: int) -> tuple[Carrier, Names]:
    with here().connect() as connection:
        names = names_at(connection, site)
        found = carriers.one(connection, names, id)
    if found is None:
        abort(404)
    return found, names
