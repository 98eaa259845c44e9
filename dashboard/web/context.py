"""What a view reaches for: the running dashboard's parts, the time, and who is signed in. Valid in a request only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import current_app
from flask_login import current_user

from dashboard.runtime import Runtime
from dashboard.tls.certificate import Served
from dashboard.web.session import User
from dashboard.web.slots import Slots

_NAME = "sekimori"


@dataclass(frozen=True, slots=True)
class Here:
    """The parts of this application. `now` is the clock, passed in so that tests can turn it."""

    runtime: Runtime
    now: Callable[[], datetime]
    streams: Slots
    exports: Slots
    served: Served | None = None
    """The certificate of the pages, where they are served with TLS of our own."""

    def connect(self) -> sa.Connection:
        """A connection to read with; use it in a `with`."""
        return self.runtime.engine.connect()


def install(extensions: dict[str, object], parts: Here) -> None:
    """Puts the parts where `here` finds them."""
    extensions[_NAME] = parts


def here() -> Here:
    """The parts of the application that answers this request."""
    parts = current_app.extensions[_NAME]
    assert isinstance(parts, Here)  # noqa: S101 - put there by `install`
    return parts


def user() -> User:
    """Who is signed in. Only for endpoints that the guard has let through: an anonymous request raises TypeError."""
    person = current_user._get_current_object()
    if not isinstance(person, User):
        raise TypeError("nobody is signed in")
    return person
