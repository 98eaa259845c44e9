"""Signing in and out, and the first sign-in with the one-time code from the console.

A wrong name, a wrong password and an account without one get the same answer after the same work. Who fails too often
waits: by address, and by name, but for the device on which the name's owner has been signed in before.
"""

import hashlib
import unicodedata
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import ngettext
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from controller.record.canonical import moment, timestamp
from dashboard.database import account as accounts
from dashboard.database import write
from dashboard.first_code import VALID_FOR, code_matches, hash_code
from dashboard.read.accounts import Account, account_called
from dashboard.web import device, password, session
from dashboard.web.context import here, user
from dashboard.web.security import inside, limiter

blueprint = Blueprint("signin", __name__)

LONGEST_NAME = 100
_BACK = timedelta(minutes=2)
"""What a clock that is kept may be put back by while a code is good."""
_NO_CODE = hash_code("0000-0000")


def _typed_name() -> str:
    """The name as accounts are named (NFKC): full-width letters of a Japanese keyboard are the same name."""
    return unicodedata.normalize("NFKC", request.form.get("name", "")[:LONGEST_NAME]).strip()[:LONGEST_NAME]


def _by_name() -> str:
    """Whose failures these are: the name's, or, on a device where the name's owner has been signed in, the device's own."""
    name = _typed_name()
    with here().connect() as connection:
        account = account_called(connection, name)
    own = device.known_for(account.id) if account is not None else None
    return own or "name:" + hashlib.sha256(name.casefold().encode()).hexdigest()


def _failed(response: Response) -> bool:
    return response.status_code == 422


_per_address = limiter.shared_limit("20/minute", scope="sign-in", key_func=get_remote_address, deduct_when=_failed)
_per_name = limiter.shared_limit("5/minute;20/hour", scope="sign-in", key_func=_by_name, deduct_when=_failed)


@blueprint.get("/sign-in")
def page() -> AnyResponse | str:
    """The form; whoever is signed in already goes on."""
    if current_user.is_authenticated:
        return redirect(inside(request.args.get("next", "/")))
    return render_template("sign_in.html", name="", wrong=False)


@blueprint.post("/sign-in")
@_per_address
@_per_name
def sign_in() -> AnyResponse | tuple[str, int]:
    """Checks name and password."""
    name = _typed_name()
    with here().connect() as connection:
        account = account_called(connection, name)
    typed = request.form.get("password", "")
    if not password.matches(account.password_hash if account else None, typed) or account is None:
        _count_failure(account)
        return render_template("sign_in.html", name=name, wrong=True), 422
    fresh = {"failed": 0, "failed_at": None}
    values = fresh | (
        {"password_hash": password.hashed(typed)} if password.outdated(account.password_hash or "") else {}
    )
    with write(here().runtime.engine) as connection:
        connection.execute(sa.update(accounts).where(accounts.c.id == account.id).values(values))
    _enter(account.id)
    if account.failed:
        flash(
            ngettext(
                "Since you last signed in, %(num)s attempt with your name failed.",
                "Since you last signed in, %(num)s attempts with your name failed.",
                account.failed,
            )
        )
    return _entered(account.id, inside(request.args.get("next", "/")))


@blueprint.get("/welcome")
def welcome() -> str:
    """The form for the first sign-in."""
    return render_template("welcome.html", name="", wrong="")


@blueprint.post("/welcome")
@_per_address
@_per_name
def choose_password() -> AnyResponse | tuple[str, int]:
    """Trades the one-time code for a password. A code is good once, and for half an hour."""
    name = _typed_name()
    with here().connect() as connection:
        account = account_called(connection, name)
    new = request.form.get("password", "")
    fits = code_matches((account and account.code_hash) or _NO_CODE, request.form.get("code", ""))
    if not fits or account is None or not _code_valid(account):
        _count_failure(account)
        return render_template("welcome.html", name=name, wrong="code"), 422
    problem = password.problem(new, request.form.get("again", ""), name)
    if problem is not None:
        return render_template("welcome.html", name=name, wrong=problem), 400
    values = {"password_hash": password.hashed(new), "code_hash": None, "code_expires_at": None, "failed": 0}
    with write(here().runtime.engine) as connection:
        unused = sa.and_(accounts.c.id == account.id, accounts.c.code_hash == account.code_hash)
        used = connection.execute(sa.update(accounts).where(unused).values(values)).rowcount
    if not used:
        abort(400)
    session.end_all(here().runtime.engine, account.id)
    _enter(account.id)
    return _entered(account.id, url_for("now.page"))


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """Ends the session here, not only in the browser; or all of the account's, wherever they are."""
    if request.form.get("everywhere"):
        session.end_all(here().runtime.engine, user().account)
    else:
        session.end(here().runtime.engine, user().token)
    logout_user()
    cookie.clear()
    return redirect(url_for("signin.page"), 303)


def _code_valid(account: Account) -> bool:
    """Whether the account's code is still good. Not when it would be for longer than a code ever is: the clock was set back."""
    if not account.code_hash or not account.code_expires_at:
        return False
    return timedelta(0) < moment(account.code_expires_at) - here().now() <= VALID_FOR + _BACK


def _count_failure(account: Account | None) -> None:
    """Notes the failure. For a name that does not exist some account is written as it is: a commit can be timed from afar."""
    any_id = sa.select(sa.func.min(accounts.c.id)).scalar_subquery()
    values: dict[str, sa.ColumnElement[Any]] = {"failed": accounts.c.failed}
    if account is not None:
        values = {"failed": accounts.c.failed + 1, "failed_at": sa.literal(timestamp(here().now()))}
    with write(here().runtime.engine) as connection:
        row = accounts.c.id == (any_id if account is None else account.id)
        connection.execute(sa.update(accounts).where(row).values(values))


def _entered(account: int, address: str) -> AnyResponse:
    response = current_app.make_response(redirect(address, 303))
    device.remember(response, account)
    return response


def _enter(account: int) -> None:
    """Begins a session under a new cookie: one set before the sign-in is worth nothing after it."""
    parts = here()
    token = session.start(parts.runtime.engine, account, parts.now())
    person = session.find(parts.runtime.engine, token, parts.now())
    cookie.clear()
    if person is None or not login_user(person):
        current_app.logger.error("a session ended while it began")
        abort(500)
