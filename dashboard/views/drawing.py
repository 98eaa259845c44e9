"""A number drawn for a lock and shown once (C8.3, design §11).

It is in the body of one POST answer and nowhere else: no table, log, session, header or second answer has it. What is written
down beforehand is that one is drawn: by the site (`combination.drawn`), and here (`shown_draw`), so that a draw is shown once,
even when the answer is lost. The sign-in has to be fresh: the password is typed on this very form.
"""

import sqlalchemy as sa
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from controller.record.asks.combination import DrawCombination
from controller.record.canonical import timestamp
from controller.record.kinds.change import RUNNING
from dashboard.database import shown_draw, write
from dashboard.drawn_number import DIAL, KEYPAD, RULES, draw
from dashboard.read import requests
from dashboard.read.accounts import account_called
from dashboard.read.combinations import Change, Lock
from dashboard.read.requests import Asked
from dashboard.views.ask import ask
from dashboard.views.changes import change_at
from dashboard.views.combinations import is_custodian
from dashboard.views.subject import names_at
from dashboard.web import password
from dashboard.web.context import here, user
from dashboard.web.security import limiter

blueprint = Blueprint("drawing", __name__)

SHOWN_S = 60
"""So long the number stands on the page; then the page leads on by itself."""
_MOST_DIGITS = 12


def _whose() -> str:
    return f"draw:{user().account}"


def _failed(response: Response) -> bool:
    return response.status_code == 422


@blueprint.get("/combinations/<site>/changes/<int:id>/draw")
def page(site: str, id: int) -> str:
    """What will happen, and the form to go on. Nothing is drawn by opening it."""
    change, lock = _drawable(site, id)
    with here().connect() as connection:
        asked = requests.one(connection, request.args.get("request", "")[:26])
    return _page(site, change, lock, asked=asked if asked is not None and asked.account == user().account else None)


@blueprint.post("/combinations/<site>/changes/<int:id>/draw/record", endpoint="ask")
def ask_first(site: str, id: int) -> AnyResponse:
    """Has the site put on record that a number is drawn. Before it has, none is."""
    change, _lock = _drawable(site, id)
    if change.drawn_at:
        return redirect(url_for("drawing.page", site=site, id=id), 303)
    return redirect(url_for("drawing.page", site=site, id=id, request=ask(site, DrawCombination(id))), 303)


@blueprint.post("/combinations/<site>/changes/<int:id>/draw", endpoint="show")
@limiter.limit("5/minute;20/hour", key_func=_whose, deduct_when=_failed)
def show(site: str, id: int) -> AnyResponse | tuple[str, int]:
    """Shows the number, once, to the custodian who has just typed their password."""
    change, lock = _drawable(site, id)
    if not change.drawn_at:
        abort(404)
    with here().connect() as connection:
        account = account_called(connection, user().name)
    typed = request.form.get("password", "")[: password.LONGEST + 1]
    if account is None or not password.matches(account.password_hash, typed):
        return _page(site, change, lock, wrong=True), 422
    if not _mark(site, change):
        return _page(site, change, lock, shown=True), 409
    sort = DIAL if lock.sort == DIAL else KEYPAD
    number = draw(sort, min(lock.digits, _MOST_DIGITS))
    answer = make_response(
        render_template("combination_drawn.html", change=change, lock=lock, site=site, number=number, shown_s=SHOWN_S)
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _drawable(site: str, id: int) -> tuple[Change, Lock]:
    """The change, if its custodian is signed in and the number is to be set next; else 403 or 404."""
    with here().connect() as connection:
        change, lock = change_at(connection, names_at(connection, site), id)
    if not is_custodian(lock):
        abort(403)
    if change.state != RUNNING or change.step != "begun":
        abort(404)
    return change, lock


def _page(
    site: str, change: Change, lock: Lock, *, wrong: bool = False, shown: bool = False, asked: Asked | None = None
) -> str:
    rules = RULES[DIAL if lock.sort == DIAL else KEYPAD]
    return render_template(
        "combination_draw.html", change=change, lock=lock, site=site, wrong=wrong, shown=shown or _was_shown(site, change),
        rules=rules, shown_s=SHOWN_S, asked=asked,
    )  # fmt: skip


def _was_shown(site: str, change: Change) -> bool:
    with here().connect() as connection:
        return connection.execute(sa.select(shown_draw.c.drawn_at).where(*_this(site, change))).first() is not None


def _mark(site: str, change: Change) -> bool:
    """Writes down, before anything is shown, that this draw is; False when it was already."""
    row = {"ledger_site": site, "change": change.change, "drawn_at": change.drawn_at, "shown_at": timestamp(here().now())}
    try:
        with write(here().runtime.engine) as connection:
            connection.execute(sa.insert(shown_draw).values(row))
    except IntegrityError:
        return False
    return True


def _this(site: str, change: Change) -> tuple[sa.ColumnElement[bool], ...]:
    columns = shown_draw.c
    return (columns.ledger_site == site, columns.change == change.change, columns.drawn_at == change.drawn_at)
