"""Figures for Prometheus on a listener of their own: what is counted, and how things stand at the moment of asking.

One request at a time, each within seconds, so that whoever asks can hold up nobody but the next who asks. No personal data: ids
of readers are in it, ids of people are not. The standing figures come from the ledger's file by a connection of their own.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.clock import Clock
from controller.inbox import Inbox
from controller.ledger.database import open_reader
from controller.link import Link
from controller.measures import PREFIX
from controller.record.canonical import moment, timestamp
from controller.record.envelope import decode

_ASKING_S = 5.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What the standing figures are read from. Each may be looked at from the listener's thread."""

    ledger: Path
    inbox: Inbox
    link: Link | None
    clock: Clock
    threads: Callable[[], dict[str, bool]]
    disk: Callable[[], str]
    """Empty while the disk takes what is written, else the reason."""


class Standing(Collector):
    """How things stand."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked
        self._began_s = looked.clock.monotonic()

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures; `ledger_up` 0 and none of the ledger's where it cannot be read."""
        at = self._looked
        yield gauge("uptime_seconds", "Since the start.", at.clock.monotonic() - self._began_s)
        yield gauge("inbox_waiting", "Inputs that wait for the loop.", len(at.inbox))
        yield gauge("disk_failing", "Whether the disk refuses what is written.", bool(at.disk()))
        yield gauge(
            "clock_quality", "How far the clock is trusted: the label that is 1.", 1, quality=at.clock.quality()
        )
        for name, alive in at.threads().items():
            yield gauge("thread_alive", "Whether a thread lives.", alive, thread=name)
        try:
            space = os.statvfs(at.ledger.parent)
            found: list[Metric] = [
                gauge("disk_free_bytes", "Room on the ledger's disk.", space.f_bavail * space.f_frsize)
            ]
            with closing(open_reader(at.ledger)) as connection:
                found += _of_ledger(connection, at.clock.now())
                found += _of_link(connection, at.link, at.clock.now()) if at.link is not None else []
        except (sqlite3.Error, OSError):
            yield gauge("ledger_up", "Whether the ledger's file can be read.", 0)
            return
        yield gauge("ledger_up", "Whether the ledger's file can be read.", 1)
        yield from found


def gauge(name: str, help: str, value: float, **labels: str) -> GaugeMetricFamily:
    """One figure."""
    family = GaugeMetricFamily(f"{PREFIX}_{name}", help, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _of_ledger(connection: sqlite3.Connection, now: datetime) -> Iterator[Metric]:
    (size,) = connection.execute("select coalesce(max(seq), 0) from record").fetchone()
    yield gauge("ledger_records", "Records in the ledger.", size)
    (failed,) = connection.execute("select count(*) from part where state = 'failed'").fetchone()
    yield gauge("parts_failed", "Parts that do not answer.", failed)
    (late,) = connection.execute("select count(*) from due where due_at <= ?", (timestamp(now),)).fetchone()
    yield gauge("due_overdue", "Things that are overdue, of whatever sort.", late)
    newest = connection.execute("select size, at from checkpoint order by size desc limit 1").fetchone()
    if newest is not None:
        yield gauge("checkpoint_age_seconds", "Since the newest checkpoint.", _age(newest[1], now))
        yield gauge("checkpoint_records_behind", "Records that no checkpoint covers yet.", max(0, size - newest[0]))


def _of_link(connection: sqlite3.Connection, link: Link, now: datetime) -> Iterator[Metric]:
    cursor = link.cursor
    yield gauge("link_connected", "Whether there is a broker.", link.connected)
    (size,) = connection.execute("select coalesce(max(seq), 0) from record").fetchone()
    yield gauge("link_records_behind", "Records that the broker has not acknowledged.", max(0, size - cursor))
    row = connection.execute("select bytes from record where seq > ? order by seq limit 1", (cursor,)).fetchone()
    at = "" if row is None else decode(row[0]).at
    age = _age(at, now) if at else 0.0
    yield gauge("link_oldest_unacknowledged_seconds", "Age of the oldest of them (F8).", age)


def _age(at: str, now: datetime) -> float:
    return max(0.0, (now - moment(at)).total_seconds())


class Listener:
    """Answers one request at a time. Raises OSError when it cannot listen there."""

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry) -> None:
        self._server = make_server(*address, make_wsgi_app(registry), WSGIServer, _Quiet)
        self._server.timeout = 0.5

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        with self._server:
            while not stop.is_set():
                self._server.handle_request()


class _Quiet(WSGIRequestHandler):
    """Waits for nobody for ever, and logs no request."""

    timeout = _ASKING_S

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: ANN401 - as wsgiref's
        """Nothing: who asks is nobody's business, and it would be a line each time."""

    def address_string(self) -> str:
        """The address as it is: no name is looked up for it."""
        return str(self.client_address[0])
