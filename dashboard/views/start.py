"""A site begun by one person: what was done alone, and the second person's word that they have looked at it (design §5)."""

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ReviewStart
from dashboard.read import start
from dashboard.read.names import Names
from dashboard.read.start import Start
from dashboard.views.ask import ask, to_request
from dashboard.web.chrome import is_first
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("start", __name__)


@blueprint.get("/start/<site>")
def page(site: str) -> str:
    """What was done alone, in groups; who may not review it may still read it."""
    with here().connect() as connection:
        found = _waiting(connection, site)
        names = Names(connection, found.site, language())
        upto = start.applied(connection, site)
        groups = start.done_alone(connection, names, upto)
    return render_template(
        "start.html", start=found, site=found.site, groups=groups, upto=upto, most=start.MOST, first=is_first(found)
    )


@blueprint.route("/start/<site>/confirm", methods=["GET", "POST"])
def confirm(site: str) -> Response | str | tuple[str, int]:
    """The confirmation, of the records up to the last one that the list had."""
    with here().connect() as connection:
        found = _waiting(connection, site)
        upto = _upto(request.values.get("upto", ""), start.applied(connection, site))
        groups = start.done_alone(connection, Names(connection, found.site, language()), upto)
    form = Fields(request.form)
    if request.method == "POST" and not is_first(found):
        if form.values.get("seen") != "yes":
            form.errors["seen"] = _("Confirm that you have looked at it.")
        if not form.errors:
            return to_request(ask(site, ReviewStart(found.start, upto)))
    page = render_template(
        "start_confirm.html", start=found, site=found.site, groups=groups, upto=upto, form=form, first=is_first(found)
    )
    return page, 400 if form.errors else 200


def _waiting(connection: sa.Connection, site: str) -> Start:
    """The start that waits there, at a site where the account is an operator."""
    found = start.waiting(connection, {site} & set(user().operators), language())
    if not found:
        abort(404)
    return found[0]


def _upto(text: str, applied: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and 0 < int(text) <= applied):
        abort(400)
    return int(text)
