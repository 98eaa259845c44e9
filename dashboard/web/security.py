"""What every answer carries, and what every request must: headers, the CSRF token, the guard in front of each endpoint.

The policy allows nothing from elsewhere and nothing inline: a page that loads is a page this host made.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as AnyResponse

from dashboard.web import roles, session
from dashboard.web.context import Here, user

LARGEST_FORM = 65_536
"""Bytes of a POST."""

LARGEST_UPLOAD = 20_000_000
"""Bytes of a form with photos, of somebody who is signed in."""
_UPLOADS = frozenset({"carrying.seal"})

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:"],  # Bootstrap's own style sheet holds its check marks as data:
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

_QUIET = frozenset({"live.stream", "live.records", "live.states"})
"""What a page asks by itself: answered with 401 instead of a sign-in page, and no sign that somebody is there."""

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def install(app: Flask, parts: Here) -> None:
    """Puts all of it around the application, before its addresses are registered."""
    app.url_map.converters["int"] = _Number
    tls = parts.runtime.config.secure
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        # __Host-: set by this host over TLS for the whole host, and not by a neighbour in the domain
        SESSION_COOKIE_NAME="__Host-sekimori" if tls else "sekimori",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=tls,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session it stands in
    )
    Talisman(
        app,
        force_https=False,
        strict_transport_security=tls,
        strict_transport_security_include_subdomains=False,  # other hosts under this name are not ours to bind
        session_cookie_secure=tls,
        session_cookie_samesite="Lax",
        content_security_policy=POLICY,
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy={"camera": "()", "microphone": "()", "geolocation": "()"},
    )
    app.before_request(_roomier)  # before anything reads the form
    CSRFProtect(app)
    limiter.init_app(app)
    logins = LoginManager(app)
    logins.session_protection = None  # the token is checked here at each request; an address may change on a phone

    @logins.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> session.User | None:
        alive = request.endpoint not in _QUIET
        return session.find(parts.runtime.engine, token, parts.now(), keep_alive=alive)

    app.before_request(_refuse_nul)
    app.before_request(_guard)
    app.after_request(_uncached)

    @app.after_request
    def count(response: Response) -> Response:
        parts.runtime.measures.answered(response.status_code)
        return response


def _roomier() -> None:
    """A form with photos may be larger, where somebody is signed in who may send it."""
    if request.endpoint in _UPLOADS and current_user.is_authenticated and user().may(request.endpoint):
        request.max_content_length = LARGEST_UPLOAD


def _refuse_nul() -> None:
    """A NUL stands in nothing that a person types, and PostgreSQL takes it for a fault."""
    texts = [request.path, *(part for pair in request.args.items(multi=True) for part in pair)]
    if any("\0" in text for text in texts) or any("\0" in part for pair in request.form.items(multi=True) for part in pair):
        abort(400)


class _Number(IntegerConverter):
    """A whole number in a path that a column holds: anything longer is no address of ours."""

    regex = r"[0-9]{1,15}"


def _guard() -> AnyResponse | None:
    """Default deny: the endpoint must be listed, and somebody signed in whose role at the site allows it."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in roles.PUBLIC:
        return None
    if not roles.known(endpoint):
        abort(403)
    if not current_user.is_authenticated:
        if endpoint in _QUIET or request.method not in ("GET", "HEAD"):
            abort(401)
        return redirect(url_for("signin.page", next=request.full_path.rstrip("?")))
    if endpoint == "now.page" and not user().may(endpoint) and user().may("my.page"):
        return redirect(url_for("my.page"))  # whose role is about themselves alone begins there
    site = (request.view_args or {}).get("site", "")
    if endpoint not in roles.SIGNED_IN and not user().may(endpoint, site):
        abort(403)
    return None


def _uncached(response: Response) -> Response:
    if request.endpoint not in ("static", "bootstrap.static"):
        response.headers["Cache-Control"] = "no-store"
    return response


def inside(address: str) -> str:
    """The address if it is a path of this host, else the first page: a sign-in must not send anybody elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:  # an address that is none
        return url_for("now.page")
    local = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if local and "\\" not in address and address.isprintable() else url_for("now.page")
