"""Figures for Prometheus: what they say, that nobody's name is in them, and that they are there only when asked for."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from example_house import ACCOUNTS, PEOPLE, House
from prometheus_client.parser import text_string_to_metric_families
from serving import made_certificate

from controller.record.asks import ReleasePortal
from controller.record.kinds.door import DoorClosed
from dashboard import database as db
from dashboard.metrics import exposed
from dashboard.server import Server

PREFIX = "sekimori_dashboard_"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path).settle()


@contextmanager
def listening(house: House, listen: tuple[str, int] | None = ("127.0.0.1", 0), tls: bool = False) -> Iterator[int]:
    served = made_certificate(house.data) if tls else None
    server = Server(house.app(served), "127.0.0.1", 0, served)
    try:
        with exposed(house.runtime.measures, listen, house.engine, server, house.now) as port:
            yield port
    finally:
        server.close()


def fetched(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return str(answer.read().decode())


def figures(port: int) -> dict[str, float]:
    """By name, with the label's value behind it where there is one."""
    found = {}
    for family in text_string_to_metric_families(fetched(port)):
        for sample in family.samples:
            name = ":".join([sample.name.removeprefix(PREFIX), *sample.labels.values()])
            found[name] = sample.value
    return found


def test_how_the_sites_stand(house: House) -> None:
    """Behind by what is known and not here; silent since; broken or not."""
    house.peer.write(DoorClosed("dock", "secure"))
    seq = house.peer.write(DoorClosed("dock", "secure"))
    house._take([house.peer.record(seq)])
    with listening(house) as port:
        before = figures(port)
        house.hear()
        with db.write(house.engine) as connection:
            connection.execute(sa.update(db.source).values(broken="fork", heard_at="2026-11-22T02:59:00.000000Z"))
        after = figures(port)

    assert (before["site_records_behind:factory"], before["site_online:factory"]) == (2, 1)
    assert (before["site_history_broken:factory"], after["site_history_broken:factory"]) == (0, 1)
    assert after["site_silent_seconds:factory"] == 60
    assert before["database_up"] == 1 and before["database_bytes"] > 10_000


def test_what_waits_and_who_is_there(house: House) -> None:
    """Requests without an answer and the age of the oldest; signed-in browsers; answers by status; intake."""
    app = house.app()
    app.test_client().get("/sign-in")
    app.test_client().get("/")
    house.runtime.outbox.submit("factory", ReleasePortal("lab"), {"reason": "x"}, account=1, operator=4)
    with db.write(house.engine) as connection:
        at = "2026-11-22T02:59:00.000000Z"
        connection.execute(sa.update(db.outbox).values(created_at=at))
        row = {"token_hash": "t", "account": 1, "started_at": at, "seen_at": at}
        connection.execute(sa.insert(db.web_session), [row, row | {"token_hash": "old", "seen_at": "2026-11-20"}])
    house.runtime.measures.stored(12, 0.02)
    with listening(house) as port:
        found = figures(port)

    assert (found["outbox_waiting"], found["outbox_oldest_seconds"], found["sessions"]) == (1, 60, 1)
    assert (found["http_answers_total:200"], found["http_answers_total:302"]) == (1, 1)
    assert (found["intake_messages_total"], found["intake_batch_seconds_count"]) == (12, 1)


def test_certificate_is_watched(house: House) -> None:
    """With TLS: when the certificate ends, and what came to nothing at the door."""
    with listening(house, tls=True) as port:
        found = figures(port)

    assert found["certificate_ends_timestamp_seconds"] > 1_700_000_000
    assert found["tls_handshakes_failed_total"] == found["tls_connections_refused_total"] == 0


def test_no_person_is_in_the_figures(house: House) -> None:
    """Neither a name, nor an account, nor an address of anybody."""
    house.app().test_client().post("/sign-in", data={"name": "manager"})
    with listening(house) as port:
        text = fetched(port)

    assert not any(name in text for person in PEOPLE for name in person if name)
    assert not any(re.search(rf'"{name}', text) for name in ACCOUNTS) and "127.0.0.1" not in text


def test_a_database_that_fails_is_a_figure(house: House) -> None:
    """Where the database does not answer, that is what is said, and the rest goes on."""
    with listening(house) as port:
        with house.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE outbox")
        found = figures(port)

    assert found["database_up"] == 0 and "intake_messages_total" in found


def test_off_until_asked_for(house: House) -> None:
    """Without [metrics] nobody listens."""
    with listening(house, None) as port:
        assert port == 0
