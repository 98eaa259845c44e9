"""Keys change while site, broker and dashboard are real: nobody is told by hand, and nothing is lost on the way (design §5)."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
import sqlalchemy as sa
from broker import RunningBroker, running_broker
from command_line import sekimori
from desks import Desk
from site_process import SITE, SiteProcess, until

from controller.keyring import site_keys
from controller.record.asks import RegisterPerson, SuspendPerson
from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.signed import sign_message
from controller.record.succession import Chain, hand_over
from controller.record.topics import State, Topics
from dashboard import database as db
from dashboard import pins
from dashboard.own_key import revoked_at
from dashboard.runtime import Runtime

TOPICS = Topics(SITE)


@pytest.fixture
def broker() -> Iterator[RunningBroker]:
    """A broker."""
    with running_broker() as running:
        yield running


@pytest.fixture
def site(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A running site with one person, on the broker."""
    with SiteProcess(tmp_path_factory.mktemp("s"), (broker.host, broker.port)) as site:
        with site.past() as past:
            past.person("山田 花子")
        site.start()
        yield site


@pytest.fixture
def desk(site: SiteProcess, broker: RunningBroker, tmp_path: Path) -> Desk:
    """A dashboard that the site trusts and that has pinned it."""
    desk = Desk(tmp_path / "dashboard", broker)
    public = desk.command("key")[1]["key"]
    assert 0 == site.sekimori("trust", public).returncode
    pins.pin(desk.data, SITE, site_keys(site.data).site.public)
    return desk


def rows(runtime: Runtime, query: Any) -> list[Any]:
    with runtime.engine.connect() as connection:
        return list(connection.execute(query).all())


def caught_up(site: SiteProcess, runtime: Runtime) -> None:
    """Waits until the dashboard has every record, and the newest is covered by a checkpoint that it accepted."""

    def look() -> bool | None:
        found = rows(runtime, sa.select(db.source.c.applied, db.source.c.checkpoint_size))
        return (found == [(size := site.size(), size)]) or None

    until("the dashboard has caught up", look)


def source(runtime: Runtime) -> Any:
    return rows(runtime, sa.select(db.source))[0]


def replied(runtime: Runtime, request: str) -> tuple[str, str | None]:
    """What became of a request: state and code."""

    def look() -> tuple[str, str | None] | None:
        row = rows(runtime, sa.select(db.outbox.c.state, db.outbox.c.reply_code).where(db.outbox.c.id == request))[0]
        return None if row.state == "waiting" else (row.state, row.reply_code)

    return until("a reply", look)


def ask(runtime: Runtime, name: str = "鈴木 次郎", operator: int = 1) -> str:
    return runtime.outbox.submit(SITE, RegisterPerson(), {"name": name}, account=None, operator=operator)


def rotate(site: SiteProcess, *more: str) -> str:
    """Stops the controller, gives the site a new key, starts it again; the new key's line."""
    assert 0 == site.stop()
    said = sekimori("key", "rotate", "--data", site.data, "--json", *more)
    assert 0 == said.code, said.err
    site.start()
    line: str = json.loads(said.out)["site_key"]
    return line


class Ear:
    """A client at the broker, as who owns it has one: hears what is kept, and says what it likes."""

    def __init__(self, broker: RunningBroker) -> None:
        self.kept: dict[str, bytes] = {}
        self._ready = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._heard
        self._client.on_connect = lambda client, *_: client.subscribe("sekimori/#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _heard(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self.kept[message.topic] = bytes(message.payload)

    def say(self, topic: str, payload: bytes, retain: bool = True) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def ear(broker: RunningBroker) -> Iterator[Ear]:
    """Somebody at the broker."""
    ear = Ear(broker)
    yield ear
    ear.close()


def test_dashboard_that_is_there_follows(site: SiteProcess, desk: Desk) -> None:
    """While a dashboard follows, the site changes its key: the dashboard takes the new one by itself, verifies and seals with
    it, and counts nothing as forged.
    """
    with desk.running() as runtime:
        caught_up(site, runtime)
        line = rotate(site)
        until("the new key is accepted", lambda: (source(runtime).public == line) or None)
        caught_up(site, runtime)
        assert ("accepted", None) == replied(runtime, ask(runtime))
        assert line == runtime.ring[SITE].text()
        assert (0, None) == (source(runtime).forged, source(runtime).broken)
    with desk.running() as runtime:
        assert line == runtime.ring[SITE].text()


def test_dashboard_that_slept_over_two_changes_follows(site: SiteProcess, desk: Desk) -> None:
    """A dashboard offline while the key changed twice follows both, and a request that it sealed to the first key is done."""
    with desk.running() as runtime:
        caught_up(site, runtime)
    asleep = desk.asleep()
    waiting = ask(asleep, "高橋 三郎")
    asleep.engine.dispose()
    rotate(site)
    line = rotate(site)

    with desk.running() as runtime:
        assert ("accepted", None) == replied(runtime, waiting)
        caught_up(site, runtime)
        assert line == source(runtime).public
        assert None is source(runtime).broken
        until("the name", lambda: ("高橋 三郎" in str(rows(runtime, sa.select(db.private_text.c.text)))) or None)
        kept = rows(runtime, sa.select(db.accepted_key))[0]
        assert (line, 2) == (kept.public, len(kept.former.split()))


def test_broker_cannot_lead_a_dashboard_astray(site: SiteProcess, desk: Desk, ear: Ear) -> None:
    """A broker that replays the chain of before, or makes one of its own, changes no key; what is forged is counted."""
    first = site_keys(site.data).site
    with desk.running() as runtime:
        caught_up(site, runtime)
        rotate(site)
        old_chain = until("the chain", lambda: ear.kept.get(TOPICS.key))
        line = rotate(site)
        until("the newest key", lambda: (source(runtime).public == line) or None)
        caught_up(site, runtime)

        ear.say(TOPICS.key, old_chain)
        thief = KeyPair.generate()
        link = hand_over(SITE, thief, thief.public)
        forged = msgspec.structs.replace(link, previous=line)
        ear.say(TOPICS.key, canonical(Chain(SITE, (forged,))))
        until("the forgery is counted", lambda: (source(runtime).forged == 1) or None)
        ear.say(TOPICS.key, b"no chain")
        until("and the next", lambda: (source(runtime).forged == 2) or None)

        assert line == source(runtime).public == runtime.ring[SITE].text()
        # the first key's thief, long after it went: a chain from there is not looked at any more
        stolen = hand_over(SITE, first, thief.public)
        ear.say(TOPICS.key, canonical(Chain(SITE, (stolen,))))
        assert ("accepted", None) == replied(runtime, ask(runtime))
        assert (line, 2) == (source(runtime).public, source(runtime).forged)


def test_old_key_says_nothing_any_more(site: SiteProcess, desk: Desk, ear: Ear) -> None:
    """What the key of before signs is not believed once the dashboard has followed: said now it counts as forged, kept by the
    broker from before it is passed over.
    """
    old = site_keys(site.data).site
    with desk.running() as runtime:
        caught_up(site, runtime)
        line = rotate(site)
        until("the new key is accepted", lambda: (source(runtime).public == line) or None)
        caught_up(site, runtime)
        topic = TOPICS.state("portal_state", "front")
        lie = State(
            "portal_state", "front", "2030-01-01T00:00:00.000000Z", 10**6, 1, {"portal": "front", "status": "held"}
        )
        ear.say(topic, sign_message(old, topic, lie))
        assert ("accepted", None) == replied(runtime, ask(runtime))  # it was taken in before this
        assert [] == rows(runtime, sa.select(db.live_state).where(db.live_state.c.seq == 10**6))
        assert 1 == source(runtime).forged
    with desk.running() as runtime:
        assert ("accepted", None) == replied(runtime, ask(runtime))
        assert [] == rows(runtime, sa.select(db.live_state).where(db.live_state.c.seq == 10**6))
        assert 1 == source(runtime).forged


def test_stolen_key_is_replaced_by_hand(site: SiteProcess, desk: Desk) -> None:
    """After --compromised no dashboard follows; with the new key pinned by hand it does, and goes on with the same ledger."""
    with desk.running() as runtime:
        caught_up(site, runtime)
        before = source(runtime).public
        line = rotate(site, "--compromised")
        until("the new key's word is refused", lambda: (source(runtime).forged > 0) or None)
        assert before == source(runtime).public
    assert 0 == desk.command("trust", line, "--site", SITE, "--replace")[0]
    with desk.running() as runtime:
        caught_up(site, runtime)
        assert (line, None) == (source(runtime).public, source(runtime).broken)
        assert ("accepted", None) == replied(runtime, ask(runtime))
        follower = rotate(site)
        until("a later change is followed", lambda: (source(runtime).public == follower) or None)


def test_dashboards_key_changes_without_losing_anything(site: SiteProcess, desk: Desk, ear: Ear) -> None:
    """Next key, trusted, switched, the old one revoked: a request that waited under the old key is done, private rows come
    under the new one, and what the broker kept for the old one is gone.
    """
    with desk.running() as runtime:
        caught_up(site, runtime)
        old = runtime.keys.public.id
    code, fresh = desk.command("key", "--next")
    assert (0, fresh) == (code, desk.command("key", "--next")[1])
    assert (1, [SITE]) == ((refused := desk.command("key", "--switch"))[0], refused[1]["sites"])
    assert 0 == site.sekimori("trust", fresh["key"]).returncode
    with desk.running() as runtime:
        caught_up(site, runtime)
    asleep = desk.asleep()
    waiting = ask(asleep, "高橋 三郎")
    asleep.engine.dispose()
    assert (0, old) == ((done := desk.command("key", "--switch"))[0], done[1]["old"])
    assert 1 == desk.command("key", "--switch")[0]
    assert 0 == site.sekimori("trust", "--revoke", old).returncode

    with desk.running() as runtime:
        assert fresh["id"] == runtime.keys.public.id
        assert ("accepted", None) == replied(runtime, waiting)
        until("the name", lambda: ("高橋 三郎" in str(rows(runtime, sa.select(db.private_text.c.text)))) or None)
        caught_up(site, runtime)
    gone = [topic for topic in ear.kept if topic.startswith(f"sekimori/{SITE}/private/{old}/")]
    assert gone
    until("all of the old one's rows are emptied", lambda: all(ear.kept[topic] == b"" for topic in gone) or None)
    assert any(
        payload for topic, payload in ear.kept.items() if topic.startswith(f"sekimori/{SITE}/private/{fresh['id']}/")
    )


def test_revoked_dashboard_is_refused_at_once(site: SiteProcess, desk: Desk, broker: RunningBroker) -> None:
    """A request signed by a key that was revoked a moment ago changes nothing; its reply says `signature`, and so does the
    counted record. Also rows that the broker keeps for it are taken back after the site was away.
    """
    with desk.running() as runtime:
        caught_up(site, runtime)
        people = site.query("select count(*) from person")
        assert 0 == site.sekimori("trust", "--revoke", runtime.keys.public.id).returncode
        assert ("refused", "signature") == replied(runtime, ask(runtime))
        site.wait_record("requests.rejected", code="signature")
        assert people == site.query("select count(*) from person")
        until("the dashboard knows", lambda: _knows(runtime) or None)


def _knows(runtime: Runtime) -> bool:
    with runtime.engine.connect() as connection:
        return revoked_at(connection, SITE, runtime.keys.public.id)


def test_rows_kept_for_a_revoked_dashboard_are_taken_back_later(
    site: SiteProcess, desk: Desk, broker: RunningBroker, ear: Ear
) -> None:
    """Revoked while the controller was stopped, a dashboard's rows are emptied when it is on the air again, and only once."""
    with desk.running() as runtime:
        caught_up(site, runtime)
        old = runtime.keys.public.id
    mine = f"sekimori/{SITE}/private/{old}/"
    until("a row is kept", lambda: any(topic.startswith(mine) and said for topic, said in ear.kept.items()) or None)
    assert 0 == site.stop()
    assert 0 == sekimori("trust", "--revoke", old, "--data", site.data).code
    site.start()

    until("emptied", lambda: all(not said for topic, said in ear.kept.items() if topic.startswith(mine)) or None)
    assert 0 == site.stop()
    assert [old] == json.loads((site.data / "link.json").read_text())["emptied"]


def test_operators_changes_hold_for_what_waits(site: SiteProcess, desk: Desk) -> None:
    """Requests that waited while their operator was retired are refused with `operator`; while their role was taken, with
    `role`; with the role given back, a new one is done. Each change is a record by the console.
    """
    with desk.running() as runtime:
        caught_up(site, runtime)
    asleep = desk.asleep()
    by_first, by_second = (
        ask(asleep, operator=1),
        asleep.outbox.submit(SITE, SuspendPerson(1), {"reason": "試験"}, account=None, operator=2),
    )
    asleep.engine.dispose()
    assert 0 == site.sekimori("operator", "change", "2", "--role", "auditor", "--zone", "office").returncode
    assert 0 == site.sekimori("operator", "retire", "1").returncode

    with desk.running() as runtime:
        assert ("refused", "operator") == replied(runtime, by_first)
        assert ("refused", "role") == replied(runtime, by_second)
        changed = site.wait_record("operator.changed", operator=2)
        assert ("console", ("auditor",), ("office",)) == (changed.by, changed.body.roles, changed.body.scope)
        assert 0 == site.sekimori("operator", "change", "2", "--role", "manager", "--everywhere").returncode
        assert ("accepted", None) == replied(runtime, ask(runtime, operator=2))
    said = site.sekimori("operator", "change", "1", "--role", "guard", "--json")
    assert (1, "subject") == (said.returncode, json.loads(said.stdout)["code"])
