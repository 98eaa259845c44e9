"""Requests to sites, durable: written before anybody is told they were sent, published until replied to or expired (design §5).

A request is signed when it is submitted, and the same bytes are published each time, so that the site can know a repetition
by its id. What people typed is sealed to the site inside those bytes; the dashboard keeps no readable copy.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from ulid import ULID

from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair, PublicKeys
from controller.record.private import Text
from controller.record.requests import check_private, make_request, name_of, read_envelope
from controller.record.topics import Reply, Topics
from dashboard.database import outbox, write

EXPIRES = {
    "portal.release": timedelta(seconds=10),
    "portal.override": timedelta(seconds=30),
    "key.choose": timedelta(seconds=20),
    "cabinet.open_slot": timedelta(seconds=30),
    "portal.resume": timedelta(minutes=5),
    "lockdown.end": timedelta(minutes=5),
    "evacuation.end": timedelta(minutes=5),
    "special_day.set": timedelta(minutes=5),
    "special_day.approve": timedelta(minutes=5),
    "special_day.clear": timedelta(minutes=5),
    "person.reinstate": timedelta(minutes=5),
    "person.change": timedelta(minutes=5),
    "presence.correct": timedelta(minutes=5),
    "presence.forgive": timedelta(minutes=5),
    "review.keep": timedelta(minutes=5),
    "badge.enrol": timedelta(seconds=30),
    "pledge.sign": timedelta(minutes=30),
    "training.complete": timedelta(minutes=30),
    "container.move": timedelta(minutes=5),
    "asset.change": timedelta(minutes=5),
    "asset.withdraw": timedelta(minutes=5),
    "label.print": timedelta(seconds=30),
    "pin.enrol": timedelta(seconds=30),
    "pin.unlock": timedelta(minutes=5),
    "carrier.approve": timedelta(minutes=5),
    "carrier.pledge": timedelta(minutes=30),
    "transport.approve": timedelta(minutes=5),
    "transport.pack": timedelta(minutes=5),
    "transport.confirm": timedelta(minutes=5),
    "transport.link": timedelta(minutes=5),
    "transport.confirm_by_link": timedelta(minutes=5),
    "transport.arrive": timedelta(minutes=30),
    "transport.receive": timedelta(minutes=5),
    "key.change": timedelta(minutes=5),
    "key.unseal": timedelta(minutes=5),
    "key.limit": timedelta(minutes=5),
    "key.lend": timedelta(minutes=5),
    "key.authorise": timedelta(minutes=5),
    "key.hand_out": timedelta(minutes=5),
    "key.hand_over": timedelta(minutes=5),
    "key.replace": timedelta(minutes=5),
    "key.change_lock": timedelta(minutes=5),
    "key.reserve": timedelta(minutes=30),
    "key_audit.count": timedelta(minutes=30),
    "key_audit.end": timedelta(minutes=5),
    "tether.retire": timedelta(minutes=5),
    "tether.check": timedelta(minutes=30),
    "knower.add": timedelta(minutes=30),
    "combination.plan": timedelta(minutes=5),
    "combination.begin": timedelta(seconds=30),
    "combination.draw": timedelta(seconds=30),
    "combination.finish": timedelta(minutes=5),
    "custody.approve": timedelta(minutes=5),
    "custody.begin": timedelta(minutes=5),
    "custody.extend": timedelta(minutes=5),
    "sticker.attach": timedelta(seconds=30),
}
"""What is only good now: it opens, or undoes what locks. All else waits as long as it takes: a revocation never expires."""

AGAIN_S = 5.0
"""How long an unanswered request waits to be published again."""

_ROUND = 200

log = structlog.get_logger()


MOST_OF_ONE, MOST_OF_ALL = 1_000, 10_000
"""Requests that wait at a time: of one account, and of the dashboard."""


class OutboxFull(RuntimeError):
    """So many requests wait for an answer that no further one is taken."""


class UnknownSite(LookupError):
    """The site is not one whose key is pinned here."""


class Outbox:
    """The requests of one dashboard. Any thread may submit."""

    def __init__(
        self,
        engine: sa.Engine,
        keys: KeyPair,
        sites: Mapping[str, PublicKeys],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._sites = sites
        self._now = now
        self.waiting = threading.Event()
        """Set when there is something new to publish."""

    def submit(
        self, site: str, body: msgspec.Struct, private: Text | None = None, *, account: int | None, operator: int
    ) -> str:
        """Writes a signed request; its id. It is durable when this returns, and published at once if there is a broker.

        Raises UnknownSite, OutboxFull, and MalformedRequest (of controller.record.requests) naming the private field that is
        missing or too long.
        """
        return self.submit_all(site, [(str(ULID()), body, private or {})], account=account, operator=operator)[0]

    def submit_all(
        self, site: str, asked: Sequence[tuple[str, msgspec.Struct, Text]], *, account: int | None, operator: int
    ) -> list[str]:
        """Writes several signed requests, all or none, under ids that the caller chose; the ids. What is there by its id
        already is not written again: a form that is sent twice asks once. Raises as `submit`.
        """
        if site not in self._sites:
            raise UnknownSite(site)
        rows = [self._row(site, id, body, text, account, operator) for id, body, text in asked]
        with write(self._engine) as connection:
            known = connection.execute(sa.select(outbox.c.id).where(outbox.c.id.in_([row["id"] for row in rows])))
            there = {id for (id,) in known}
            for row in (row for row in rows if row["id"] not in there):
                _check_room(connection, account)
                connection.execute(sa.insert(outbox), row)
        self.waiting.set()
        return [id for id, _, _ in asked]

    def _row(
        self, site: str, id: str, body: msgspec.Struct, private: Text, account: int | None, operator: int
    ) -> dict[str, Any]:
        """The signed request as it waits."""
        kind = name_of(body)
        texts = check_private(kind, private)
        now = self._now()
        expires_at = now + EXPIRES[kind] if kind in EXPIRES else None
        request = make_request(
            self._keys,
            site,
            self._sites[site],
            id=id,
            body=body,
            private=texts,
            operator=operator,
            issued_at=now,
            expires_at=expires_at,
        )
        return {
            "id": request.id,
            "ledger_site": site,
            "kind": kind,
            "bytes": canonical(request),
            "account": account,
            "operator": operator,
            "created_at": request.issued_at,
            "expires_at": request.expires_at,
            "state": "waiting",
        }

    def sign_again(self) -> int:
        """Signs with the present key what waits under one of before; how many. Called before anything is published."""
        waiting = sa.select(outbox.c.id, outbox.c.bytes).where(outbox.c.state == "waiting")
        own, done = self._keys.public.id, 0
        with write(self._engine) as connection:
            for id, data in connection.execute(waiting).all():
                request = read_envelope(data)
                if request.dashboard == own:
                    continue
                request = msgspec.structs.replace(request, dashboard=own)
                request = msgspec.structs.replace(request, sig=self._keys.sign(request.signed_bytes()).hex())
                values = {"bytes": canonical(request), "published_at": None}
                connection.execute(sa.update(outbox).where(outbox.c.id == id).values(values))
                done += 1
        return done

    def expire(self) -> int:
        """Marks what was not answered in time; how many. An expired request is never published again."""
        now = timestamp(self._now())
        late = sa.and_(outbox.c.state == "waiting", outbox.c.expires_at <= now)
        with self._engine.connect() as connection:
            if connection.execute(sa.select(outbox.c.id).where(late).limit(1)).first() is None:
                return 0
        with write(self._engine) as connection:
            return connection.execute(sa.update(outbox).where(late).values(state="expired", bytes=b"")).rowcount

    def due(self, again: bool) -> list[tuple[str, str, bytes]]:
        """Id, site and bytes of what to publish: never published, or not for `AGAIN_S` seconds; or, with `again`, all."""
        table, now = outbox.c, self._now()
        wanted = [table.state == "waiting", sa.or_(table.expires_at.is_(None), table.expires_at > timestamp(now))]
        if not again:
            before = timestamp(now - timedelta(seconds=AGAIN_S))
            ahead = table.published_at > timestamp(now)  # this clock was set back: nobody waits until it has caught up
            wanted.append(sa.or_(table.published_at.is_(None), table.published_at <= before, ahead))
        order = (sa.func.coalesce(table.published_at, ""), table.id)
        query = sa.select(table.id, table.ledger_site, table.bytes).where(*wanted).order_by(*order).limit(_ROUND)
        with self._engine.connect() as connection:
            return [(row.id, row.ledger_site, row.bytes) for row in connection.execute(query)]

    def published(self, ids: list[str]) -> None:
        """Notes when these were last handed to the broker."""
        with write(self._engine) as connection:
            values = {"published_at": timestamp(self._now())}
            connection.execute(sa.update(outbox).where(outbox.c.id.in_(ids)).values(values))


def _check_room(connection: sa.Connection, account: int | None) -> None:
    """Whether one more may wait. Raises OutboxFull."""
    waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "waiting")
    if connection.execute(waiting).scalar_one() >= MOST_OF_ALL:
        raise OutboxFull("of all")
    if account is not None and connection.execute(waiting.where(outbox.c.account == account)).scalar_one() >= MOST_OF_ONE:
        raise OutboxFull("of one account")


def mark_replied(connection: sa.Connection, site: str, reply: Reply) -> bool:
    """Writes a site's reply to one of its own requests; whether there was one without a reply.

    A reply to an expired request counts too: the site's word is what happened. What was asked need not be said again: its
    bytes, which hold what people typed, sealed to the site, are dropped.
    """
    known = sa.and_(outbox.c.id == reply.request, outbox.c.ledger_site == site, outbox.c.replied_at.is_(None))
    values = {
        "state": "accepted" if reply.code is None else "refused",
        "bytes": b"",
        "reply_code": reply.code,
        "reply_place": reply.place,
        "first_seq": reply.first,
        "last_seq": reply.last,
        "replied_at": reply.at,
    }
    return connection.execute(sa.update(outbox).where(known).values(values)).rowcount > 0


class Publisher:
    """The thread that publishes what waits. `publish` answers whether a broker took it over."""

    def __init__(self, requests: Outbox, publish: Callable[[str, bytes], bool], changed: Callable[[], None]) -> None:
        self._requests = requests
        self._publish = publish
        self._changed = changed
        self._stopping = threading.Event()
        self._reconnected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begins to publish."""
        self._thread.start()

    def connected(self) -> None:
        """There is a new connection: everything unanswered is published on it at once."""
        self._reconnected.set()
        self._requests.waiting.set()

    def stop(self) -> None:
        """Ends the thread; what waits stays in the table."""
        self._stopping.set()
        self._requests.waiting.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._requests.waiting.clear()
            again = self._reconnected.is_set()
            self._reconnected.clear()
            pause_s = 1.0
            try:
                self._round(again)
            except DBAPIError as error:
                log.error("the database failed; requests wait", error=type(error).__name__)
                pause_s = AGAIN_S  # what was published could not be noted, and is published again
            self._requests.waiting.wait(pause_s)

    def _round(self, again: bool) -> None:
        if self._requests.expire():
            self._changed()
        done = []
        for id, site, data in self._requests.due(again):
            if not self._publish(Topics(site).request, data):
                break
            done.append(id)
        if done:
            self._requests.published(done)
            self._changed()
