"""Questions to sites, why a door opens or does not: asked until they are answered, or for an hour (design §5).

A question changes nothing and leaves no record at the site, so it is no affair of the outbox. It is signed by the dashboard
each time it is sent, always under its own id, by which the site's signed answer is known: an answer to another question, to
another dashboard, or about another person or door is none to this one.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from ulid import ULID

from controller.record.asks import QueryExplain
from controller.record.canonical import canonical, moment, timestamp
from controller.record.explained import Answered
from controller.record.keys import KeyPair
from controller.record.requests import make_request
from controller.record.topics import Topics
from dashboard.database import question, write
from dashboard.intake.resend import DASHBOARD_ITSELF
from dashboard.intake.source import Source

LASTS = timedelta(hours=1)
KEPT = timedelta(hours=1)
"""How long an answer, or that there was none, can still be looked at behind that."""
MOST_OF_ONE = 40
"""Questions kept of one account; the oldest one that is over goes for a new one."""
MOST_OF_SITE = 200
"""Questions that wait for one site."""
AHEAD = 3
"""Questions that a site is asked at a time: it takes a few of a dashboard's, and its others wait with them."""
AGAIN_S = 10.0
"""How long an answer may take before the same is asked again. A site that goes back in its ledger for it does so once."""
LOOK_S = 1.0
_SWEEP_S = 60.0

_Row = sa.Row[*tuple[Any, ...]]


class QuestionsFull(RuntimeError):
    """So many wait for an answer that no further one is taken."""


class Questions:
    """The questions of one dashboard. Any thread may ask; one alone sends them."""

    def __init__(
        self, engine: sa.Engine, keys: KeyPair, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._now = now
        self._new = threading.Event()
        self._asked_s: dict[str, float] = {}
        """When each was last sent, of the steady clock."""
        self._looked_s = self._swept_s = float("-inf")

    def ask(self, site: str, body: QueryExplain, account: int) -> str:
        """Writes a question; its id. It is sent as soon as the site can be reached. Raises QuestionsFull."""
        now = self._now()
        row = {
            "id": str(ULID()),
            "ledger_site": site,
            "account": account,
            **msgspec.to_builtins(body),
            "created_at": timestamp(now),
            "expires_at": timestamp(now + LASTS),
            "state": "waiting",
        }
        with write(self._engine) as connection:
            self._sweep(connection, now)
            _make_room(connection, site, account, now)
            connection.execute(sa.insert(question), row)
        self._new.set()
        return str(row["id"])

    def due(self, sources: Mapping[str, Source], monotonic: float) -> list[tuple[str, bytes]]:
        """Topic and signed request of each question that is to be sent now."""
        if not self._new.is_set() and monotonic - self._looked_s < LOOK_S:
            return []
        self._new.clear()
        self._looked_s, now = monotonic, self._now()
        if monotonic - self._swept_s >= _SWEEP_S:
            self._swept_s = monotonic
            with write(self._engine) as connection:
                self._sweep(connection, now)
        wanted, kept = [], set()
        with self._engine.connect() as connection:
            for site, source in sources.items():
                waiting = _waiting(connection, site, now)
                kept |= {row.id for row in waiting}
                if source.confirmed and source.online is not False:
                    wanted += [
                        (Topics(site).request, self._signed(source, row)) for row in self._next(waiting, monotonic)
                    ]
        self._asked_s = {id: at_s for id, at_s in self._asked_s.items() if id in kept}
        return wanted

    def _next(self, waiting: list[_Row], monotonic: float) -> list[_Row]:
        """Those whose turn it is: who was asked longest ago, or never, no more than may be on their way."""
        fresh = [row for row in waiting if monotonic - self._asked_s.get(row.id, float("-inf")) < AGAIN_S]
        ready = [row for row in waiting if row not in fresh]
        ready.sort(key=lambda row: (self._asked_s.get(row.id, float("-inf")), row.id))
        chosen = ready[: max(0, AHEAD - len(fresh))]
        self._asked_s |= {row.id: monotonic for row in chosen}
        return chosen

    def _signed(self, source: Source, row: _Row) -> bytes:
        body = QueryExplain(row.person, row.portal, row.at, row.before, row.badge)
        request = make_request(
            self._keys, source.ledger_site, source.keys, id=row.id, body=body, private={}, operator=DASHBOARD_ITSELF,
            issued_at=moment(row.created_at), expires_at=None,
        )  # fmt: skip
        return canonical(request)

    def _sweep(self, connection: sa.Connection, now: datetime) -> None:
        """Deletes what expired a while ago; also what is from a future that a clock set back has not come to."""
        past, future = timestamp(now - KEPT), timestamp(now + LASTS + KEPT)
        table = question.c
        connection.execute(sa.delete(question).where(sa.or_(table.expires_at <= past, table.expires_at > future)))


def _waiting(connection: sa.Connection, site: str, now: datetime) -> list[_Row]:
    table = question.c
    query = sa.select(table.id, table.person, table.portal, table.at, table.before, table.badge, table.created_at)
    query = query.where(table.ledger_site == site, table.state == "waiting", table.expires_at > timestamp(now))
    return list(connection.execute(query.order_by(table.id)).all())


def _make_room(connection: sa.Connection, site: str, account: int, now: datetime) -> None:
    """Lets one more in. Raises QuestionsFull."""
    table, waits = question.c, sa.and_(question.c.state == "waiting", question.c.expires_at > timestamp(now))
    query = sa.select(table.id, waits.label("waits")).where(table.account == account).order_by(table.id)
    own = connection.execute(query).all()
    over = max(0, len(own) + 1 - MOST_OF_ONE)
    done = [row.id for row in own if not row.waits][:over]
    if len(done) < over:
        raise QuestionsFull("of one account")
    connection.execute(sa.delete(question).where(table.id.in_(done)))
    waiting = sa.select(sa.func.count()).where(table.ledger_site == site, waits)
    if connection.execute(waiting).scalar_one() >= MOST_OF_SITE:
        raise QuestionsFull("of one site")


def mark_answered(connection: sa.Connection, site: str, answered: Answered) -> bool:
    """Writes a site's answer to the question that it names; whether there was such a one, of that site and without an answer.

    An answer about another person or door than was asked for is none, whoever signed it.
    """
    table, found = question.c, answered.found
    known = [table.id == answered.request, table.ledger_site == site, table.state == "waiting"]
    if found is not None:
        known += [table.person == found.person, table.portal == found.portal]
    values = {
        "state": "answered",
        "code": answered.code,
        "answer": None if found is None else msgspec.json.encode(found).decode(),
    }
    return connection.execute(sa.update(question).where(*known).values(values)).rowcount > 0
