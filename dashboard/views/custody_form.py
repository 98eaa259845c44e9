"""The custody ledger's paper form, and the form by which somebody asks for a line of it (C4.1)."""

from collections.abc import Mapping
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from controller.record.asks.custody import RequestCustody
from controller.record.canonical import timestamp
from controller.record.handling import ACTS, CHASED, HANDED, MEDIA, MOST_COPIES, OFF_SITE, need
from controller.record.kinds.custody import APPROVED, REQUESTED
from dashboard.paper import Column, Register
from dashboard.read import custody as read
from dashboard.read import people
from dashboard.read.custody import Line
from dashboard.read.names import Names
from dashboard.read.things import Asset, Thing
from dashboard.views.ask import ask, to_request
from dashboard.views.custody_lines import wanted_lines
from dashboard.views.paper import SORTS, register_file
from dashboard.views.subject import chosen_site
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import day_text, language, last_day_text, said, zone_of

blueprint = Blueprint("custody_form", __name__)


def columns() -> tuple[Column, ...]:
    """The form's columns, in its order and words."""
    begin, end = str(_("At the beginning")), str(_("At the end"))
    date, who, approver = str(_("Date")), str(_("Person in charge")), str(_("Approver"))
    three = ((date, 17), (who, 22), (approver, 22))
    under = tuple(Column(title, width, group) for group in (begin, end) for title, width in three)
    return (
        Column("No.", 10),
        Column(str(_("Subject information")), 36),
        Column(str(_("Purpose")), 34),
        Column(str(_("Medium")), 16),
        Column(str(_("Handling (collect/create, store, copy, use, provide and dispose)")), 20),
        Column(str(_("Place kept or taken to")), 26),
        *under,
        Column(str(_("Remarks")), 38),
    )


def cells(line: Line, timezone: str) -> list[str]:
    """One line as the form has it."""
    row = line.row
    began = day_text(row.began_at, timezone) if row.began_at else ""
    ended = day_text(row.ended_at, timezone) if row.ended_at else ""
    approved = line.decided_by or (str(_("not needed")) if began else "")
    where = f"{line.where}：{line.elsewhere}" if line.elsewhere else line.where
    return [
        str(line.custody), line.subject, line.purpose, line.medium, line.handling, where,
        began, line.who if began else "", approved if began else "",
        ended, _ended_by(line) if ended else "", (line.supervisor or line.confirmed_by) if ended else "",
        remarks(line, timezone),
    ]  # fmt: skip


def _ended_by(line: Line) -> str:
    if line.supervisor:
        return line.who
    return line.brought_by or ("" if line.row.ended_station else line.who)


def remarks(line: Line, timezone: str) -> str:
    """備考: what the other columns have no room for."""
    row, found = line.row, []
    if row.state in (REQUESTED, APPROVED):
        found.append(said(row.state, "custody_state"))
    if row.due_at and not row.ended_at:
        found.append(_("due %(day)s", day=last_day_text(row.due_at, timezone)))
    if line.recipient:
        found.append(_("to %(who)s", who=line.recipient))
    if row.copies:
        found.append(_("%(copies)s copies, %(out)s out", copies=row.copies, out=line.out))
    if row.method:
        found.append(said(row.method, "method"))
    if row.outcome:
        found.append(said(row.outcome, "outcome"))
    found += [text for text in (line.reason, line.remarks) if text]
    return str(_(", ")).join(str(one) for one in found)


@blueprint.get("/custody/file/<format>")
def file(format: str) -> Response:
    """The ledger as `csv`, `xlsx` or `pdf`, in the form of its paper."""
    if format not in SORTS:
        abort(404)
    now = here().now()
    with here().connect() as connection:
        site, _choices = chosen_site(connection, "custody_form.file", request.args.get("site", ""))
        names = Names(connection, site, language())
        lines, _count = read.listed(connection, names, now, wanted_lines(connection, names), read.MOST_FILE)
    lines.sort(key=lambda line: line.custody)
    made_at = now.astimezone(zone_of(site.timezone))
    rows = [cells(line, site.timezone) for line in lines]
    register = Register(str(_("Custody ledger")), site.name(language()), columns(), rows, made_at)
    return register_file(register, format, quote(f"custody_{site.id}_{made_at:%Y-%m-%d}"))


# Asking -------------------------------------------------------------------------------------------------------------------


def send(
    connection: sa.Connection, names: Names, form: Fields, known: Mapping[int, Thing], catalogue: Mapping[int, Asset]
) -> AnyResponse | None:
    """Sends what was asked for; None where something in the form is wrong, which it says then."""
    body = _read(connection, names, form, known, catalogue)
    private = {"purpose": form.text("purpose", required=str(_("Write what it is for.")))}
    private |= {name: text for name in ("where", "recipient", "remarks") if (text := form.text(name))}
    if body is not None and body.place == OFF_SITE and "where" not in private:
        form.errors["where"] = str(_("Write where it will be."))
    if body is None or form.errors:
        return None
    return to_request(ask(names.site.id, body, private))


def _read(
    connection: sa.Connection, names: Names, form: Fields, known: Mapping[int, Thing], catalogue: Mapping[int, Asset]
) -> RequestCustody | None:
    subject = form.choice("subject", _subjects(known, catalogue), str(_("Choose what it is about.")))
    act = form.choice("act", ACTS, str(_("Choose what will be done with it.")))
    person = _person(connection, names, form)
    thing, asset = _named(subject)
    place = form.choice("place", (*names.places, OFF_SITE), str(_("Choose the place.")))
    if not form.errors and not _lets(known, catalogue, thing, asset, place):
        form.errors["place"] = str(_("It may not be handled there. Choose one of its places."))
    due_at = form.moment("due", names.site.timezone, end_of_day=True) if act in CHASED else None
    if due_at is not None and due_at <= here().now():
        form.errors["due"] = str(_("The day has to be today or later."))
    medium = form.choice("medium", MEDIA, str(_("Choose the medium."))) if asset is not None and thing is None else ""
    copies = _copies(form) if act in HANDED else 0
    if form.errors or person is None:
        return None
    free = not need(_class(known, catalogue, thing, asset), act, off_site=place == OFF_SITE).approver
    begin = free and bool(form.values.get("begin"))
    until = None if due_at is None else timestamp(due_at)
    return RequestCustody(
        person=person, act=act, place=place, thing=thing, asset=asset, medium=medium, due_at=until, copies=copies, begin=begin
    )


def _subjects(known: Mapping[int, Thing], catalogue: Mapping[int, Asset]) -> list[str]:
    return [*(f"thing:{number}" for number in known), *(f"asset:{number}" for number in catalogue)]


def _named(subject: str) -> tuple[int | None, int | None]:
    sort, _colon, number = subject.partition(":")
    if not number.isdigit():
        return None, None
    return (int(number), None) if sort == "thing" else (None, int(number))


def _carried(known: Mapping[int, Thing], catalogue: Mapping[int, Asset], thing: int | None, asset: int | None) -> Asset | None:
    number = known[thing].asset if thing is not None else asset
    return None if number is None else catalogue.get(number)


def _class(known: Mapping[int, Thing], catalogue: Mapping[int, Asset], thing: int | None, asset: int | None) -> str:
    carried = _carried(known, catalogue, thing, asset)
    return "" if carried is None else carried.class_


def _lets(
    known: Mapping[int, Thing], catalogue: Mapping[int, Asset], thing: int | None, asset: int | None, place: str
) -> bool:
    """Whether it may be handled there; the site decides, and this saves a refusal (C8.5)."""
    carried = _carried(known, catalogue, thing, asset)
    own = (known[thing].place,) if thing is not None else ()
    if carried is not None:
        return place in (*own, carried.place, *carried.allowed)
    return thing is None or place in (*own, *known[thing].allowed)


def _person(connection: sa.Connection, names: Names, form: Fields) -> int | None:
    """Who will have it: oneself, or for a manager or custodian whoever is named by number."""
    operator = user().operators[names.site.id]
    text = form.values.get("person", "").strip().removeprefix("#")
    if not text or not operator.roles & {"manager", "custodian"}:
        if operator.person is None:
            form.errors["person"] = str(_("The site does not know which badge holder you are."))
        return operator.person
    if not (text.isascii() and text.isdigit() and len(text) < 10) or people.one(connection, names, int(text)) is None:
        form.errors["person"] = str(_("Write the number of somebody who is registered."))
        return None
    return int(text)


def _copies(form: Fields) -> int:
    text = form.values.get("copies", "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_COPIES):
        form.errors["copies"] = str(_("Write a number up to %(most)s.", most=MOST_COPIES))
        return 0
    return int(text)
