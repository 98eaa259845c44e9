"""Groups: made, named, closed; who is to join is asked by one operator and let in by another (C7.1, C7.3)."""

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.group import (
    ApproveMembership,
    CloseGroup,
    CreateGroup,
    DeclineMembership,
    EndMembership,
    RenameGroup,
    RequestMembership,
)
from dashboard.read import conditions, groups, people, rights, violations
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, group_at, membership_at, names_at, now_text
from dashboard.views.training import present
from dashboard.web.chrome import started_alone
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("groups", __name__)

LONGEST_NAME = 100


@blueprint.get("/groups")
def page() -> str:
    """The groups of a site."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "groups.page", request.args.get("site", ""))
        found = groups.listed(connection, Names(connection, site, language()))
    return render_template("groups.html", site=site, sites=choices, groups=found)


@blueprint.get("/groups/<site>/<int:id>")
def group(site: str, id: int) -> str:
    """One group: who is in it, and what it may."""
    with here().connect() as connection:
        names = names_at(connection, site)
        return render_template(
            "group.html",
            group=group_at(connection, names, id),
            site=names.site,
            members=groups.members(connection, names, id),
            rights=rights.of_team(connection, names, id, now_text()),
        )


@blueprint.route("/groups/<site>/create", methods=["GET", "POST"])
def create(site: str) -> Response | str | tuple[str, int]:
    """Makes a group; it is empty and may do nothing."""
    with here().connect() as connection:
        names = names_at(connection, site)
    return _named(site, CreateGroup(), "group_name.html", names, None)


@blueprint.route("/groups/<site>/<int:id>/rename", methods=["GET", "POST"])
def rename(site: str, id: int) -> Response | str | tuple[str, int]:
    """Gives a group another name."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = group_at(connection, names, id)
    return _named(site, RenameGroup(id), "group_name.html", names, found)


def _named(
    site: str, body: CreateGroup | RenameGroup, template: str, names: Names, found: groups.Group | None
) -> Response | str | tuple[str, int]:
    form = Fields(request.form)
    if request.method == "POST":
        name = form.text("name", required=_("Write what the group is called."), longest=LONGEST_NAME)
        if not form.errors:
            return to_request(ask(site, body, {"name": name}))
    return render_template(template, site=names.site, group=found, form=form), 400 if form.errors else 200


@blueprint.route("/groups/<site>/<int:id>/close", methods=["GET", "POST"])
def close(site: str, id: int) -> Response | str:
    """Ends a group and its rights."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = group_at(connection, names, id)
    if request.method == "POST" and found.state == "active":
        return to_request(ask(site, CloseGroup(id)))
    return render_template("group_close.html", site=names.site, group=found)


@blueprint.route("/groups/<site>/<int:id>/join", methods=["GET", "POST"])
def join(site: str, id: int) -> Response | str | tuple[str, int]:
    """Asks that somebody joins. Who it is, is looked for by name, reading or number."""
    form = Fields(request.values)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = group_at(connection, names, id)
        text = form.values.get("q", "").strip()[:100]
        listed, more = people.listed(connection, names, text, 0) if text else ([], False)
    if request.method == "POST":
        person = form.values.get("person", "")
        if not (person.isascii() and person.isdigit() and len(person) < 10):
            form.errors["person"] = _("Choose a person.")
        purpose = form.text("purpose", required=_("Write why the person joins the group."))
        if not form.errors:
            return to_request(ask(site, RequestMembership(id, int(person)), {"purpose": purpose}))
    active = [one for one in listed if one.state == "active"]
    page = render_template(
        "group_join.html", site=names.site, group=found, form=form, people=active, more=more, q=text
    )
    return page, 400 if form.errors else 200


_BODIES = {"approve": ApproveMembership, "decline": DeclineMembership, "end": EndMembership}
_FROM = {"approve": ("requested",), "decline": ("requested",), "end": groups.STANDING}


@blueprint.route("/memberships/<site>/<int:id>/approve", methods=["GET", "POST"])
def approve(site: str, id: int) -> Response | str:
    """Lets somebody join; never by who asked for it, nor by themselves (C7.3)."""
    return _decide(site, id, "approve")


@blueprint.route("/memberships/<site>/<int:id>/decline", methods=["GET", "POST"])
def decline(site: str, id: int) -> Response | str:
    """Says no."""
    return _decide(site, id, "decline")


@blueprint.route("/memberships/<site>/<int:id>/end", methods=["GET", "POST"])
def end(site: str, id: int) -> Response | str:
    """Lets somebody be in the group no more."""
    return _decide(site, id, "end")


def _decide(site: str, id: int, act: str) -> Response | str:
    with here().connect() as connection:
        names = names_at(connection, site)
        found = membership_at(connection, names, id)
        held = rights.of_team(connection, names, found.team, now_text())
        zones = {right.zone for right in held if right.state == "active"}
        lacking = conditions.lacking(connection, names, found.person, zones, present(names))
        against = violations.of_person(connection, names, found.person, here().now()) if act == "approve" else []
    late = found.state not in _FROM[act] or (act == "approve" and found.team_state != "active")
    own = act == "approve" and is_own(found)
    if request.method == "POST" and not late and not own:
        return to_request(ask(site, _BODIES[act](id)))
    alone = bool(started_alone(site))
    return render_template(
        "membership.html",
        membership=found,
        rights=held,
        site=names.site,
        act=act,
        late=late,
        own=own,
        alone=alone,
        lacking=lacking,
        against=against,
    )


def is_own(found: groups.Membership) -> bool:
    """Whether who is signed in asked for this membership, or would get it: then somebody else has to approve."""
    operator = user().operators.get(found.site)
    if operator is None:
        abort(403)
    return operator.operator == found.requested_by or (operator.person is not None and operator.person == found.person)
