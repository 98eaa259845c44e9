"""One request's page: waiting, accepted with its records, refused with what was missing, or too late."""

from flask import Blueprint, abort, render_template

from dashboard.read import ledger, requests
from dashboard.read.lines import lines
from dashboard.views.subject import names_at
from dashboard.web.context import here, user

blueprint = Blueprint("requests", __name__)

MOST = 20
"""Records of one request that the page lists."""
_OTHERS = frozenset({"administrator", "manager", "auditor"})
"""Who may look at the requests of others."""


@blueprint.get("/requests/<id>")
def page(id: str) -> str:
    """How the request stands. Somebody else's is not there for who may not see it."""
    with here().connect() as connection:
        asked = requests.one(connection, id[:26])
        if asked is None:
            abort(404)
        operator = user().operators.get(asked.site)
        if asked.account != user().account and (operator is None or not operator.roles & _OTHERS):
            abort(404)
        names = names_at(connection, asked.site)
        names.learn(operators=[asked.operator])
        found = []
        if asked.first is not None and asked.last is not None:
            last = min(asked.last, asked.first + MOST)
            rows = [ledger.row(connection, asked.site, names.site.epoch, seq) for seq in range(asked.first, last + 1)]
            found = lines([row for row in rows if row is not None], names)
        person = requests.person_registered(connection, asked.site, names.site.epoch, asked)
    return render_template(
        "request.html", asked=asked, site=names.site, by=names.operator(asked.operator), lines=found, person=person
    )
