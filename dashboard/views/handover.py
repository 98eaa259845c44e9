"""The page of who has a link and no account: a company's driver, or a recipient outside (C8.6).

Who holds the token may see what is carried, by number and pieces alone, and confirm once. Nothing happens by opening the page:
mail scanners and previews open links too. A wrong token is answered like an order that does not exist, and slowly often enough.
The site compares the token again: this page only carries it there, sealed.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response as Answer

from controller.record.asks.transport import MOST_SEALS, ConfirmByLink, SealAsked
from controller.record.canonical import moment
from controller.record.requests import MalformedRequest
from dashboard.outbox import UnknownSite
from dashboard.read import requests, transports
from dashboard.read.names import Names
from dashboard.read.requests import Asked
from dashboard.read.sites import site_called
from dashboard.read.transports import Link, Transport
from dashboard.views.seals import seals_of
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language
from dashboard.web.security import limiter

blueprint = Blueprint("handover", __name__)

TRIES = 5
"""So often one link may be sent to the site: a request that came too late, or before it could be, may be sent again."""
_STAGES = {"packed": "dispatch", "dispatched": "arrival", "arrived": "arrival", "lost": "arrival"}
_NO_LINK = "0" * 64


def _missed(response: Answer) -> bool:
    return response.status_code == 404


_guesses = limiter.shared_limit("10/minute;60/hour", scope="handover", key_func=get_remote_address, deduct_when=_missed)
_calls = limiter.shared_limit("60/minute", scope="handover-calls", key_func=get_remote_address)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a good token opens."""

    transport: Transport
    link: Link
    asked: list[Asked]
    """What was sent to the site by it, the last one at the end."""

    def state(self, now: datetime) -> str:
        """`done`, `sent`, `late` or `open`."""
        if self.link.state == "used":
            return "done"
        if self.asked and self.asked[-1].state in ("waiting", "accepted"):
            return "sent"
        return "late" if moment(self.link.until_at) <= now or len(self.asked) >= TRIES else "open"


@blueprint.get("/handover/<site>/<int:id>/<any(carrier, recipient):side>/<token>")
@_calls
@_guesses
def page(site: str, id: int, side: str, token: str) -> Response:
    """What is to be confirmed, or what has become of it."""
    with here().connect() as connection:
        found = _opened(connection, site, id, side, token)
    return _shown(found, side, Fields({}))


@blueprint.post("/handover/<site>/<int:id>/<any(carrier, recipient):side>/<token>")
@_calls
@_guesses
def confirm(site: str, id: int, side: str, token: str) -> Answer:
    """Confirms, once: sent twice it is the same."""
    with here().connect() as connection:
        found = _opened(connection, site, id, side, token)
    form = Fields(request.form)
    if found.state(here().now()) == "open":
        seals = (
            tuple(SealAsked(number) for number in seals_of(form, "seals", needed=False)) if side == "recipient" else ()
        )
        if "checked" not in request.form:
            form.errors["checked"] = _("Confirm that you have compared the contents.")
        if len(seals) > MOST_SEALS:
            form.errors["seals"] = _("%(most)s seals at most.", most=MOST_SEALS)
        if form.errors:
            return _shown(found, side, form)
        _send(site, found, side, token, seals)
    return redirect(url_for("handover.page", site=site, id=id, side=side, token=token), 303)


def _opened(connection: sa.Connection, site: str, id: int, side: str, token: str) -> _Opened:
    """What this token opens; 404 for everything that it does not, after the same comparison."""
    known = site_called(connection, site)
    found = None if known is None else transports.one(connection, Names(connection, known, language()), id)
    link = None if found is None else _link(found, side)
    digest = hashlib.sha256(token.encode()).hexdigest()
    fits = hmac.compare_digest(digest, _NO_LINK if link is None else link.token_sha256)
    if not fits or found is None or link is None:
        abort(404)
    asked = [one for n in range(TRIES) if (one := requests.one(connection, _request_id(token, n))) is not None]
    return _Opened(found, link, asked)


def _link(found: Transport, side: str) -> Link | None:
    """The link of this side, of the handover that waits, or of the last one."""
    stage = _STAGES.get(found.state, "arrival")
    return found.link(stage, side) or (found.link("dispatch", side) if stage == "arrival" else None)


def _request_id(token: str, n: int) -> str:
    """The id of the n-th request by this token: the same page sent twice is one request."""
    digest = hashlib.sha256(f"handover {n} {token}".encode()).digest()
    return base64.b32encode(digest)[:26].decode()


def _send(site: str, found: _Opened, side: str, token: str, seals: tuple[SealAsked, ...]) -> None:
    """Hands it to the outbox in the name of the operator who made the link."""
    body = ConfirmByLink(found.transport.transport, side, found.transport.contents_sha256, seals)
    id = _request_id(token, len(found.asked))
    try:
        here().runtime.outbox.submit_all(
            site, [(id, body, {"token": token})], account=None, operator=found.link.operator
        )
    except (UnknownSite, MalformedRequest):
        abort(404)
    here().runtime.changed.announce()


def _shown(found: _Opened, side: str, form: Fields) -> Response:
    page = render_template(
        "handover.html", transport=found.transport, site=found.transport.site, side=side, state=found.state(here().now()),
        refused=found.asked[-1] if found.asked and found.asked[-1].state in ("refused", "expired") else None,
        arriving=side == "recipient", form=form,
    )  # fmt: skip
    response = make_response(page, 400 if form.errors else 200)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
