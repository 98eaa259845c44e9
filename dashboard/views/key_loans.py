"""The register of key loans (鍵の貸出し管理簿), as a page and as a file; and what is decided about a loan (C8.2)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.record.asks.key import AuthoriseLoan, CallOffLoan, CancelReservation, HandOutKey
from controller.record.canonical import timestamp
from dashboard.paper import Column, NoFont, Register, TooMuch, register_csv, register_pdf, register_xlsx
from dashboard.read import key_loans as read
from dashboard.read.filters import MOST_PEOPLE, called
from dashboard.read.key_loans import Loan, Wanted
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import day_text, language, said, zone_of

blueprint = Blueprint("key_loans", __name__)

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@blueprint.get("/keys/loans")
def page() -> str | tuple[str, int]:
    """The register: of a key, a person, a span of days."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "key_loans.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        form = Fields(request.args)
        wanted = _wanted(connection, names, form)
        loans, count = read.register(connection, names, wanted) if not form.errors else ([], 0)
        page = render_template(
            "key_loans.html", site=site, sites=choices, loans=loans, count=count, most=read.PAGE, form=form,
            remarks=remarks, waiting=read.waiting(connection, names),
        )  # fmt: skip
    return page, 400 if form.errors else 200


@blueprint.get("/keys/loans.<format>", endpoint="file")
def as_file(format: str) -> Response:
    """The same to take away, all of it: CSV, Excel or PDF."""
    if format not in FORMATS:
        abort(404)
    with here().connect() as connection:
        site, _choices = chosen_site(connection, "key_loans.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        form = Fields(request.args)
        wanted = _wanted(connection, names, form)
        if form.errors:
            abort(400)
        loans, _count = read.register(connection, names, wanted, read.MOST_FILE)
    slot = here().exports.take()
    if slot is None:
        abort(503)
    try:
        data = _written(_register(names, loans), format)
    except (NoFont, TooMuch) as error:
        return Response(str(error), 503 if isinstance(error, NoFont) else 413, mimetype="text/plain; charset=utf-8")
    finally:
        slot.free()
    day = here().now().astimezone(zone_of(site.timezone)).date()
    name = quote(f"key-loans_{site.id}_{day}.{format}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, mimetype=FORMATS[format], headers=headers)


def _written(register: Register, format: str) -> bytes:
    if format == "csv":
        return "".join(register_csv(register)).encode()
    return register_xlsx(register) if format == "xlsx" else register_pdf(register)


def _register(names: Names, loans: list[Loan]) -> Register:
    zone = names.site.timezone
    columns = (
        Column(_("No."), 12), Column(_("Key"), 34), Column(_("Borrower"), 30), Column(_("Purpose"), 44),
        Column(_("Approver"), 34), Column(_("Lent"), 26), Column(_("Due"), 26), Column(_("Returned"), 26),
        Column(_("Returned by"), 28), Column(_("Remarks"), 30),
    )  # fmt: skip
    rows = [
        [
            str(one.loan), f"{one.label} {one.place_name}".strip(), one.person_name, one.purpose, approvers(one),
            day_text(one.lent_at, zone), day_text(one.due_at, zone), day_text(one.returned_at, zone), one.returned_by_name,
            remarks(one),
        ]
        for one in loans
    ]  # fmt: skip
    made_at = here().now().astimezone(zone_of(zone))
    return Register(_("Register of key loans"), names.site.name(language()), columns, rows, made_at)


def approvers(loan: Loan) -> str:
    """Who agreed, and who handed it out."""
    return "、".join((*loan.authoriser_names, *([loan.lent_by_name] if loan.lent_by else [])))


def remarks(loan: Loan) -> str:
    """What is out of the ordinary about a loan, in words."""
    found = [said(loan.state, "loan_state") if loan.state not in ("returned",) else ""]
    if loan.others:
        found.append(_("with %(n)s others on the ring", n=len(loan.others)))
    if loan.returned_by is not None and loan.returned_by != loan.person and loan.state == "returned":
        found.append(_("brought by another"))
    if loan.late:
        found.append(_("late"))
    if loan.recalled:
        found.append(_("borrower left"))
    if loan.yields_to:
        found.append(_("due earlier for a reservation"))
    return "、".join(one for one in found if one)


def _wanted(connection: sa.Connection, names: Names, form: Fields) -> Wanted:
    text, key = form.values.get("person", "").strip()[:100], form.values.get("key", "").strip()
    if key and not (key.isascii() and key.isdigit() and len(key) < 10):
        form.errors["key"] = _("Write a number.")
    begin = form.moment("from", names.site.timezone) if form.values.get("from", "").strip() else None
    end = form.moment("until", names.site.timezone, end_of_day=True) if form.values.get("until", "").strip() else None
    return Wanted(
        0 if form.errors or not key else int(key),
        _people(connection, names, text) if text else None,
        (),
        "" if begin is None else timestamp(begin),
        "" if end is None else timestamp(end),
    )


def _people(connection: sa.Connection, names: Names, text: str) -> tuple[int, ...]:
    """Whom the text names: by number, name or reading."""
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        return (int(number[:15]),)
    found: Sequence[Any] = connection.execute(called(names.site, text).limit(MOST_PEOPLE)).scalars().all()
    return tuple(found)


# One loan ---------------------------------------------------------------------------------------------------------------


@blueprint.get("/keys/<site>/loans/<int:id>")
def loan(site: str, id: int) -> str:
    """One loan, and what may be decided about it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = loan_at(connection, names, id)
        former = read.one(connection, names, found.former) if found.former else None
    return render_template("key_loan.html", site=names.site, loan=found, former=former, remarks=remarks, own=own(found, site))


def loan_at(connection: sa.Connection, names: Names, id: int) -> Loan:
    """The loan with this number."""
    found = read.one(connection, names, id)
    if found is None:
        abort(404)
    return found


def own(loan: Loan, site: str) -> bool:
    """Whether who is signed in may not agree to it: it is theirs, they asked for it, or nobody knows who they are."""
    operator = user().operators.get(site)
    if operator is None or operator.person is None or operator.operator == loan.asked_by:
        return True
    return operator.person == loan.person or operator.person in loan.authorisers


@blueprint.post("/keys/<site>/loans/<int:id>/authorise")
def authorise(site: str, id: int) -> Answer:
    """Agrees to it."""
    return _decided(site, id, AuthoriseLoan(id))


@blueprint.post("/keys/<site>/loans/<int:id>/hand-out")
def hand_out(site: str, id: int) -> Answer:
    """Hands the key out."""
    return _decided(site, id, HandOutKey(id))


@blueprint.post("/keys/<site>/loans/<int:id>/call-off")
def call_off(site: str, id: int) -> Answer:
    """Ends it before it began."""
    return _decided(site, id, CallOffLoan(id))


def _decided(site: str, id: int, body: msgspec.Struct) -> Answer:
    with here().connect() as connection:
        loan_at(connection, names_at(connection, site), id)
    return to_request(ask(site, body))


@blueprint.post("/keys/<site>/reservations/<int:id>/cancel")
def cancel(site: str, id: int) -> Answer:
    """Ends a reservation before its time."""
    with here().connect() as connection:
        names_at(connection, site)
    return to_request(ask(site, CancelReservation(id)))
