"""Asks a site for the records that are missing: one request at a time, `RESEND_BATCH` records each (design §5).

A hole is asked for when it has stood still for a moment, because what looks missing is mostly on its way; and at once when
the last answer brought some of it. The request is the dashboard's own, by operator 0, and never expires: it changes nothing,
and a site that does not trust its clock refuses what expires.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
from ulid import ULID

from controller.record.asks import QueryResend
from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.requests import make_request
from controller.record.topics import RESEND_BATCH, Topics
from dashboard import database as db
from dashboard.intake.source import Source

AGAIN_S = 5.0
"""How long an answer may take before the same is asked again."""

STILL_S = 0.3
"""How long a hole has to stand still before it is asked for."""

DASHBOARD_ITSELF = 0
"""The operator number of requests that no person made."""


@dataclass(slots=True)
class _Asking:
    applied: int = -1
    since: float = 0.0
    """When `applied` was first seen like this."""
    asked_at: float | None = None
    asked_from: int = -1


class Resend:
    """What to ask, and when. One thread alone uses it."""

    def __init__(
        self, engine: sa.Engine, keys: KeyPair, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._now = now
        self._asking: dict[str, _Asking] = {}

    def due(self, sources: Mapping[str, Source], answered: set[str], monotonic: float) -> list[tuple[str, bytes]]:
        """Topic and signed request for each site that should be asked now. `answered`: sites that sent some again."""
        wanted = []
        for name, source in sources.items():
            asking = self._asking.setdefault(name, _Asking())
            progress = source.applied > asking.asked_from
            if name in answered and progress:
                asking.asked_at = None
            if asking.applied != source.applied:
                asking.applied, asking.since = source.applied, monotonic
            if not self._missing(source):
                continue
            if asking.asked_at is not None and monotonic - asking.asked_at < AGAIN_S:
                continue
            if (name in answered and progress) or monotonic - asking.since >= STILL_S:
                asking.asked_at, asking.asked_from = monotonic, source.applied
                wanted.append((Topics(name).request, self._request(source)))
        return wanted

    def _missing(self, source: Source) -> bool:
        return (
            source.confirmed and not source.stopped and source.online is not False and source.applied < source.highest
        )

    def _request(self, source: Source) -> bytes:
        table = db.record.c
        query = sa.select(sa.func.min(table.seq)).where(
            table.ledger_site == source.ledger_site, table.epoch == source.epoch, table.seq > source.applied
        )
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar()
        first = source.applied + 1
        last = source.highest if stored is None else stored - 1
        body = QueryResend(source.epoch, first, min(last, first + RESEND_BATCH - 1))
        return query_request(self._keys, source, body, self._now())


def query_request(keys: KeyPair, source: Source, body: msgspec.Struct, now: datetime) -> bytes:
    """A signed query of the dashboard's own, by no operator; it never expires, for it changes nothing."""
    request = make_request(
        keys,
        source.ledger_site,
        source.keys,
        id=str(ULID()),
        body=body,
        private={},
        operator=DASHBOARD_ITSELF,
        issued_at=now,
        expires_at=None,
    )
    return canonical(request)
