"""A refused tap, explained: card, controller, broker, dashboard and its pages, each real, and all of one opinion."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import sqlalchemy as sa
from broker import RunningBroker, running_broker
from flask.testing import FlaskClient
from site_process import SITE, SiteProcess, until

from controller.record.canonical import timestamp
from controller.record.explained import Answered, Unanswered
from controller.record.keys import KeyPair
from controller.record.signed import Forged, open_message, sign_message
from controller.record.topics import Topics
from dashboard import database as db
from dashboard.composition import following, make_runtime
from dashboard.runtime import Runtime
from dashboard.web import create_app, password

PASSWORD = "a long barrier at Hakone"  # noqa: S105 - of the test


@contextmanager
def signed_in(site: SiteProcess, broker: RunningBroker, folder: Path) -> Iterator[tuple[Runtime, FlaskClient]]:
    """A dashboard that follows the site, and a browser there, signed in as the manager who approves (operator 2)."""
    site.dashboard.save(folder / "dashboard.key")
    (folder / "dashboard.toml").write_text(
        f'[broker]\nhost = "{broker.host}"\nport = {broker.port}\n[sites]\n{SITE} = "{site.keys.site.public.text()}"\n'
    )
    runtime = make_runtime(folder)
    with db.write(runtime.engine) as connection:
        account = {
            "name": "manager",
            "password_hash": password.hashed(PASSWORD),
            "created_at": timestamp(datetime.now(UTC)),
        }
        number = connection.execute(sa.insert(db.account).values(account)).inserted_primary_key[0]
        connection.execute(sa.insert(db.account_operator).values(account=number, ledger_site=SITE, operator=2))
    try:
        with following(runtime):
            caught_up(site, runtime)
            browser = create_app(runtime).test_client()
            assert post(browser, "/sign-in", name="manager", password=PASSWORD).status_code == 303
            yield runtime, browser
    finally:
        runtime.engine.dispose()


def caught_up(site: SiteProcess, runtime: Runtime) -> None:
    """Waits until the dashboard has every record."""

    def look() -> bool | None:
        with runtime.engine.connect() as connection:
            return connection.execute(sa.select(db.source.c.applied)).scalar() == site.size() or None

    until("the dashboard has caught up", look)


def post(browser: FlaskClient, address: str, **fields: str):  # type: ignore[no-untyped-def]
    """Submits the form on a page, as a browser does."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(address).text)
    assert found, address
    return browser.post(address, data={"csrf_token": found[1], **fields})


def explained(browser: FlaskClient, address: str, **fields: str) -> str:
    """The page with the site's answer."""
    place = post(browser, address, **fields).location

    def look() -> str | None:
        text = str(browser.get(f"{place}?lang=en").text)
        return None if "data-waiting" in text else text

    return until("an answer", look)


def verdict(page: str) -> str | None:
    """The code in large words; None for opening."""
    found = re.search(r'data-verdict="(\w*)"', page)
    assert found, page
    return found[1] or None


def test_page_and_door_agree(tmp_path: Path) -> None:
    """A tap is refused, and the page names the same code, the right that is not approved, and the way to it; approved there,
    the door opens and the page says so, while the old refusal stays explained as it was."""
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            right = past.right(yamada, "office", approved=False)
            past.badge(yamada, "yamada")
        site.start()
        with signed_in(site, broker, tmp_path / "dashboard") as (runtime, browser):
            before = site.size()
            site.building.tap("yamada", "front/in", walk=False)
            refused = site.wait_record("entry.refused", before)
            caught_up(site, runtime)
            asking = f"/why/{SITE}?record={refused.seq}"
            assert asking in browser.get("/ledger?result=refused").text
            size = site.size()

            page = explained(browser, asking, record=str(refused.seq))
            assert verdict(page) == refused.body.code == "approval"
            assert "The door said the same" in page
            assert re.search(r'data-check="right" data-answer="missing" class="stop"', page)
            way = f"/rights/{SITE}/{right}/approve"
            assert way in page
            now = explained(browser, f"/why/{SITE}", person=str(yamada), portal="front")
            assert verdict(now) == "approval"
            assert site.size() == size, "a question left a record"

            assert post(browser, way).status_code == 303
            site.wait_record("right.approved")
            before = site.size()
            site.building.tap("yamada", "front/in")
            site.wait_record("entry.granted", before)
            caught_up(site, runtime)
            assert verdict(explained(browser, f"/why/{SITE}", person=str(yamada), portal="front")) is None
            assert verdict(explained(browser, asking, record=str(refused.seq))) == "approval"
        assert site.stop() == 0


def test_a_broker_answers_nothing(tmp_path: Path) -> None:
    """Who owns the broker answers every question first, in its own name and with another's answer: only the site's counts."""
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.badge(yamada, "yamada")
        site.start()
        with (
            Liar(broker, site) as liar,
            signed_in(site, broker, tmp_path / "dashboard") as (_, browser),
        ):
            first = explained(browser, f"/why/{SITE}", person=str(yamada), portal="front")
            second = explained(browser, f"/why/{SITE}", person=str(yamada), portal="lab")
            assert (verdict(first), verdict(second)) == ("right", "right")
            assert liar.lies >= 3
        assert site.stop() == 0


class Liar:
    """Hears every question at the broker, and answers at once: signed by a key of its own, then with the last true answer."""

    def __init__(self, broker: RunningBroker, site: SiteProcess) -> None:
        self._topics = Topics(SITE)
        self._site = site.keys.site.public
        self._answered = self._topics.answered(site.dashboard.public.id)
        self._keys = KeyPair.generate()
        self._last = b""
        self.lies = 0
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe([(self._topics.request, 1), (self._answered, 1)])
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._heard
        self._client.connect(broker.host, broker.port)

    def _heard(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == self._answered:
            with suppress(Forged):  # its own lies come back to it as well
                open_message(self._site.signing, self._answered, message.payload)
                self._last = message.payload
        elif found := re.search(rb'"id":"(\w{26})","issued_at":"[^"]*","kind":"query/explain"', message.payload):
            lie = Answered(found[1].decode(), Unanswered.PERSON, None)
            for said in (sign_message(self._keys, self._answered, lie), self._last):
                self._client.publish(self._answered, said, qos=1)
                self.lies += bool(said)

    def __enter__(self) -> "Liar":
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
