"""Handing a request to the outbox in the name of who is signed in, and going to where its answer will be seen."""

import msgspec
from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from controller.record.private import Text
from controller.record.requests import MalformedRequest, name_of
from dashboard.outbox import UnknownSite
from dashboard.web.context import here, user


def ask(site: str, body: msgspec.Struct, private: Text | None = None) -> str:
    """Submits the request; its id. 403 where the role at that site does not allow it, whatever the page offered."""
    person = user()
    if not person.may(name_of(body), site):
        abort(403)
    operator = person.operators[site].operator
    try:
        id = here().runtime.outbox.submit(site, body, private, account=person.account, operator=operator)
    except (UnknownSite, MalformedRequest):
        abort(400)
    here().runtime.changed.announce()
    return id


def to_request(id: str) -> Response:
    """The way to the request's page."""
    return redirect(url_for("requests.page", id=id), 303)
