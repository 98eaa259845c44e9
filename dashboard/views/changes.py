"""The change of a combination, step by step: planned here, confirmed with badges at the lock, ended here (C8.3, C8.4).

Steps between the beginning and the end are confirmed by badges at the lock's station, and by nothing on this page.
"""

from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.combination import BeginChange, BreakOffChange, FinishChange, PlanChange
from controller.record.kinds.change import (
    DONE,
    OPEN,
    PLANNED,
    RUNNING,
    STEPS,
    UNFINISHED,
)
from dashboard.read import combinations, requests
from dashboard.read.combinations import Change, Lock
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.combinations import is_custodian, left, lock_at
from dashboard.views.subject import names_at, now_text
from dashboard.web.context import here, user
from dashboard.web.fields import Fields

blueprint = Blueprint("changes", __name__)

SEAL_LONGEST = 40
_NONE = timedelta(0)


@blueprint.get("/combinations/<site>/changes/<int:id>")
def page(site: str, id: int) -> str:
    """The change as a list of steps: what is done, what is next, and whose badge it takes."""
    with here().connect() as connection:
        names = names_at(connection, site)
        change, lock = change_at(connection, names, id)
        asked = requests.one(connection, request.args.get("request", "")[:26])
    mine = asked if asked is not None and asked.account == user().account else None
    return render_template(
        "combination_change.html", change=change, lock=lock, site=names.site, own=is_custodian(lock), steps=STEPS,
        called=left(change.called_until), waits=change.state in (PLANNED, RUNNING) or left(change.called_until) > _NONE,
        asked=mine, station=names.stations.get(change.station or lock.station, lock.station),
    )  # fmt: skip


@blueprint.route("/combinations/<site>/changes/<int:id>/plan", methods=["GET", "POST"])
def plan(site: str, id: int) -> Response | str | tuple[str, int]:
    """Names the witness and who shall know the new number; the lock's custodian does."""
    with here().connect() as connection:
        names = names_at(connection, site)
        change, lock = change_at(connection, names, id)
        people = [one for one in combinations.entitled(connection, names, lock.place, now_text()) if one[0] != lock.custodian]
        knows = {one.person for one in combinations.knowers(connection, names, lock.combination) if one.state == "knows"}
    if change.state == DONE:
        abort(404)
    form, chosen = Fields(request.form), request.form.getlist("knower")
    if request.method == "POST":
        witness = form.choice("witness", {str(id) for id, _name in people}, _("Choose the witness."))
        known = {str(id) for id, _name in people}
        knowers = tuple(sorted(int(one) for one in set(chosen) & known if one != witness))
        if not form.errors:
            return _to_change(site, id, ask(site, PlanChange(id, int(witness), knowers)))
    else:
        chosen = [str(id) for id in knows]
    page = render_template(
        "combination_plan.html", change=change, lock=lock, site=names.site, form=form, people=people, chosen=chosen
    )
    return page, 400 if form.errors else 200


@blueprint.post("/combinations/<site>/changes/<int:id>/begin")
def begin(site: str, id: int) -> Response:
    """Has custodian and witness awaited at the lock's station for two minutes."""
    with here().connect() as connection:
        change_at(connection, names_at(connection, site), id)
    return _to_change(site, id, ask(site, BeginChange(id)))


@blueprint.route("/combinations/<site>/changes/<int:id>/break-off", methods=["GET", "POST"])
def break_off(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lets a running change stand still; it is gone on with when both are there again."""
    with here().connect() as connection:
        names = names_at(connection, site)
        change, lock = change_at(connection, names, id)
    if change.state != RUNNING:
        abort(404)
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.text("reason")
        if not form.errors:
            return to_request(ask(site, BreakOffChange(id), {"reason": reason} if reason else None))
    page = render_template("combination_break_off.html", change=change, lock=lock, site=names.site, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/combinations/<site>/changes/<int:id>/finish", methods=["GET", "POST"])
def finish(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lists the envelopes and ends the change: whoever has not confirmed knows the number no more."""
    with here().connect() as connection:
        names = names_at(connection, site)
        change, lock = change_at(connection, names, id)
    if change.state != RUNNING or change.step != STEPS[-1]:
        abort(404)
    form = Fields(request.form)
    if request.method == "POST":
        void = form.text("void_seal", longest=SEAL_LONGEST)
        seal = form.text("seal", longest=SEAL_LONGEST)
        if not form.errors:
            return _to_change(site, id, ask(site, FinishChange(id, void, seal)))
    page = render_template("combination_finish.html", change=change, lock=lock, site=names.site, form=form)
    return page, 400 if form.errors else 200


def change_at(connection: sa.Connection, names: Names, id: int) -> tuple[Change, Lock]:
    """The change with this number, and its lock; 404."""
    found = combinations.change(connection, names, id)
    if found is None or found.state not in (*UNFINISHED, DONE, OPEN):
        abort(404)
    return found, lock_at(connection, names, found.combination)


def _to_change(site: str, id: int, asked: str) -> Response:
    return redirect(url_for("changes.page", site=site, id=id, request=asked), 303)
