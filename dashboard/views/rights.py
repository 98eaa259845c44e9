"""Rights: asked for by one operator, approved by another, revoked by either; and the list of all, for a third to audit."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ApproveRight, DeclineRight, RequestRight, RevokeRight
from controller.record.canonical import timestamp
from controller.record.kinds.right import MANNERS, OWN
from dashboard.read import conditions, groups, people, rights, violations
from dashboard.read.conditions import Cell
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, group_at, names_at, now_text, person_at, right_at
from dashboard.views.training import present
from dashboard.web.chrome import started_alone
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("rights", __name__)

MONTHS_AHEAD = timedelta(days=180)
"""The end that the form proposes; whoever asks may change it."""


@blueprint.get("/rights")
def page() -> str:
    """Rights that wait, that hold, or all."""
    state = request.args.get("state", "requested")
    if state not in ("", *rights.STATES):
        abort(400)
    position = request.args.get("before", "")
    before = int(position) if position.isascii() and position.isdigit() and len(position) < 16 else None
    with here().connect() as connection:
        site, choices = chosen_site(connection, "rights.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        joining = groups.waiting(connection, names) if state == "requested" else []
        found, more = rights.in_state(connection, names, state, now_text(), before)
    return render_template(
        "rights.html", site=site, sites=choices, rights=found, joining=joining, more=more, state=state, states=rights.STATES
    )


@blueprint.route("/people/<site>/<int:id>/rights/ask", methods=["GET", "POST"], endpoint="ask")
def ask_for(site: str, id: int) -> Response | str | tuple[str, int]:
    """Asks for a right; one without purpose or end does not leave the form (C7.1)."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
    return _ask(site, names, found, None)


@blueprint.route("/groups/<site>/<int:id>/rights/ask", methods=["GET", "POST"])
def ask_group(site: str, id: int) -> Response | str | tuple[str, int]:
    """Asks for a right of a group: it will hold for everybody who is in it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = group_at(connection, names, id)
    return _ask(site, names, None, found)


def _ask(
    site: str, names: Names, person: people.Person | None, group: groups.Group | None
) -> Response | str | tuple[str, int]:
    form = Fields(request.form)
    if request.method == "POST":
        body = _right(form, names, person.person if person else None, group.team if group else None)
        purpose = form.text("purpose", required=_("Write what the right is for."))
        if body is not None and not form.errors:
            return to_request(ask(site, body, {"purpose": purpose}))
    today = here().now().astimezone(zone_of(names.site.timezone)).date()
    page = render_template(
        "ask_right.html",
        person=person,
        group=group,
        manners=MANNERS,
        site=names.site,
        zones=names.places,
        schedules=names.schedules,
        form=form,
        today=today.isoformat(),
        later=(today + MONTHS_AHEAD).isoformat(),
    )
    return page, 400 if form.errors else 200


def _right(form: Fields, names: Names, person: int | None, team: int | None) -> RequestRight | None:
    zone = form.choice("zone", names.places, _("Choose a zone."))
    schedule = form.choice("schedule", names.schedules, _("Choose the hours."))
    manner = form.choice("manner", MANNERS, _("Choose how the right lets in.")) if "manner" in form.values else OWN
    from_at = form.moment("from", names.site.timezone)
    until_at = form.moment("until", names.site.timezone, end_of_day=True)
    if until_at is None and not form.values.get("until", "").strip():
        form.errors["until"] = _("A right needs an end.")
    if from_at is None or until_at is None:
        return None
    if until_at <= from_at or until_at <= here().now():
        form.errors["until"] = _("The end has to come after the beginning, and after today.")
    return RequestRight(person, zone, schedule, timestamp(from_at), timestamp(until_at), team, manner)


@blueprint.route("/rights/<site>/<int:id>/approve", methods=["GET", "POST"])
def approve(site: str, id: int) -> Response | str:
    """Lets a right hold; never by who asked for it (C7.3)."""
    return _decide(site, id, "approve")


@blueprint.route("/rights/<site>/<int:id>/decline", methods=["GET", "POST"])
def decline(site: str, id: int) -> Response | str:
    """Says no."""
    return _decide(site, id, "decline")


@blueprint.route("/rights/<site>/<int:id>/revoke", methods=["GET", "POST"])
def revoke(site: str, id: int) -> Response | str:
    """Ends a right before its time."""
    return _decide(site, id, "revoke")


_BODIES = {"approve": ApproveRight, "decline": DeclineRight, "revoke": RevokeRight}
_FROM = {"approve": ("requested",), "decline": ("requested",), "revoke": ("requested", "active", "suspended")}


def _decide(site: str, id: int, act: str) -> Response | str:
    with here().connect() as connection:
        names = names_at(connection, site)
        right = right_at(connection, names, id)
        operator = user().operators.get(site)
        lacking, members = _lacking(connection, names, right)
        against, open_members = _against(connection, names, right) if act == "approve" else ([], [])
        in_group = groups.is_in(connection, names.site, operator.person if operator else None, right.team)
    late = right.state not in _FROM[act]
    own = act == "approve" and (in_group or is_own(right))
    if request.method == "POST" and not late and not own:
        return to_request(ask(site, _BODIES[act](id)))
    alone = bool(started_alone(site))
    return render_template(
        "decide.html",
        right=right,
        site=names.site,
        act=act,
        late=late,
        own=own,
        in_group=in_group,
        alone=alone,
        lacking=lacking,
        members=members,
        against=against,
        open_members=open_members,
    )


def _against(
    connection: sa.Connection, names: Names, right: rights.Right
) -> tuple[list[violations.Violation], list[tuple[groups.Membership, list[violations.Violation]]]]:
    """What is open against the person, pledges and training apart, or against who is in the group (C7.2)."""
    if right.person is not None:
        return violations.of_person(connection, names, right.person, here().now()), []
    members = groups.members(connection, names, right.team or 0)
    return [], violations.of_group(connection, names, members, here().now())


def _lacking(connection: sa.Connection, names: Names, right: rights.Right) -> tuple[list[Cell], int]:
    """What the right's person would still be refused for; or how many of the right's group would."""
    when = present(names)
    if right.person is not None:
        return conditions.lacking(connection, names, right.person, [right.zone], when), 0
    members = 0 if right.team is None else conditions.members_lacking(connection, names, right.team, right.zone, when)
    return [], members


def is_own(right: rights.Right) -> bool:
    """Whether who is signed in asked for this right, or would hold it: then somebody else has to approve."""
    operator = user().operators.get(right.site)
    if operator is None:
        return False
    return operator.operator == right.requested_by or (operator.person is not None and operator.person == right.person)
