"""The number of a combination lock is nowhere (C8.3, design §11): every byte written and sent is searched for it.

The whole edge: the dashboard draws a number, the custodian sees it once, the change goes on with badges and ends.
Then every file of site, broker and dashboard, every message on the wire, every other page, every command line and every
environment is searched, in the forms in which a text hides: as it is, in UTF-16, in base64 and hexadecimal, from behind,
and hashed as it stands.
"""

import base64
import hashlib
import http.cookiejar
import re
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from followed_site import SCRIPT, FollowedSite
from site_process import SITE, until

from controller.record.asks import combination as ask
from dashboard.drawn_number import LONGEST

PASSWORD = "a password of the custodian"  # noqa: S105 - of this test alone
_SHOWN = re.compile(r'class="drawn[^"]*"[^>]*>(\d+)<')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Wire:
    """Everything that goes over the broker."""

    def __init__(self, host: str, port: int) -> None:
        self.heard: list[bytes] = []
        listening = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="listens", protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: listening.set()
        self._client.on_message = lambda _client, _data, message: self.heard.append(
            message.topic.encode() + message.payload
        )
        self._client.connect(host, port)
        self._client.loop_start()
        assert listening.wait(20)

    def close(self) -> None:
        self._client.loop_stop()


class Person:
    """A browser: keeps cookies, and everything that it was shown."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown: list[tuple[str, bytes]] = []
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, address: str) -> str:
        return self._open(address, None)

    def post(self, address: str, page: str = "", **fields: str) -> str:
        token = _TOKEN.search(self.get(page or address))
        assert token is not None, address
        return self._open(address, urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode())

    def _open(self, address: str, data: bytes | None) -> str:
        with self._opener.open(f"{self.url}{address}", data, timeout=20) as answer:
            body: bytes = answer.read()
            self.shown.append((address, str(answer.headers).encode() + answer.url.encode() + body))
        return body.decode()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FollowedSite]:
    """A site with a safe in the lab, whose change is planned: 2 keeps it and signs in as operator 3, 3 witnesses."""
    with FollowedSite(tmp_path) as house:
        house.site.stop()
        port = house.site.ports["spare"]
        with (house.site.data / "site.toml").open("a") as toml:
            toml.write('[[station]]\nid = "desk"\nname = { ja = "金庫前", en = "At the safe" }\nzone = "lab"\n')
            toml.write(f'device = "nfc+udp://127.0.0.1:{port}"\n')
        with house.site.past() as past:
            for who, card in (("鈴木 次郎", "suzuki"), ("伊藤 三郎", "ito")):
                person = past.person(who)
                past.right(person, "lab")
                past.badge(person, card)
            asked = {"name": "鈴木 次郎", "roles": ["manager", "custodian"], "scope": ["*"], "person": 2}
            past.console("operator.add", asked)
            lock = ask.RegisterCombination("lab", "keypad", LONGEST, 2, "desk", changed_on="2026-11-01")
            past.ask(3, lock, {"name": "図面金庫"})
            past.ask(3, ask.ReportCombination(1, "leak"))
            past.ask(3, ask.PlanChange(1, 3))
        house.site.start()
        house.caught_up()
        yield house


def _signed_in(house: FollowedSite) -> Person:
    """The custodian, with an account whose password they chose with a one-time code."""
    arguments = ["create-operator", "suzuki", "--site", SITE, "--operator", "3", "--data", str(house.place)]
    said = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=True).stdout
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", said)
    assert code is not None, said
    log = house.folder / "dashboard.log"
    url = until("the dashboard says where it is", lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()))
    person = Person(url[0])
    person.post("/welcome", name="suzuki", code=code[0], password=PASSWORD, again=PASSWORD)
    return person


def _forms(number: str) -> dict[str, bytes]:
    """How the number could stand somewhere."""
    raw = number.encode()
    return {
        "as it is": raw,
        "UTF-16": number.encode("utf-16-le"),
        "hexadecimal": raw.hex().encode(),
        "from behind": raw[::-1],
        "base64": base64.b64encode(raw)[:14],
        "as an integer": int(number).to_bytes(8, "big").lstrip(b"\0"),
        **{name: hashlib.new(name, raw).digest() for name in ("sha256", "sha1", "md5")},
        **{f"{name} in hexadecimal": hashlib.new(name, raw).hexdigest().encode() for name in ("sha256", "sha1", "md5")},
    }


def _everything(house: FollowedSite, person: Person, wire: Wire, but: str) -> Iterator[tuple[str, bytes]]:
    """Every byte that was written or sent, but the one answer that showed the number."""
    for path in sorted(house.folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                yield f"{process.name}/{name}", (process / name).read_bytes()
            except OSError:
                continue  # it has ended, or is another user's
    yield from ((f"message {n}", message) for n, message in enumerate(list(wire.heard)))
    yield from ((address, shown) for address, shown in person.shown if but.encode() not in shown or address != _DRAW)


_CHANGE = f"/combinations/{SITE}/changes/1"
_DRAW = f"{_CHANGE}/draw"


def _step(house: FollowedSite, kind: str, *cards: str) -> None:
    """Badges at the lock's station until the record is there that they make; one that has just been there waits a little."""
    before = house.size()

    def tapped() -> bool | None:
        for card in cards:
            house.site.building.tap(card, "spare", walk=False, timeout_s=0.4)
        return any(record.kind == kind for record in house.site.records(before)) or None

    until(kind, tapped)


def test_a_drawn_number_is_in_one_answer_and_nowhere_else(house: FollowedSite) -> None:
    """The number is in the body of the one POST answer; no file, message, page, header, log, command line or environment of
    site, broker and dashboard has it, in whatever form, during the change and after it (C8.3)."""
    wire = Wire(house.broker.host, house.broker.port)
    person = _signed_in(house)
    person.post(f"{_CHANGE}/begin", page=_CHANGE)
    house.site.wait_record("combination.change_called")
    _step(house, "combination.change_begun", "suzuki", "ito")
    until("the page knows", lambda: "draw" in person.get(_CHANGE) or None)
    person.post(f"{_DRAW}/record", page=_DRAW)
    until("the draw is on record", lambda: 'name="password"' in person.get(_DRAW) or None)

    answer = person.post(_DRAW, page=_DRAW, password=PASSWORD)
    shown = _SHOWN.search(answer)
    assert shown is not None
    number = shown[1]
    assert len(number) == LONGEST

    _step(house, "combination.number_set", "suzuki")
    _step(house, "combination.number_tried", "suzuki")
    _step(house, "combination.number_witnessed", "ito")
    _step(house, "combination.old_number_dead", "suzuki", "ito")
    until("the page knows", lambda: "finish" in person.get(_CHANGE) or None)
    person.post(f"{_CHANGE}/finish", void_seal="", seal="S-7")
    house.site.wait_record("combination.changed")
    house.caught_up()
    for address in (_CHANGE, "/combinations", "/ledger", f"/ledger.csv?site={SITE}", "/"):
        person.get(address)

    forms = _forms(number)
    found = {
        f"{where}: {how}"
        for where, data in _everything(house, person, wire, number)
        for how, form in forms.items()
        if form in data
    }
    wire.close()
    assert found == set()
    assert sum(number.encode() in data for _address, data in person.shown) == 1
    assert len(wire.heard) > 20
