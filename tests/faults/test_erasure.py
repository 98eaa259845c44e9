"""A person is erased while one dashboard is away and another was revoked: afterwards nobody holds a name any more (design §4).

Real controller, broker and dashboards. Every byte of every file in their folders is looked at, databases, logs of both kinds,
and outbox alike. Backups are not: they hold what they held, and a restored one is folded, and erased, again.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
import sqlalchemy as sa
from broker import RunningBroker, running_broker
from desks import Desk
from followed_site import FollowedSite
from site_process import SITE, SiteProcess, until

from controller.keyring import site_keys
from controller.ledger.verify import verify_file
from controller.record.asks import ErasePerson, RegisterPerson, RequestRight, SuspendPerson
from controller.record.canonical import timestamp
from controller.record.private import Text
from controller.record.topics import Topics
from dashboard import database as db
from dashboard import pins
from dashboard.runtime import Runtime

TOPICS = Topics(SITE)
NAME, KANA, PURPOSE, REASON = "消之 匿名子", "キエノ ナナコ", "機密試作の評価", "退職に伴う停止"
TEXTS = (NAME, KANA, PURPOSE, REASON)
OTHER = "山田 花子"


class Retained:
    """A client of the broker's: what it keeps now, and what it is to keep."""

    def __init__(self, broker: RunningBroker) -> None:
        self._broker = broker

    def look(self) -> dict[str, bytes]:
        """Topic and payload of everything retained under the site's private rows."""
        found: dict[str, bytes] = {}
        last = threading.Event()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)

        def on_message(_client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
            if message.topic == "looked":
                last.set()
            elif message.retain:
                found[message.topic] = message.payload

        client.on_message = on_message
        client.on_connect = lambda client, *_: client.subscribe([(f"sekimori/{SITE}/private/#", 1), ("looked", 1)])
        client.on_subscribe = lambda client, *_: client.publish("looked", b"", qos=1)
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        try:
            assert last.wait(20)
            return found
        finally:
            client.disconnect()
            client.loop_stop()

    def keep(self, said: dict[str, bytes]) -> None:
        """Publishes what was taken back, as a broker that was restored would."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        try:
            for topic, payload in said.items():
                client.publish(topic, payload, qos=1, retain=True).wait_for_publish(20)
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def broker() -> Iterator[RunningBroker]:
    """A broker."""
    with running_broker() as running:
        yield running


@pytest.fixture
def site(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A running site with one person, who stays."""
    with SiteProcess(tmp_path_factory.mktemp("s"), (broker.host, broker.port)) as site:
        with site.past() as past:
            past.person(OTHER)
        site.start()
        yield site


def desk(site: SiteProcess, broker: RunningBroker, folder: Path) -> Desk:
    """A dashboard that the site trusts and that has pinned it."""
    made = Desk(folder, broker)
    assert 0 == site.sekimori("trust", made.command("key")[1]["key"]).returncode
    pins.pin(made.data, SITE, site_keys(site.data).site.public)
    return made


def asked(runtime: Runtime, body: msgspec.Struct, operator: int, text: Text | None = None) -> None:
    """Asks, and waits until it was accepted."""
    id = runtime.outbox.submit(SITE, body, text or {}, account=None, operator=operator)

    def look() -> bool | None:
        with runtime.engine.connect() as connection:
            row = connection.execute(sa.select(db.outbox).where(db.outbox.c.id == id)).one()
        assert row.state in ("waiting", "accepted"), (row.state, row.reply_code, row.reply_place)
        return (row.state == "accepted") or None

    until(f"{type(body).__name__} is accepted", look)


def texts(runtime: Runtime) -> str:
    with runtime.engine.connect() as connection:
        return str(connection.execute(sa.select(db.private_text.c.text)).all())


def caught_up(site: SiteProcess, runtime: Runtime) -> None:
    def look() -> bool | None:
        with runtime.engine.connect() as connection:
            return (connection.execute(sa.select(db.source.c.applied)).scalars().all() == [site.size()]) or None

    until("the dashboard has caught up", look)


def held(folder: Path) -> bytes:
    """Every byte of every file; one that goes while it is looked for holds nothing."""
    found = b""
    for path in folder.rglob("*"):
        try:
            found += path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
    return found


def gone(folder: Path) -> bool | None:
    found = held(folder)
    return not any(text.encode() in found for text in TEXTS) or None


def live(site: SiteProcess) -> list[object]:
    tables = ("person", "private_of", "access_right", "badge")
    return [site.query(f"select * from {table} order by 1, 2") for table in tables]


def test_nothing_of_a_person_is_left_anywhere(site: SiteProcess, broker: RunningBroker, tmp_path: Path) -> None:
    """Name, reading, purpose and reason are in no file and at no topic, also at a dashboard that was away; all else stays."""
    here, away, retained = (
        desk(site, broker, tmp_path / "here"),
        desk(site, broker, tmp_path / "away"),
        Retained(broker),
    )
    person = 2
    with here.running() as first:
        caught_up(site, first)
        with away.running() as second:
            asked(first, RegisterPerson(), 1, {"name": NAME, "kana": KANA})
            today = datetime.now(UTC)
            now, later = timestamp(today), timestamp(today + timedelta(days=30))
            asked(first, RequestRight(person, "lab", "always", now, later), 1, {"purpose": PURPOSE})
            asked(first, SuspendPerson(person), 2, {"reason": REASON})
            for runtime in (first, second):
                caught_up(site, runtime)
                until("every text came", lambda r=runtime: all(text in texts(r) for text in TEXTS) or None)
        assert 0 == site.sekimori("trust", "--revoke", site.dashboard.public.id).returncode
        before = retained.look()
        ids = {id for (id,) in site.query("select private from private_of where person = ?", person)}
        about = {topic: payload for topic, payload in before.items() if topic.rpartition("/")[2] in ids}
        assert {topic.split("/")[3] for topic in about} >= {first.keys.public.id, second.keys.public.id}
        assert all(text.encode() in held(site.data) and text.encode() in held(away.data) for text in TEXTS)

        asked(first, ErasePerson(person, "asked"), 1)

        until("no file of the site holds a text", lambda: gone(site.data))
        until("no file of the dashboard holds a text", lambda: gone(here.data))
        until("no topic is kept", lambda: (not retained.look().keys() & about.keys()) or None)
        retained.keep(about)  # a broker that forgot to forget
        with away.running() as second:
            caught_up(site, second)
            until("the dashboard that was away erases", lambda: gone(away.data))
            assert OTHER in texts(second) and OTHER in texts(first)
        assert gone(here.data) and NAME not in texts(first)
    assert 0 == site.stop()
    assert gone(site.folder) and OTHER.encode() in held(site.data)
    assert verify_file(site.data / "ledger.sqlite3").ok
    was = live(site)
    assert 0 == site.sekimori("rebuild").returncode
    assert live(site) == was
    site.start()
    until("what the broker had kept again is taken back", lambda: (not retained.look().keys() & about.keys()) or None)


def test_killed_before_the_log_was_cut_it_is_cut_at_the_next_start(site: SiteProcess) -> None:
    """A power cut between the erasure and the cut leaves the texts in the log until the next start, and not longer."""
    assert 0 == site.stop()
    with site.past() as past:
        past.ask(1, RegisterPerson(), {"name": NAME, "kana": KANA})
        past.ask(2, SuspendPerson(2), {"reason": REASON})
    site.start()
    assert 0 == site.sekimori("erase", "2", "--reason", "asked", "--yes").returncode
    site.kill()

    site.start()

    until("no file of the site holds a text", lambda: gone(site.data))

    assert verify_file(site.data / "ledger.sqlite3").ok


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FollowedSite]:
    """A followed site that knows a person who is suspended, the dashboard up to date."""
    with FollowedSite(tmp_path) as house:
        assert 0 == house.site.stop()
        with house.site.past() as past:
            past.ask(1, RegisterPerson(), {"name": NAME, "kana": KANA})
            past.ask(2, SuspendPerson(2), {"reason": REASON})
        house.site.start()
        house.caught_up()
        yield house


def erase(house: FollowedSite) -> None:
    assert 0 == house.site.sekimori("erase", "2", "--reason", "asked", "--yes").returncode
    house.caught_up()
    until("the dashboard erases", lambda: gone(house.place))


def test_a_restored_ledger_loses_the_name_again(house: FollowedSite) -> None:
    """A ledger from before the erasure is put back: it takes the record of it from the dashboard, and erases again."""
    old = house.snapshot()
    erase(house)
    house.site.kill()
    house.put_back(old)
    assert NAME.encode() in held(house.site.data)

    house.site.start()

    house.site.wait_record("ledger.recovered")
    until("no file of the site holds a text", lambda: gone(house.site.data))
    house.caught_up()
    assert 0 == house.site.stop()
    assert house.fold_is_live() and gone(house.place) and gone(house.site.data)
