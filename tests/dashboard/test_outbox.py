"""The outbox: durable before it is said to be sent, published until answered, never after it expired."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from databases import url_in
from site_on_air import wait_for
from site_peer import SitePeer

from controller.desk import LONGEST_S
from controller.record.asks import (
    EndLockdown,
    EnrolBadge,
    RegisterPerson,
    ReinstatePerson,
    ReleasePortal,
    ResumePortal,
    RevokeRight,
)
from controller.record.canonical import moment
from controller.record.keys import KeyPair
from controller.record.requests import (
    PRIVATE_FIELDS,
    MalformedRequest,
    name_of,
    read_body,
    read_envelope,
    read_private,
    signature_holds,
)
from dashboard import database as db
from dashboard.intake.intake import Intake, Message
from dashboard.outbox import AGAIN_S, Outbox, Publisher, UnknownSite


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    """Nine in the morning."""
    return Clock()


@pytest.fixture
def keys():
    """The dashboard's keys."""
    return KeyPair.generate()


@pytest.fixture
def peer():
    """The site that is asked."""
    return SitePeer()


@pytest.fixture
def engine(tmp_path):
    """An empty database."""
    engine = db.open_engine(url_in(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def outbox(engine, keys, peer, clock):
    """An outbox that knows one site."""
    return Outbox(engine, keys, {"factory": peer.keys.public}, clock)


def row(engine, id):
    """One request's row."""
    with engine.connect() as connection:
        return connection.execute(sa.select(db.outbox).where(db.outbox.c.id == id)).one()


def test_what_is_submitted_is_a_signed_request_that_the_site_can_read(outbox, engine, keys, peer):
    """The stored bytes are a request signed by this dashboard, its private text readable by the site alone."""
    id = outbox.submit("factory", RegisterPerson(), {"name": " 山田 花子 "}, account=None, operator=3)
    stored = row(engine, id)
    request = read_envelope(stored.bytes)
    assert signature_holds(request, keys.public) and request.operator == 3
    assert read_body(request) == RegisterPerson()
    assert read_private(request, peer.keys) == {"name": "山田 花子"}
    assert "花子".encode() not in stored.bytes
    assert (stored.state, stored.kind, stored.expires_at) == ("waiting", "person.register", None)


def test_a_release_expires_and_a_revocation_never(outbox, engine, clock):
    """A release that nobody answered in ten seconds is expired and not published again; a revocation waits for ever."""
    release = outbox.submit("factory", ReleasePortal("front"), {"reason": "配達"}, account=None, operator=1)
    revoke = outbox.submit("factory", RevokeRight(4), account=None, operator=1)
    assert {id for id, _, _ in outbox.due(False)} == {release, revoke}
    assert outbox.expire() == 0
    clock.later(10)
    assert [id for id, _, _ in outbox.due(False)] == [revoke]
    assert outbox.expire() == 1
    assert row(engine, release).state == "expired"
    clock.later(10 * 365 * 24 * 3600)
    assert outbox.expire() == 0
    assert [id for id, _, _ in outbox.due(False)] == [revoke]


def test_unanswered_requests_are_published_again(outbox, clock):
    """A published request is due again after some seconds, and at once after a reconnect."""
    id = outbox.submit("factory", RevokeRight(4), account=None, operator=1)
    outbox.published([id])
    assert outbox.due(False) == []
    assert [due for due, _, _ in outbox.due(True)] == [id]
    clock.later(AGAIN_S)
    assert [due for due, _, _ in outbox.due(False)] == [id]


def test_a_clock_set_back_holds_up_no_revocation(outbox, clock):
    """When the dashboard's clock is corrected backwards by hours, an unanswered request is due again all the same."""
    id = outbox.submit("factory", RevokeRight(4), account=None, operator=1)
    outbox.published([id])
    clock.later(-2 * 3600)
    assert [due for due, _, _ in outbox.due(False)] == [id]
    outbox.published([id])
    assert outbox.due(False) == []
    clock.later(AGAIN_S)
    assert [due for due, _, _ in outbox.due(False)] == [id]


@pytest.mark.parametrize("body", [ReinstatePerson(1), EndLockdown("*"), ResumePortal("front"), EnrolBadge(1, "front/in")])
def test_what_opens_is_sent_with_an_end_that_the_site_takes(outbox, engine, body):
    """What undoes a lock or arms a reader expires here as soon as the site wants it to, or sooner (design §5)."""
    fields = {name: "理由" for name in PRIVATE_FIELDS[name_of(body)] if name[-1] not in "?*"}
    stored = row(engine, outbox.submit("factory", body, fields, account=None, operator=1))
    request = read_envelope(stored.bytes)
    assert request.expires_at is not None
    assert (moment(request.expires_at) - moment(request.issued_at)).total_seconds() <= LONGEST_S[name_of(body)]


@pytest.mark.parametrize(("code", "state"), [(None, "accepted"), ("role", "refused")])
def test_a_reply_ends_it(outbox, engine, keys, peer, code, state):
    """The site's signed reply is written to the request, and it is not published again."""
    peer.company()
    id = outbox.submit("factory", RevokeRight(4), account=None, operator=1)
    intake = Intake(engine, keys, {"factory": peer.keys.public})
    said = peer.reply(keys.public, id, code, "operator")
    intake.take([Message(said.topic, said.payload)])
    stored = row(engine, id)
    assert (stored.state, stored.reply_code, stored.first_seq) == (state, code, len(peer.records))
    assert outbox.due(True) == []
    again = peer.reply(keys.public, id, "other")
    intake.take([Message(again.topic, again.payload)])
    assert row(engine, id).reply_code == code


def test_a_reply_after_expiry_counts(outbox, engine, keys, peer, clock):
    """What the site did is what happened, also when the answer came late."""
    id = outbox.submit("factory", ReleasePortal("front"), {"reason": "配達"}, account=None, operator=1)
    clock.later(11)
    outbox.expire()
    said = peer.company().reply(keys.public, id)
    Intake(engine, keys, {"factory": peer.keys.public}).take([Message(said.topic, said.payload)])
    assert row(engine, id).state == "accepted"


def test_another_site_cannot_answer(outbox, engine, keys, peer):
    """A reply by another site to a request that was not sent to it changes nothing."""
    id = outbox.submit("factory", RevokeRight(4), account=None, operator=1)
    other = SitePeer("other").company()
    said = other.reply(keys.public, id)
    Intake(engine, keys, {"factory": peer.keys.public, "other": other.keys.public}).take(
        [Message(said.topic, said.payload)]
    )
    assert row(engine, id).state == "waiting"


def test_what_cannot_be_asked_is_not_written(outbox, engine):
    """An unknown site, and a private field that is missing, foreign or too long, are errors and leave no row."""
    with pytest.raises(UnknownSite):
        outbox.submit("elsewhere", RevokeRight(4), account=None, operator=1)
    for private in ({}, {"reason": " "}, {"reason": "x", "name": "y"}, {"reason": "x" * 501}):
        with pytest.raises(MalformedRequest, match=r"private\."):
            outbox.submit("factory", ReleasePortal("front"), private, account=None, operator=1)
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(db.outbox)).scalar() == 0


def test_the_publisher_publishes_what_waits_and_after_a_reconnect_again(outbox):
    """A new request goes out without waiting; one that no broker took goes out when there is one again."""
    sent: list[str] = []
    there = threading.Event()
    tried = threading.Event()

    def publish(topic: str, payload: bytes) -> bool:
        tried.set()
        assert topic == "sekimori/factory/request"
        if there.is_set():
            sent.append(read_envelope(payload).id)
        return there.is_set()

    publisher = Publisher(outbox, publish, lambda: None)
    publisher.start()
    first = outbox.submit("factory", RevokeRight(1), account=None, operator=1)
    assert tried.wait(5) and sent == []
    there.set()
    publisher.connected()
    wait_for(lambda: first in sent)
    second = outbox.submit("factory", RevokeRight(2), account=None, operator=1)
    wait_for(lambda: second in sent)
    before = len(sent)
    publisher.connected()
    wait_for(lambda: set(sent[before:]) == {first, second})
    publisher.stop()
