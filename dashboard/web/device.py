"""The device that somebody has signed in on before, by a signed cookie: strangers who fail with a name on purpose lock it for
themselves, and not for its owner (OWASP, "device cookies"). It opens nothing; it only counts its failures apart.
"""

import hashlib
import secrets

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from dashboard.web.context import here

LASTS_S = 90 * 24 * 3600
_SALT = "device"


def remember(response: Response, account: int) -> None:
    """Makes this browser one that the account was signed in on."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    token = _signer().dumps([account, secrets.token_urlsafe(12)])
    response.set_cookie(_name(), token, max_age=LASTS_S, samesite="Lax", httponly=True, secure=secure, path="/")


def known_for(account: int) -> str | None:
    """What the failures of this browser with this account are counted under; None when it is no known device of it."""
    token = request.cookies.get(_name(), "")[:512]
    try:
        owner, _ = _signer().loads(token, max_age=LASTS_S)
    except (BadSignature, ValueError, TypeError):
        return None
    return "device:" + hashlib.sha256(token.encode()).hexdigest() if owner == account else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(here().runtime.session_key, salt=_SALT)


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"
