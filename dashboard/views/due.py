"""What is due and overdue, of whatever noun: the page, the file, and where each thing is to be found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from controller.record.duty import SORTS
from dashboard.database import projected
from dashboard.paper import Column, Register, register_csv
from dashboard.read import due as read
from dashboard.read.due import Due, Wanted
from dashboard.read.filters import MOST_PEOPLE, called
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.read.sites import Site, of_site
from dashboard.views.subject import chosen_site, names_at
from dashboard.web import roles
from dashboard.web.context import here, user
from dashboard.web.language import due_text, language, zone_of

blueprint = Blueprint("due", __name__)

PAGES: Mapping[str, str] = {
    "loan": "key_loans.loan",
    "key_audit": "key_audits.audit",
    "lock_change": "keys.key",
    "combination": "combinations.lock",
    "change": "due.change",
    "custody": "custody.line",
    "transport": "transports.transport",
    "receipt": "transports.transport",
    "carrier": "carriers.carrier",
    "tether_round": "tethers.thing",
    "asset": "assets.asset",
    "keeper": "keepers.due",
}
"""By sort of due thing the endpoint of its page, which takes `site` and `id`; one that is not there leads to the ledger."""


@blueprint.get("/due")
def page() -> str:
    """What is pressing; or what is overdue, or all; of a sort, a place, somebody, or one's own."""
    now = here().now()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "due.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        wanted = _wanted(connection, site)
        found, count = read.listed(connection, names, now, wanted)
        late, narrow = read.late_count(connection, site, now), _narrow(site.id)
        sorts = sorted({one.sort for one in found}) if narrow else read.sorts_there(connection, site)
        places = sorted({one.place for one in found if one.place}) if narrow else read.places_there(connection, site)
    return render_template(
        "due.html", site=site, sites=choices, due=found, count=count, wanted=wanted, late=late, sorts=sorts, places=places,
        zones=names.places, person=request.args.get("person", "").strip()[:100], narrow=narrow, now=now,
        link=link, span=span,
    )  # fmt: skip


@blueprint.get("/due.csv", endpoint="csv")
def as_csv() -> Response:
    """The same for spreadsheets, all of it."""
    now = here().now()
    with here().connect() as connection:
        site, _choices = chosen_site(connection, "due.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        wanted = _wanted(connection, site)
        found, _count = read.listed(connection, names, now, wanted, read.MOST_FILE)
    register = _register(site, found, now)
    name = quote(f"due_{site.id}_{wanted.which}_{register.made_at:%Y-%m-%d}_{len(found)}.csv")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(register_csv(register), mimetype="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/due/<site>/changes/<int:id>")
def change(site: str, id: int) -> BaseResponse:
    """To the lock whose number is to be changed by the change with this number."""
    table = projected["combination_change"]
    with here().connect() as connection:
        of = (*of_site(table, names_at(connection, site).site), table.c.combination_change == id)
        found = connection.execute(sa.select(table.c.combination).where(*of)).scalar()
    if found is None:
        abort(404)
    return redirect(url_for("combinations.lock", site=site, id=found))


def _register(site: Site, found: list[Due], now: datetime) -> Register:
    titles = (
        _("What"), _("No."), _("Due"), _("State"), _("Place"), _("Place code"), _("Who"), _("Person no."), _("Record no."),
    )  # fmt: skip
    rows = [
        [
            one.what, str(one.number), due_text(one.due_at, site.timezone), one.stage_words, one.where, one.place, one.who,
            "" if one.person is None else str(one.person), str(one.seq or ""),
        ]
        for one in found
    ]  # fmt: skip
    made_at = now.astimezone(zone_of(site.timezone))
    return Register(_("Due"), site.name(language()), tuple(map(Column, titles)), rows, made_at)


def _wanted(connection: sa.Connection, site: Site) -> Wanted:
    """What the address asks for. Whoever sees no register is shown their own, whatever it says."""
    which, sort = request.args.get("which", "pressing"), request.args.get("sort", "")
    if which not in read.WHICH or (sort and sort not in SORTS):
        abort(400)
    place = request.args.get("place", "")[:64]
    text = request.args.get("person", "").strip()[:100]
    if request.args.get("mine") or _narrow(site.id):
        mine = user().operators[site.id].person
        places = [] if mine is None else Responsible(connection, site).places_of(mine)
        return Wanted(which, sort, place, None, mine if mine is not None else 0, places)
    return Wanted(which, sort, place, _people(connection, site, text) if text else None)


def _people(connection: sa.Connection, site: Site, text: str) -> tuple[int, ...]:
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        return (int(number[:15]),)
    found: Sequence[Any] = connection.execute(called(site, text).limit(MOST_PEOPLE)).scalars().all()
    return tuple(found)


def _narrow(site: str) -> bool:
    """Whether the account sees nothing there but its own."""
    return not user().operators[site].roles & roles.EVERY


def link(site: Site, one: Due) -> str:
    """Where the thing is to be found: on its page, else by the record that told of it; empty where there is neither."""
    endpoint = PAGES.get(one.sort, "")
    if endpoint in current_app.view_functions and user().may(endpoint, site.id):
        return url_for(endpoint, site=site.id, id=one.number)
    if one.seq and user().may("ledger.row", site.id):
        return url_for("ledger.row", site=site.id, epoch=site.epoch, seq=one.seq)
    return ""


def span(one: Due, now: datetime) -> str:
    """How long until it is due, or how long it has been: in days where there are any, else in hours or minutes."""
    left = one.span(now)
    if left >= timedelta(days=1):
        return str(ngettext("%(num)s day", "%(num)s days", left.days))
    if left >= timedelta(hours=1):
        return str(ngettext("%(num)s hour", "%(num)s hours", left // timedelta(hours=1)))
    return str(ngettext("%(num)s minute", "%(num)s minutes", left // timedelta(minutes=1)))
