"""Inventory rounds of keys: begun, counted key by key on a phone, ended (C8.2)."""

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.key import BeginKeyAudit, Count, CountKeys, EndKeyAudit
from controller.record.kinds.key_audit import SEEN
from dashboard.read import key_audits as read
from dashboard.read.key_audits import Audit
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("key_audits", __name__)

MOST = 100
"""Keys that one request counts."""


@blueprint.get("/keys/audits")
def page() -> str:
    """The rounds, and where one can be begun."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "key_audits.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        return render_template(
            "key_audits.html",
            site=site,
            sites=choices,
            audits=read.listed(connection, names),
            places=read.places(connection, names),
            names=names.places,
        )


def audit_at(connection: sa.Connection, names: Names, id: int) -> Audit:
    """The round with this number."""
    found = read.one(connection, names, id)
    if found is None:
        abort(404)
    return found


@blueprint.post("/keys/<site>/audits/begin")
def begin(site: str) -> Response:
    """Lets the keys of a place be counted."""
    with here().connect() as connection:
        names = names_at(connection, site)
        place = Fields(request.form).choice("place", read.places(connection, names), "")
        if place not in read.places(connection, names):
            abort(400)
    return to_request(ask(site, BeginKeyAudit(place)))


@blueprint.get("/keys/<site>/audits/<int:id>")
def audit(site: str, id: int) -> str:
    """One round: each key, what was seen of it, and by whom."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = audit_at(connection, names, id)
        return render_template(
            "key_audit.html", site=names.site, audit=found, lines=read.lines(connection, names, found), form=Fields({})
        )


@blueprint.post("/keys/<site>/audits/<int:id>/count")
def count(site: str, id: int) -> Response | tuple[str, int]:
    """Says what was seen of the keys that were looked for; the others wait."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = audit_at(connection, names, id)
        lines = read.lines(connection, names, found)
    form = Fields(request.form)
    seen = {line.key.key: form.values.get(f"seen-{line.key.key}", "") for line in lines}
    new = [Count(key, said) for key, said in seen.items() if said in SEEN and said != _said(lines, key)]
    if not new:
        form.errors["seen"] = _("Say of one key at least what you saw.")
        page = render_template("key_audit.html", site=names.site, audit=found, lines=lines, form=form)
        return page, 400
    return to_request(ask(site, CountKeys(id, tuple(new[:MOST]))))


def _said(lines: list[read.Line], key: int) -> str:
    """What stands in the round already."""
    return next(line.seen for line in lines if line.key.key == key)


@blueprint.post("/keys/<site>/audits/<int:id>/end")
def end(site: str, id: int) -> Response:
    """Ends a round of which every key was counted."""
    with here().connect() as connection:
        audit_at(connection, names_at(connection, site), id)
    return to_request(ask(site, EndKeyAudit(id)))
