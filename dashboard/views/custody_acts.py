"""What is done about a line of the custody ledger: each a signed request, and the site decides (C4.2)."""

from collections.abc import Callable

import msgspec
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.custody import (
    MOST_HANDED,
    ApproveCustody,
    AskExtension,
    BeginCustody,
    CollectCopies,
    ConfirmCustody,
    DeclineCustody,
    DisposeCustody,
    EndCustody,
    ExtendCustody,
    HandOut,
    WitnessDisposal,
)
from controller.record.canonical import moment, timestamp
from controller.record.handling import FATES, METHODS, OUTCOMES
from controller.record.private import Text
from dashboard.read import people
from dashboard.read.custody import Line
from dashboard.views.ask import ask, to_request
from dashboard.views.custody_lines import line_at
from dashboard.views.subject import names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields

blueprint = Blueprint("custody_acts", __name__)

Asked = tuple[msgspec.Struct, Text] | None
"""A request's body and texts; None where something in the form is wrong."""


@blueprint.post("/custody/<site>/<int:id>/<act>")
def act(site: str, id: int, act: str) -> Response:
    """Approve, decline, begin, put off, end, confirm, hand out, collect, destroy, witness; mistakes go back in words."""
    if act not in _ACTS:
        abort(404)
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        line = line_at(connection, names, id)
        known = {number for number in _numbers(form, "people") if people.one(connection, names, number) is not None}
        form.values["known"] = " ".join(map(str, sorted(known)))
        form.values["timezone"] = names.site.timezone
    found = _ACTS[act](line, form)
    if found is None or form.errors:
        for message in form.errors.values():
            flash(message)
        return redirect(url_for("custody.line", site=site, id=id), 303)
    body, private = found
    return to_request(ask(site, body, private))


def _approve(line: Line, _form: Fields) -> Asked:
    return ApproveCustody(line.custody), {}


def _decline(line: Line, form: Fields) -> Asked:
    reason = form.text("reason")
    return DeclineCustody(line.custody), {"reason": reason} if reason else {}


def _reject(line: Line, form: Fields) -> Asked:
    """Somebody else's request: not without a reason, which they will read."""
    reason = form.text("reason", required=str(_("Write why. Whoever asked will read it.")))
    return DeclineCustody(line.custody), {"reason": reason}


def _begin(line: Line, _form: Fields) -> Asked:
    return BeginCustody(line.custody), {}


def _later(form: Fields) -> str:
    due_at = form.moment("due", form.values["timezone"], end_of_day=True)
    return "" if due_at is None else timestamp(due_at)


def _ask_extension(line: Line, form: Fields) -> Asked:
    return AskExtension(line.custody, _later(form)), {}


def _extend(line: Line, form: Fields) -> Asked:
    if form.values.get("wanted"):
        return ExtendCustody(line.custody, line.row.wanted_at or timestamp(moment(line.row.due_at))), {}
    return ExtendCustody(line.custody, _later(form)), {}


def _end(line: Line, form: Fields) -> Asked:
    outcome = form.choice("outcome", OUTCOMES, str(_("Choose how it ended.")))
    remarks, text = form.text("remarks"), form.values.get("brought_by", "").strip().removeprefix("#")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        form.errors["brought_by"] = str(_("Write the number of somebody who is registered."))
        return None
    body = EndCustody(line.custody, outcome, int(text) if text else None)
    return body, {"remarks": remarks} if remarks else {}


def _confirm(line: Line, _form: Fields) -> Asked:
    return ConfirmCustody(line.custody), {}


def _hand_out(line: Line, form: Fields) -> Asked:
    """One recipient a line: `#14` for somebody registered, a name for anybody else."""
    written = [text.strip() for text in form.values.get("people", "").splitlines() if text.strip()]
    if not 0 < len(written) <= MOST_HANDED:
        form.errors["people"] = str(_("Write one recipient a line, %(most)s at most.", most=MOST_HANDED))
        return None
    known = set(form.values["known"].split())
    numbers, private = [], {}
    for n, text in enumerate(written):
        number = text.removeprefix("#")
        if text.startswith("#") and number not in known:
            form.errors["people"] = str(_("Write the number of somebody who is registered."))
            return None
        numbers.append(int(number) if text.startswith("#") else 0)
        if not text.startswith("#"):
            private[f"name.{n}"] = text[:100]
    return HandOut(line.custody, tuple(numbers)), private


def _collect(line: Line, form: Fields) -> Asked:
    fate = form.choice("fate", FATES, str(_("Choose what became of it.")))
    numbers = [int(one) for one in request.form.getlist("number") if one.isascii() and one.isdigit() and len(one) < 10]
    if not numbers:
        form.errors["number"] = str(_("Choose the copies."))
        return None
    return CollectCopies(line.custody, tuple(numbers[:200]), fate), {}


def _dispose(line: Line, form: Fields) -> Asked:
    return DisposeCustody(line.custody, form.choice("method", METHODS, str(_("Choose the method.")))), {}


def _witness(line: Line, _form: Fields) -> Asked:
    return WitnessDisposal(line.custody), {}


_ACTS: dict[str, Callable[[Line, Fields], Asked]] = {
    "approve": _approve,
    "decline": _decline,
    "reject": _reject,
    "begin": _begin,
    "ask-extension": _ask_extension,
    "extend": _extend,
    "end": _end,
    "confirm": _confirm,
    "hand-out": _hand_out,
    "collect": _collect,
    "dispose": _dispose,
    "witness": _witness,
}


def _numbers(form: Fields, name: str) -> set[int]:
    """The numbers of people that stand in a text of many lines."""
    lines = (text.strip() for text in form.values.get(name, "").splitlines())
    numbers = (text[1:] for text in lines if text.startswith("#") and len(text) < 11)
    return {int(number) for number in numbers if number.isascii() and number.isdigit()}
