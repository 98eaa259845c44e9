"""What goes out, in which order, and what a query brings again; against a broker that only notes what it was given."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from noting_broker import NotingBroker
from sites import TestSite, make_site, people, tap

from controller.ledger.database import open_reader
from controller.outgoing import PATIENT_WINDOW, Outgoing
from controller.record import asks as ask
from controller.record.keys import KeyPair
from controller.record.private import PrivateRow
from controller.record.requests import read_envelope
from controller.record.sealed import unseal
from controller.record.signed import open_message
from controller.record.tables import Upsert
from controller.record.topics import RESEND_BATCH, Resent, SealedPrivate, State, Topics
from controller.turn import Committed


class Wire:
    """A site's outgoing side, and the dashboard that it talks to."""

    def __init__(self, site: TestSite) -> None:
        self.site = site
        self.topics = Topics(site.facility.id)
        self.broker = NotingBroker()
        self.outgoing = Outgoing(open_reader(site.path), site.facility, site.key)

    def drain(self) -> None:
        """Publishes everything that waits."""
        self.outgoing.publish_urgent(self.broker, "")  # type: ignore[arg-type]
        for _ in range(1000):
            if not self.outgoing.publish_patient(self.broker, self.site.clock.now()):  # type: ignore[arg-type]
                return
        raise AssertionError("it never ends")

    def asks(self, body: msgspec.Struct, key: KeyPair) -> None:
        """A dashboard's query reaches the outgoing side."""
        self.outgoing.take(Committed(queries=[read_envelope(self.site.request(body, 0, key=key))]))

    def private(self, key: KeyPair) -> dict[str, PrivateRow]:
        """The private rows that this dashboard can read."""
        prefix = self.topics.private(key.public.id, "")
        rows = {}
        for topic, payload, retain in self.broker.published:
            if topic.startswith(prefix):
                sealed = msgspec.json.decode(
                    open_message(self.site.key.public.signing, topic, payload), type=SealedPrivate
                )
                row = msgspec.json.decode(
                    unseal(key.sealing, topic.encode(), bytes.fromhex(sealed.box)), type=PrivateRow
                )
                assert retain
                assert row.id not in rows, "sent twice"
                rows[row.id] = row
        return rows


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A site with people, whose outgoing side has just connected."""
    site = people(make_site(tmp_path))
    wire = Wire(site)
    wire.outgoing.renew()
    yield wire
    site.close()


def stored(site: TestSite) -> set[str]:
    """The ids of the private rows in the ledger's file."""
    return {id for (id,) in site.ledger.connection.execute("select distinct id from private")}


def test_a_connect_brings_everything_retained(wire: Wire) -> None:
    """After a connect every state, the checkpoint and every private row go out once, what lives first (F13)."""
    wire.site.loop.sign()
    wire.outgoing.renew()
    wire.drain()

    assert set(wire.private(wire.site.dashboard)) == stored(wire.site)
    first_private = next(n for n, topic in enumerate(wire.broker.topics()) if "/private/" in topic)
    assert wire.topics.checkpoint in wire.broker.topics()[:first_private]
    assert not any("/state/" in topic for topic in wire.broker.topics()[first_private:])


def test_private_rows_can_be_asked_for_again(wire: Wire) -> None:
    """A dashboard that lacks private rows asks by id and gets those, sealed to itself; unknown ids bring nothing."""
    wire.drain()
    wire.broker.published.clear()

    wire.asks(ask.QueryPrivate(("person-1", "person-999", "person-1")), wire.site.dashboard)
    wire.drain()

    assert set(wire.private(wire.site.dashboard)) == {"person-1"}


def test_records_are_sent_again_in_batches(wire: Wire) -> None:
    """A query for records brings them verbatim from the first, no more than one message holds."""
    for _ in range(RESEND_BATCH):
        wire.site.turn(tap("lab-door/in", "card:9"))
    wire.drain()
    wire.broker.published.clear()

    wire.asks(ask.QueryResend(1, 2, 10_000), wire.site.dashboard)
    wire.drain()

    (topic, payload, _) = wire.broker.published[-1]
    resent = msgspec.json.decode(open_message(wire.site.key.public.signing, topic, payload), type=Resent)
    rows = wire.site.ledger.connection.execute(
        "select bytes from record where seq > 1 order by seq limit ?", (RESEND_BATCH,)
    )
    assert (resent.first, len(resent.records)) == (2, RESEND_BATCH)
    assert [text.encode() for text in resent.records] == [data for (data,) in rows]


@pytest.mark.parametrize("body", [ask.QueryResend(2, 1, 5), ask.QueryResend(1, 0, 5), ask.QueryResend(1, 5, 1)])
def test_a_senseless_query_is_passed_over(wire: Wire, body: msgspec.Struct) -> None:
    """A query for another epoch, or for no records, is not answered and stops nothing."""
    wire.drain()
    wire.broker.published.clear()

    wire.asks(body, wire.site.dashboard)
    wire.drain()

    assert wire.broker.published == []


def test_a_stranger_gets_no_private_row(wire: Wire) -> None:
    """Rows asked for by a key that is not trusted are not sealed to it (design §5)."""
    wire.drain()
    wire.broker.published.clear()

    wire.asks(ask.QueryPrivate(("person-1",)), KeyPair.generate())
    wire.drain()

    assert wire.broker.published == []


def test_what_cannot_be_recorded_is_told_first(wire: Wire) -> None:
    """A disk that fails is told though no record can hold it, and again after each connect, until it is over."""
    failed = {"part": "disk", "state": "failed", "reason": "full", "at": "2026-11-24T00:00:00.000000Z", "seq": 7}
    topic = wire.topics.state("part", "disk")

    wire.outgoing.take(Committed(ahead=[Upsert("part", failed)]))
    wire.outgoing.publish_urgent(wire.broker, "")  # type: ignore[arg-type]
    wire.outgoing.forget()
    wire.outgoing.publish_ahead(wire.broker, "")  # type: ignore[arg-type]
    wire.outgoing.renew()
    wire.outgoing.publish_urgent(wire.broker, "")  # type: ignore[arg-type]
    wire.outgoing.take(Committed(renewed=True))
    assert wire.outgoing.reopen
    wire.outgoing.reconnect(open_reader(wire.site.path))
    wire.outgoing.publish_urgent(wire.broker, "2026-11-24T00:00:01.000000Z")  # type: ignore[arg-type]

    said = [payload for at, payload, retained in wire.broker.published if at == topic and retained]
    key = wire.site.key.public.signing
    states = [msgspec.json.decode(open_message(key, topic, payload), type=State).row["state"] for payload in said]
    assert states == ["failed", "failed", "failed", "ok"]


def test_what_is_sent_again_never_fills_the_way_of_what_is_live(wire: Wire) -> None:
    """One resent batch at a time, the next when the broker has the last; live records go out whatever waits (design §5)."""
    for _ in range(RESEND_BATCH):
        wire.site.turn(tap("lab-door/in", "card:9"))
    wire.drain()
    wire.broker.published.clear()
    for _ in range(3):
        wire.asks(ask.QueryResend(1, 1, RESEND_BATCH), wire.site.dashboard)
    resent = wire.topics.resent(wire.site.dashboard.public.id)

    for _ in range(5):
        assert not wire.outgoing.publish_patient(wire.broker, wire.site.clock.now())  # type: ignore[arg-type]
    assert wire.broker.topics() == [resent]
    wire.site.turn(tap("lab-door/in", "card:9"))
    assert len(list(wire.outgoing.records(wire.site.ledger.size - 2, 9))) == 2
    wire.outgoing.acknowledged(1)
    wire.outgoing.publish_patient(wire.broker, wire.site.clock.now())  # type: ignore[arg-type]
    wire.outgoing.publish_patient(wire.broker, wire.site.clock.now())  # type: ignore[arg-type]
    assert wire.broker.topics() == [resent, resent]


def test_private_rows_wait_for_the_broker(tmp_path: Path) -> None:
    """However many private rows there are, no more than a window of them is on its way; acknowledged, all go."""
    site = people(make_site(tmp_path))
    for n in range(PATIENT_WINDOW + 60):
        site.console("operator.add", name=f"守 {n}", roles=["guard"], scope=["*"])
    wire = Wire(site)
    wire.outgoing.renew()
    wire.drain()
    assert PATIENT_WINDOW <= len(wire.private(site.dashboard)) < PATIENT_WINDOW + 20
    for _ in range(20):
        for mid in range(len(wire.broker.published) + 1):
            wire.outgoing.acknowledged(mid)
        wire.drain()
    assert set(wire.private(site.dashboard)) == stored(site)
    site.close()
