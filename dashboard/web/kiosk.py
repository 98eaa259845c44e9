"""The screen beside a key cabinet: a browser that may do nothing else than ask for whoever stands there with their badge.

Whoever sets it up signs in, and is signed out by it: the screen stands where anybody can touch it, so it must not carry a
guard's powers. What it has is a signed cookie that names the account, the site and the cabinet, good for that one page. What
it asks for is asked in the name of that account's operator, and the site's controller looks for the badge behind it.
"""

from dataclasses import dataclass

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from dashboard.read.accounts import account_name, operators_of
from dashboard.web import roles
from dashboard.web.context import here

LASTS_S = 30 * 24 * 3600
_SALT = "kiosk"


@dataclass(frozen=True, slots=True)
class Screen:
    """A browser that shows one cabinet: whose account set it up, and which operator they are at the site."""

    account: int
    operator: int


def begin(response: Response, account: int, site: str, cabinet: str) -> None:
    """Makes this browser the screen of a cabinet."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    token = _signer().dumps([account, site, cabinet])
    response.set_cookie(_name(), token, max_age=LASTS_S, samesite="Strict", httponly=True, secure=secure, path="/")


def screen_of(site: str, cabinet: str) -> Screen | None:
    """Whether this browser is the screen of this cabinet, set up by somebody who still may; None: it is not."""
    try:
        account, its_site, its_cabinet = _signer().loads(request.cookies.get(_name(), "")[:512], max_age=LASTS_S)
    except (BadSignature, ValueError, TypeError):
        return None
    if (its_site, its_cabinet) != (site, cabinet):
        return None
    with here().connect() as connection:
        operator = operators_of(connection, account).get(site)
        known = account_name(connection, account)
    if operator is None or known is None or not roles.allows("key.choose", operator.roles):
        return None
    return Screen(account, operator.operator)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(here().runtime.session_key, salt=_SALT)


def _name() -> str:
    return "__Host-kiosk" if current_app.config["SESSION_COOKIE_SECURE"] else "kiosk"
