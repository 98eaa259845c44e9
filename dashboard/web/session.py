"""Signed-in browsers. The cookie holds a random token; what it is worth is decided here at each request.

A session ends after half an hour without a page, after eight hours in any case, at sign-out, and when its account is
gone. Live streams and polls keep no session alive: a screen left alone is a screen left alone.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError

from controller.record.canonical import moment, timestamp
from dashboard.database import web_session, write
from dashboard.read.accounts import Operator, account_name, operators_of
from dashboard.web import roles

log = structlog.get_logger()

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
_BACK = timedelta(minutes=2)
"""A session from further in the future is none: the clock was set back, and nobody knows how old it is."""
_NOTE_EVERY = timedelta(seconds=60)
"""`seen_at` is written no more often than this: not every page view shall be a disk write."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody signed in, and who they are at each site. Roles are the site's records, never the dashboard's own."""

    account: int
    name: str
    token: str = field(repr=False)
    operators: dict[str, Operator]

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the token."""
        return self.token

    def may(self, action: str, site: str = "") -> bool:
        """Whether the account's role at the site, or without one at any site, allows the endpoint or kind of request."""
        if site:
            operator = self.operators.get(site)
            return operator is not None and roles.allows(action, operator.roles)
        return any(roles.allows(action, operator.roles) for operator in self.operators.values())

    def sites(self, action: str) -> tuple[str, ...]:
        """The sites at which the account may do this."""
        return tuple(sorted(site for site in self.operators if self.may(action, site)))


def start(engine: sa.Engine, account: int, now: datetime) -> str:
    """Begins a session; its token. Sessions that are over are swept out on the way."""
    token = secrets.token_urlsafe(32)
    at = timestamp(now)
    with write(engine) as connection:
        over = sa.or_(
            web_session.c.started_at < timestamp(now - LONGEST), web_session.c.seen_at < timestamp(now - IDLE)
        )
        connection.execute(sa.delete(web_session).where(over))
        row = {"token_hash": _hashed(token), "account": account, "started_at": at, "seen_at": at}
        connection.execute(sa.insert(web_session), row)
    return token


def end(engine: sa.Engine, token: str) -> None:
    """Ends a session: its cookie is worth nothing from now on, whoever holds a copy."""
    with write(engine) as connection:
        connection.execute(sa.delete(web_session).where(web_session.c.token_hash == _hashed(token)))


def end_all(engine: sa.Engine, account: int) -> None:
    """Ends every session of an account, as after a new password."""
    with write(engine) as connection:
        connection.execute(sa.delete(web_session).where(web_session.c.account == account))


def find(engine: sa.Engine, token: str, now: datetime, *, keep_alive: bool = True) -> User | None:
    """Whose session this token is, if it is still one. `keep_alive` counts the request as somebody being there."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(web_session).where(web_session.c.token_hash == _hashed(token))).first()
        if row is None:
            return None
        seen_at = moment(row.seen_at)
        if not -_BACK <= now - seen_at <= IDLE or not -_BACK <= now - moment(row.started_at) <= LONGEST:
            return None
        name = account_name(connection, row.account)
        if name is None:
            return None
        operators = operators_of(connection, row.account)
    if keep_alive and now - seen_at > _NOTE_EVERY:
        _note_seen(engine, row.token_hash, now)
    return User(row.account, name, token, operators)


def _note_seen(engine: sa.Engine, token_hash: str, now: datetime) -> None:
    """Somebody is there. On a disk that takes nothing the pages can still be read, until the session would have ended."""
    try:
        with write(engine) as connection:
            seen = sa.update(web_session).where(web_session.c.token_hash == token_hash)
            connection.execute(seen.values(seen_at=timestamp(now)))
    except DBAPIError as error:
        log.warning("not noted that somebody is there", error=type(error).__name__)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
