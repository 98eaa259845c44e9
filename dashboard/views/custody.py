"""The custody ledger: in the form of its paper, what waits for somebody's word, and each line (C4.1, C4.2, C8.5)."""

from datetime import timedelta

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from controller.record.handling import ACTS, HANDED, METHODS_OF, OFF_SITE, OUTCOMES
from dashboard.read import custody as read
from dashboard.read import violations
from dashboard.read.custody import Wanted
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.read.things import assets, things
from dashboard.views import custody_form
from dashboard.views.custody_lines import (
    decides,
    is_mine,
    is_own,
    line_at,
    may_ask,
    may_watch,
    my_person,
    narrow,
    wanted_lines,
)
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("custody", __name__)

USUAL = timedelta(days=7)
"""How long a take-out lasts, as the form proposes it."""


@blueprint.get("/custody")
def page() -> str:
    """The ledger in its form; who sees no register is shown their own lines, and those of the places that they answer for."""
    now = here().now()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "custody.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        wanted = wanted_lines(connection, names)
        lines, count = read.listed(connection, names, now, wanted)
        _, late = read.listed(connection, names, now, Wanted("late", own=wanted.own, places=wanted.places), 0)
    return render_template(
        "custody.html", site=site, sites=choices, lines=lines, count=count, wanted=wanted, late=late, which=read.WHICH,
        acts=ACTS, zones=names.places, off=OFF_SITE, args=request.args, narrow=narrow(site.id), cells=custody_form.cells,
        may_ask=may_ask(site.id),
    )  # fmt: skip


@blueprint.get("/custody/approvals")
def approvals() -> str:
    """What waits for a word that the account may give, and what others have to decide beside it."""
    now = here().now()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "custody.approvals", request.args.get("site", ""))
        names = Names(connection, site, language())
        lines = read.waiting(connection, names, now)
        responsible = Responsible(connection, site)
    mine = [line for line in lines if decides(site.id, line, responsible)]
    return render_template("custody_waiting.html", site=site, sites=choices, lines=mine, now=now)


@blueprint.get("/custody/<site>/<int:id>")
def line(site: str, id: int) -> str:
    """One line, with everything that the account may do about it."""
    now = here().now()
    with here().connect() as connection:
        names = names_at(connection, site)
        found = line_at(connection, names, id)
        copies = read.copies(connection, names, [id])
        against, may_decide = [], decides(site, found, Responsible(connection, names.site))
        if found.state == "requested" and may_decide and not is_own(site, found):
            against = violations.of_person(connection, names, found.row.person, now)
    today = now.astimezone(zone_of(names.site.timezone)).date()
    return render_template(
        "custody_line.html", site=names.site, line=found, copies=copies, against=against, own=is_own(site, found),
        decides=may_decide, mine=is_mine(site, found), outcomes=OUTCOMES,
        methods=METHODS_OF.get(found.row.medium, ()),
        later=(today + USUAL).isoformat(), handed=found.row.act in HANDED, now=now, me_person=my_person(site),
        supervises=may_watch(site, found),
    )  # fmt: skip


@blueprint.route("/custody/<site>/ask", methods=["GET", "POST"], endpoint="ask")
def ask_for(site: str) -> Response | str | tuple[str, int]:
    """Asks to take out, copy, provide or dispose of something; on a phone, in one column."""
    form = Fields(request.form if request.method == "POST" else request.args)
    with here().connect() as connection:
        names = names_at(connection, site)
        known, catalogue = things(connection, names, active=True), assets(connection, names)
        if request.method == "POST":
            sent = custody_form.send(connection, names, form, known, catalogue)
            if sent is not None:
                return sent
    today = here().now().astimezone(zone_of(names.site.timezone)).date()
    others = user().operators[site].roles & {"manager", "custodian"}
    page = render_template(
        "custody_ask.html", site=names.site, form=form, things=known, assets=catalogue, zones=names.places, acts=ACTS,
        off=OFF_SITE, later=(today + USUAL).isoformat(), me_person=my_person(site), others=others, media=METHODS_OF,
    )  # fmt: skip
    return page, 400 if form.errors else 200
