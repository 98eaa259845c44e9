"""Transports: the list, one order with what has been done and what comes next, and a new order (C8.6, C8.14)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.record.asks.transport import MOST_CONTENTS, ContentAsked, RequestTransport
from controller.record.canonical import timestamp
from dashboard.database import projected
from dashboard.paper import NoFont
from dashboard.paper.transport import receipt_pdf, slip_pdf
from dashboard.photos import Photos
from dashboard.read import carriers, transports
from dashboard.read.carriers import Carrier
from dashboard.read.filters import called
from dashboard.read.names import Names
from dashboard.read.sites import of_site
from dashboard.read.transports import Transport
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.views.transport_paper import paper_of
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, zone_of

blueprint = Blueprint("transports", __name__)

LINES = 5
LONGEST_LINE = 100
"""Characters of one description: twenty of them fit into a request."""
_PAPERS = {"slip": slip_pdf, "receipt": receipt_pdf}


@blueprint.get("/transports")
def page() -> str:
    """The transports under way; or those that are late, or all. Who is an employee sees their own."""
    which, now = request.args.get("which", "open"), here().now()
    if which not in transports.WHICH:
        abort(400)
    with here().connect() as connection:
        site, choices = chosen_site(connection, "transports.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        own = only_own(site.id)
        found, count = transports.listed(connection, names, which, now, own)
        late = transports.listed(connection, names, "late", now, own)[1]
    return render_template(
        "transports.html",
        site=site,
        sites=choices,
        transports=found,
        count=count,
        late=late,
        which=which,
        now=now,
        own=own,
    )


@blueprint.get("/transports/<site>/<int:id>")
def transport(site: str, id: int) -> str:
    """One order: what is carried, what has been done by whom, and what comes next."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = transport_at(connection, names, id)
    return render_template("transport.html", site=names.site, transport=found, now=here().now(), mine=mine(found))


@blueprint.get("/transports/<site>/<int:id>/<any(slip, receipt):paper>.pdf", endpoint="paper")
def as_pdf(site: str, id: int, paper: str) -> Response:
    """The transport slip (運搬票), which goes with it, or the receipt (受領証), which comes back."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = transport_at(connection, names, id)
    made = paper_of(found, names, here().now().astimezone(zone_of(names.site.timezone)))
    try:
        data = _PAPERS[paper](made)
    except NoFont:
        abort(503)
    response = Response(data, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{site}-transport-{id}-{paper}.pdf"'
    return response


@blueprint.get("/transports/<site>/<int:id>/photos/<sha256>.jpg")
def photo(site: str, id: int, sha256: str) -> Response:
    """A photo of its seals, if it is here: the site has only its hash."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = transport_at(connection, names, id)
    if not any(sha256 in named for named in found.photos.values()):
        abort(404)
    data = photos().read(sha256)
    if data is None:
        abort(404)
    return Response(data, mimetype="image/jpeg")


@blueprint.route("/transports/<site>/order", methods=["GET", "POST"])
def order(site: str) -> Answer | str | tuple[str, int]:
    """Asks that things be carried: one's own carrying, or for who may order it, anybody's."""
    form, own = Fields(request.form), only_own(site)
    with here().connect() as connection:
        names = names_at(connection, site)
        places = names.places
        companies = {str(one.carrier): one for one in carriers.listed(connection, names) if one.state == "active"}
        if request.method == "POST" and "more" not in request.form:
            body, text = _asked(connection, form, names, tuple(companies), own)
            if not form.errors and body is not None:
                return to_request(ask(site, body, text))
    lines = min(MOST_CONTENTS, _count(form.values.get("lines", "")) + (LINES if "more" in request.form else 0))
    page = render_template(
        "transport_order.html", site=names.site, places=places, form=form, own=own, lines=lines, most=MOST_CONTENTS,
        companies=[(number, _company(one)) for number, one in companies.items()],
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _company(one: Carrier) -> str:
    """The company, and whether it may carry now."""
    return str(_("%(name)s (may not carry now)", name=one.name)) if one.lacks(here().now()) else one.name


def _count(text: str) -> int:
    return min(MOST_CONTENTS, max(LINES, int(text))) if text.isascii() and text.isdigit() and len(text) < 4 else LINES


def _asked(
    connection: sa.Connection, form: Fields, names: Names, companies: tuple[str, ...], own: int | None
) -> tuple[RequestTransport | None, dict[str, str]]:
    from_place = form.choice("from_place", names.places, _("Choose where it comes from."))
    to_place = form.values.get("to_place", "")
    if to_place and (to_place not in names.places or to_place == from_place):
        form.errors["to_place"] = _("Choose another place.")
    address = form.text("address", required="" if to_place else _("Write the address, or choose a place."))
    person, company = _who(connection, form, names, companies, own)
    recipient = _person(connection, form, names, "recipient") if form.values.get("recipient", "").strip() else None
    contents, text = _contents(connection, form, names)
    dates = _dates(form, names.site.timezone)
    note = form.text("note")
    if form.errors or dates is None:
        return None, {}
    text |= {key: value for key, value in (("address", "" if to_place else address), ("note", note)) if value}
    return RequestTransport(from_place, to_place, person, company, recipient, contents, *map(timestamp, dates)), text


def _who(
    connection: sa.Connection, form: Fields, names: Names, companies: tuple[str, ...], own: int | None
) -> tuple[int | None, int | None]:
    """Who carries it: oneself, a person, or a company."""
    if own is not None:
        return own, None
    if form.values.get("company", ""):
        if form.values.get("person", "").strip():
            form.errors["person"] = _("Either a person or a company carries it.")
        company = form.choice("company", companies, _("Choose the company."))
        return None, int(company) if company in companies else None
    return _person(connection, form, names, "person"), None


def _person(connection: sa.Connection, form: Fields, names: Names, name: str) -> int | None:
    """The person by number, or by a name that only one has."""
    text = form.text(name, required=_("Write who, by number or name."), longest=100).lstrip("#")
    if name in form.errors:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    found: list[Any] = [row[0] for row in connection.execute(called(names.site, text).limit(2))]
    if len(found) != 1:
        form.errors[name] = _("Nobody has this name.") if not found else _("Several have this name: write the number.")
        return None
    return int(found[0])


def _known(connection: sa.Connection, names: Names, text: str) -> str | None:
    """What a number of the catalogue or a thing's code names; empty for none, None for one that is neither."""
    number = text.lstrip("#")
    if not text:
        return ""
    if number.isascii() and number.isdigit():
        return f"asset:{int(number)}" if len(number) < 9 and int(number) else None
    table = projected["thing"]
    query = sa.select(table.c.thing).where(*of_site(table, names.site), table.c.code == text, table.c.state == "active")
    thing = connection.execute(query).scalar()
    return None if thing is None else f"thing:{thing}"


def _contents(connection: sa.Connection, form: Fields, names: Names) -> tuple[tuple[ContentAsked, ...], dict[str, str]]:
    """What is carried, line by line; empty lines are none."""
    found: list[ContentAsked] = []
    text: dict[str, str] = {}
    for n in range(MOST_CONTENTS):
        described = form.text(f"description-{n}", longest=LONGEST_LINE)
        named = form.text(f"asset-{n}", longest=64)
        pieces = form.values.get(f"pieces-{n}", "").strip() or "1"
        if not described and not named:
            continue
        what = _known(connection, names, named)
        if what is None:
            form.errors[f"asset-{n}"] = _("Neither a number of the catalogue nor the code of a thing.")
        if not (pieces.isascii() and pieces.isdigit() and len(pieces) < 6 and int(pieces) > 0):
            form.errors[f"pieces-{n}"] = _("Write how many, from 1.")
        if not form.errors:
            if described:
                text[f"description.{len(found)}"] = described
            found.append(ContentAsked(what or "", int(pieces)))
    if not found and not form.errors:
        form.errors["description-0"] = _("Write what is carried.")
    return tuple(found), text


def _dates(form: Fields, timezone: str) -> tuple[datetime, datetime, datetime] | None:
    """By when it leaves, arrives, and the receipt is here; each behind the other."""
    found = [form.moment(name, timezone, end_of_day=True) for name in ("dispatch_by", "arrive_by", "receipt_by")]
    leaves, arrives, receipt = found
    if leaves is None or arrives is None or receipt is None:
        return None
    if leaves <= here().now():
        form.errors["dispatch_by"] = _("It has to be later than now.")
    if not leaves <= arrives <= receipt:
        form.errors["arrive_by"] = _("It leaves first, then it arrives, then the receipt comes.")
    if receipt - here().now() > timedelta(days=365):
        form.errors["receipt_by"] = _("Choose a day within a year.")
    return leaves, arrives, receipt


# What the other pages of transports ask too -----------------------------------------------------------------------------


def only_own(site: str) -> int | None:
    """The person whose transports alone this account sees; None: it sees all."""
    operator = user().operators[site]
    return (operator.person or 0) if operator.roles == {"employee"} else None


def transport_at(connection: sa.Connection, names: Names, id: int) -> Transport:
    """The transport with this number, if the account may see it."""
    found = transports.one(connection, names, id)
    own = only_own(names.site.id)
    if found is None or (own is not None and own not in (found.person, found.recipient)):
        abort(404)
    return found


def mine(found: Transport) -> Mapping[str, bool]:
    """What who is signed in is in this transport, and may therefore not be as well."""
    operator = user().operators[found.site.id]
    return {
        "carrier": operator.person is not None and operator.person == found.person,
        "orderer": operator.operator == found.requested_by,
        "known": operator.person is not None,
    }


def photos() -> Photos:
    """Where photos are kept."""
    return Photos(here().runtime.config.data / "photos")
