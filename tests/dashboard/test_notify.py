"""Who is told what falls due: bundled, in time, once, by apprise to a real server; and no secret anywhere (ux §1.10)."""

import base64
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.canonical import timestamp
from controller.record.kinds import trust
from controller.record.kinds.due import DueReached
from dashboard import database as db
from dashboard.notify import addresses, delivery, services, standing, webhooks
from dashboard.notify.addresses import BadAddresses, Told
from dashboard.notify.sender import Sender
from dashboard.notify.services import BadServices
from dashboard.notify.settings import Settings
from dashboard.runtime import Changes

SECRET, TOKEN = "hunter2-of-the-mail", "room-token-77"
MORNING = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
"""Wednesday the 25th, 08:30 in Tokyo."""


@dataclass
class Service:
    """A web server that takes notes of what is sent to it."""

    port: int = 0
    status: int = 200
    taken: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [body["message"] for _, _, body in self.taken]


@pytest.fixture(scope="module")
def server() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.taken.append((self.path, self.headers.get("Authorization", ""), body))
            self.send_response(service.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield service
    http.shutdown()
    http.server_close()
    thread.join(10)


@pytest.fixture
def service(server: Service) -> Service:
    server.taken.clear()
    server.status = 200
    return server


@pytest.fixture
def house(tmp_path: Path, service: Service) -> House:
    """A house whose operators 3 and 4 are the people 3 and 4; 2 and 3 are the management. It is the evening before."""
    house = House(tmp_path, time=MORNING - timedelta(hours=2)).settle()
    for number, roles in ((3, ("manager", "custodian")), (4, ("guard",))):
        text = house.private(f"operator-{number}", name="x").ref()
        house.write(trust.OperatorRegistered(number, roles, ("*",), number, text, "active"), by="console")
    path = tmp_path / "notify.services"
    path.write_text(f'mail = "json://sekimori:{SECRET}@127.0.0.1:{service.port}/to/{{address}}"\n')
    path.chmod(0o600)
    for account, lang in ((2, "ja"), (3, "ja"), (4, "en")):
        addresses.put(tmp_path, account, Told("mail", f"{TOKEN}-{account}", lang))
    return house


def sender(house: House, **more: object) -> Sender:
    settings = Settings(house.data / "notify.services", "https://sekimori.example")
    return Sender(house.engine, house.data, settings, now=house.now, **more)  # type: ignore[arg-type]


def reached(
    house: House, sort: str, number: int, stage: str, person: int | None = None, told: int = 0, place: str = "lab"
) -> None:
    due_at = timestamp(house.time - timedelta(hours=1))
    house.write(DueReached(sort, number, stage, due_at, place, person, told, None))


def at(house: House, when: datetime) -> None:
    house.time = when
    house.hear()


def test_one_bundled_message_a_person_and_day(house: House, service: Service) -> None:
    """At the set time each is told all of theirs in their language, with a link and nothing personal; not again (ux §1.4)."""
    reached(house, "loan", 7, "overdue", person=3)
    reached(house, "loan", 8, "overdue", person=3)
    reached(house, "custody", 4, "today", person=4)
    telling = sender(house)

    assert telling.round() == 0 and service.taken == [], "it is not time yet"
    at(house, MORNING)
    assert telling.round() == 2 and telling.round() == 0

    by_path = {path: body for path, _, body in service.taken}
    assert by_path[f"/to/{TOKEN}-3"]["message"].splitlines()[0] == "期限超過が2件あります（鍵の返却）"
    assert "1 due today (Return of a thing taken out)" in by_path[f"/to/{TOKEN}-4"]["message"]
    assert by_path[f"/to/{TOKEN}-4"]["message"].endswith("https://sekimori.example/due?mine=1&lang=en")
    assert by_path[f"/to/{TOKEN}-3"]["message"].splitlines()[1] == "承認待ちが3件あります", "not what they asked for themselves"
    assert f"/to/{TOKEN}-2" not in by_path, "who has nothing to do is told nothing"
    assert not any(name in "".join(service.texts) for name in ("鈴木", "髙橋", "#", "3番", "lab"))
    at(house, MORNING + timedelta(hours=3))
    reached(house, "loan", 7, "overdue", person=3)
    assert telling.round() == 0, "the rest of the day is quiet"
    at(house, MORNING + timedelta(days=1))
    assert telling.round() == 1 and service.texts[-1].startswith("期限超過が1件"), "and nobody for whom nothing is new"


def test_what_is_escalated_is_told_at_once_bundled_and_not_at_night(house: House, service: Service) -> None:
    """Where nobody answers for the place the management is told, in one message, no two within an hour, none in quiet hours."""
    at(house, MORNING + timedelta(hours=1))
    telling = sender(house)
    telling.round()
    service.taken.clear()
    reached(house, "combination", 1, "escalated", told=1)
    reached(house, "loan", 9, "escalated", person=4, told=1)

    assert telling.round() == 3
    said = {path[-1]: body["message"].splitlines()[0] for path, _, body in service.taken}
    assert said["2"] == said["3"] == "対応されていない期限超過が2件あります（鍵番号の有効期限、鍵の返却）"
    assert said["4"].startswith("1 overdue, and nobody has acted")
    reached(house, "change", 5, "escalated", told=1)
    at(house, house.time + timedelta(minutes=30))
    assert telling.round() == 0, "it waits to be bundled"
    at(house, house.time + timedelta(minutes=31))
    assert telling.round() == 2
    at(house, datetime(2026, 11, 25, 13, 0, tzinfo=UTC))
    reached(house, "change", 6, "escalated", told=1)
    assert telling.round() == 0, "22:00"


def test_what_was_settled_or_went_on_is_not_told(house: House, service: Service) -> None:
    """What came to a later stage is told as it is now, once; what was settled before, not at all."""
    reached(house, "loan", 7, "soon", person=4)
    telling = sender(house)
    telling.round()
    reached(house, "loan", 7, "overdue", person=4)
    at(house, MORNING)
    telling.round()

    (text,) = [body["message"] for path, _, body in service.taken if path.endswith("4")]
    assert text.startswith("1 overdue") and "soon" not in text
    with house.engine.connect() as connection:
        states = connection.execute(sa.select(db.notice.c.state).where(db.notice.c.account == 4).order_by(db.notice.c.seq))
        assert states.scalars().all() == ["moot", "told"]


class Killed(BaseException):
    """The process is gone."""


def test_killed_between_handing_over_and_marking(house: House, service: Service) -> None:
    """One message may come twice, and none is lost; killed again, it is still only that one."""
    reached(house, "loan", 7, "overdue", person=4)
    addresses.put(house.data, 2, None)
    addresses.put(house.data, 3, None)
    at(house, MORNING)

    def kill(step: str) -> None:
        raise Killed(step)

    with pytest.raises(Killed):
        sender(house, reached=kill).round()
    assert len(service.taken) == 1

    assert sender(house).round() == 1 and sender(house).round() == 0
    assert service.texts[0] == service.texts[1] and len(service.taken) == 2


def test_a_service_that_fails_is_tried_again_and_shown(house: House, service: Service) -> None:
    """It is left alone for longer each time, what waits stays, since when it fails is known, and it recovers."""
    reached(house, "loan", 7, "overdue", person=4)
    at(house, MORNING)
    service.status = 500
    counted: list[bool] = []
    telling = sender(house, counted=counted.append)

    assert telling.round() == 0 and len(service.taken) == 2
    assert telling.round() == 0 and len(service.taken) == 2, "left alone for a minute"
    at(house, house.time + timedelta(seconds=61))
    telling.round()
    at(house, house.time + timedelta(seconds=61))
    telling.round()
    assert len(service.taken) == 4, "for two minutes now"
    with house.engine.connect() as connection:
        assert len(standing.failing_since(connection)) == 2
        assert standing.failing_since(connection, 4) == [timestamp(MORNING)]
    service.status = 200
    at(house, house.time + timedelta(hours=1))

    assert telling.round() == 2 and counted == [False] * 4 + [True] * 2
    with house.engine.connect() as connection:
        assert standing.failing_since(connection) == []


def test_no_secret_leaves_the_files(
    house: House, service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """However much is logged and whatever fails, password, token and address are in no line; the database has none of them."""
    caplog.set_level(logging.DEBUG)
    reached(house, "loan", 7, "overdue", person=4)
    at(house, MORNING)
    service.status = 500
    telling = sender(house)
    telling.round()
    assert delivery.deliver(f"json://sekimori:{SECRET}@127.0.0.1:1/{TOKEN}", "x", "y") is False
    assert delivery.deliver(f"nonsense://{SECRET}", "x", "y") is False
    assert webhooks.send(webhooks.Post(f"http://127.0.0.1:1/{TOKEN}", {"X": SECRET})) is False
    assert webhooks.send(webhooks.Post(f"http://127.0.0.1:{service.port}/{TOKEN}", {"X": "鍵\n"})) is False
    said = caplog.text + "".join(capfd.readouterr()) + repr(services.load(house.data / "notify.services"))
    said += repr(addresses.read(house.data)) + repr(webhooks.post_of(f"chatwork://{SECRET}/{TOKEN}", "a", "b"))

    assert service.taken[0][1] == "Basic " + base64.b64encode(f"sekimori:{SECRET}".encode()).decode()
    assert SECRET not in said and TOKEN not in said and "a service did not take a message" in said
    house.engine.dispose()
    for path in house.data.glob("dashboard.sqlite3*"):
        assert SECRET.encode() not in path.read_bytes() and TOKEN.encode() not in path.read_bytes()


def test_who_left_has_no_address_kept(house: House, service: Service) -> None:
    """The operator is retired: nothing more is sent, and the address is gone from the file."""
    house.write(trust.OperatorRetired(4, "retired"), by="console")
    at(house, MORNING)
    sender(house).round()

    assert 4 not in addresses.read(house.data) and 3 in addresses.read(house.data)
    assert not any(path.endswith("-4") for path, _, _ in service.taken)


def test_the_thread_tells_when_something_changes(house: House, service: Service) -> None:
    """Started beside the pages it tells by itself, and ends when it is stopped."""
    at(house, MORNING)
    changes, heard = Changes(), threading.Event()
    telling = sender(house, counted=lambda taken: heard.set(), pause_s=0.05)
    telling.start(changes)
    reached(house, "loan", 7, "overdue", person=4)
    changes.announce()

    assert heard.wait(20)
    changes.close()
    telling.stop()


def test_files_that_others_may_read_are_refused(tmp_path: Path) -> None:
    """Services and addresses: neither is used while others may read it; mistakes name the service and nothing of its URL."""
    path = tmp_path / "notify.services"
    path.write_text(f'mail = "mailtos://u:{SECRET}@h"\n')
    path.chmod(0o640)
    with pytest.raises(BadServices, match="chmod 600"):
        services.load(path)
    path.write_text(f'Mail = "mailtos://u:{SECRET}@h"\nchat = "{SECRET}"\n')
    path.chmod(0o600)
    with pytest.raises(BadServices) as wrong:
        services.load(path)
    assert len(wrong.value.mistakes) == 2 and SECRET not in str(wrong.value)
    for damaged in ("{", '{"1":{"service":"mail"}}', '{"1":{"service":"mail","address":"a","lang":"xx"}}'):
        (tmp_path / addresses.FILE).write_text(damaged)
        (tmp_path / addresses.FILE).chmod(0o600)
        with pytest.raises(BadAddresses, match="damaged"):
            addresses.read(tmp_path)
    (tmp_path / addresses.FILE).unlink()
    addresses.put(tmp_path, 1, Told("mail", "a@b", "ja"))
    (tmp_path / addresses.FILE).chmod(0o644)
    with pytest.raises(BadAddresses):
        addresses.read(tmp_path)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("chatwork://tok/123", webhooks.Post("https://api.chatwork.com/v2/rooms/123/messages", {"X-ChatWorkToken": "tok"})),
        ("lineworks://ab-1", webhooks.Post("https://webhook.worksmobile.com/message/ab-1", {})),
        ("chatwork://tok/", None),
        ("chatwork://tok/12%2F..%2F3", None),
        ("lineworks://a/b", None),
        ("lineworks://", None),
    ],
)
def test_chatwork_and_line_works(url: str, sent: webhooks.Post | None) -> None:
    """What goes where, as their interfaces have it; what is not whole goes nowhere."""
    post = webhooks.post_of(url, "題", "本文")

    assert (post and (post.url, post.headers)) == (sent and (sent.url, sent.headers))
    assert delivery.understood(url) == (sent is not None)
    if post is not None:
        assert post.form == {"body": "題\n本文"} or post.json == {"title": "題", "body": {"text": "本文"}}
