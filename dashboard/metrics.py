"""Figures for Prometheus, on a listener of their own on this machine: how far behind each site is, what waits, how fast.

Off until `[metrics]` stands in `dashboard.toml`. No name, no account and no address of a person is in any of them; sites are
labelled by their names. What lives in the database is counted when it is asked for, so that nothing goes stale in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from controller.record.canonical import moment, timestamp
from dashboard.database import notice, notify_state, outbox, source, web_session
from dashboard.measures import PREFIX, Measures
from dashboard.server import Server
from dashboard.web.session import IDLE


class _Standing(Collector):
    """What the tables and the server say at the moment of asking."""

    def __init__(self, engine: sa.Engine, server: Server, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._server = server
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time: the database need not be there when this is registered."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures; `database_up` 0 and no others of the database where it fails."""
        yield from _of_server(self._server)
        try:
            with self._engine.connect() as connection:
                found = [*_of_sites(connection, self._now()), *_of_work(connection, self._now())]
                found.append(_gauge("database_bytes", "Size of the database.", database_bytes(connection)))
        except DBAPIError:
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        yield from found


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", help, value=value)


def _of_sites(connection: sa.Connection, now: datetime) -> Iterable[Metric]:
    here = source.c
    columns = (here.ledger_site, here.applied, here.highest, here.heard_at, here.online, here.broken)
    rows = connection.execute(sa.select(*columns)).all()
    behind = GaugeMetricFamily(f"{PREFIX}_site_records_behind", "Known records not shown yet.", labels=["site"])
    silent = GaugeMetricFamily(f"{PREFIX}_site_silent_seconds", "Since the site was last heard.", labels=["site"])
    online = GaugeMetricFamily(f"{PREFIX}_site_online", "Whether the site says that it is there.", labels=["site"])
    broken = GaugeMetricFamily(f"{PREFIX}_site_history_broken", "Whether its history contradicts.", labels=["site"])
    for row in rows:
        labels = [row.ledger_site]
        behind.add_metric(labels, max(0, row.highest - row.applied))
        online.add_metric(labels, bool(row.online))
        broken.add_metric(labels, bool(row.broken))
        if row.heard_at:
            silent.add_metric(labels, (now - moment(row.heard_at)).total_seconds())
    return behind, silent, online, broken


def _of_work(connection: sa.Connection, now: datetime) -> Iterable[Metric]:
    waiting = sa.select(sa.func.count(), sa.func.min(outbox.c.created_at)).where(outbox.c.state == "waiting")
    number, oldest = connection.execute(waiting).one()
    oldest_s = (now - moment(oldest)).total_seconds() if oldest else 0.0
    yield _gauge("outbox_waiting", "Requests without an answer.", number)
    yield _gauge("outbox_oldest_seconds", "Age of the oldest of them.", oldest_s)
    for name, help, condition in (
        ("notices_waiting", "What people are still to be told.", notice.c.state == "waiting"),
        ("notify_failing", "Accounts whose service does not take messages.", notify_state.c.tries > 0),
    ):
        count = connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one()
        yield _gauge(name, help, count)
    alive = web_session.c.seen_at > timestamp(now - IDLE)
    sessions = connection.execute(sa.select(sa.func.count()).select_from(web_session).where(alive)).scalar_one()
    yield _gauge("sessions", "Signed-in browsers.", sessions)


def _of_server(server: Server) -> Iterable[Metric]:
    if server.front is None:
        return
    ends = server.front.served.facts.ends_at.timestamp()
    yield _gauge("certificate_ends_timestamp_seconds", "When the certificate ends.", ends)
    for name, help, value in (
        ("tls_handshakes_failed", "Handshakes that came to nothing.", server.front.failed),
        ("tls_connections_refused", "Connections beyond the bounds.", server.front.refused),
    ):
        yield CounterMetricFamily(f"{PREFIX}_{name}", help, value=value)


def database_bytes(connection: sa.Connection) -> int:
    """What the database takes on its disk, without the log of SQLite."""
    if connection.dialect.name == "sqlite":
        pages, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
        return int(pages * size)
    return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())


@contextmanager
def exposed(
    measures: Measures, listen: tuple[str, int] | None, engine: sa.Engine, server: Server,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[int]:  # fmt: skip
    """Serves the figures until the end of the block; the port, 0 for none. Raises OSError."""
    if listen is None:
        yield 0
        return
    measures.registry.register(_Standing(engine, server, now))
    http, thread = start_http_server(listen[1], listen[0], measures.registry)
    try:
        yield int(http.server_port)
    finally:
        http.shutdown()
        http.server_close()
        thread.join(10)
