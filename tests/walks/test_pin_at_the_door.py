"""A PIN beside the badge, from the card in the field and the keys at the keypad to the lock; and where no digit is found."""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from broker import running_broker
from site_process import SCRIPT, SITE, SiteProcess, keypad_url, until
from ulid import ULID

from controller.record.asks import EnrolPin, RetireBadge, UnlockPin
from controller.record.canonical import canonical
from controller.record.envelope import Record
from controller.record.requests import make_request
from controller.record.topics import Topics
from hardware.simulated.client import BuildingClient, TapOutcome

PIN, DURESS, WRONG, SECOND = "49381726", "18052693", "27591483", "63820571"
"""Eight digits each, so that none is found by chance in the microseconds of a record."""

SETTINGS = """
[pin]
length = 8
wait_s = 5
tries = 3
lockout_min = 1
"""


class Ear:
    """Hears everything on the broker, and sends the dashboard's requests."""

    def __init__(self, site: SiteProcess, host: str, port: int) -> None:
        self._site = site
        self.heard: list[bytes] = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="ear", protocol=mqtt.MQTTv5)
        subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = lambda _c, _u, message: self.heard.append(message.topic.encode() + message.payload)
        self._client.connect(host, port)
        self._client.loop_start()
        assert subscribed.wait(10)

    def ask(self, body: msgspec.Struct, operator: int) -> None:
        """A signed request; its record is waited for, and says yes."""
        now, before = datetime.now(UTC), self._site.size()
        request = make_request(
            self._site.dashboard, SITE, self._site.keys.site.public, id=str(ULID()), body=body, private={},
            operator=operator, issued_at=now, expires_at=now + timedelta(seconds=30),
        )  # fmt: skip
        self._client.publish(Topics(SITE).request, canonical(request), qos=1)
        self._site.wait_record("request.accepted", before, request=request.id)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def asks_for_pins(site: SiteProcess) -> None:
    """The lab asks for a PIN outside the hours of a schedule that has none; the front in them: so never."""
    path = site.data / "site.toml"
    text = path.read_text(encoding="utf-8")
    for n, portal, when in ((1, "front", 'pin = "never"'), (2, "lab", 'pin_outside = "never"')):
        device = f'device = "nfc+udp://127.0.0.1:{site.ports[f"{portal}/in"]}"\n'
        assert device in text
        text = text.replace(device, f'{device}keypad = "{keypad_url(n, 1)}"\n')
        head = f'[[portal]]\nid = "{portal}"\n'
        text = text.replace(head, f"{head}{when}\n")
    path.write_text(text + SETTINGS, encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SiteProcess, Ear]]:
    """A running site on a broker: persons 1 to 5 with badges and rights, all but the fifth with a PIN typed at the console."""
    with running_broker() as broker, SiteProcess(tmp_path_factory.mktemp("pin"), (broker.host, broker.port)) as site:
        asks_for_pins(site)
        with site.past() as past:
            for number in range(1, 6):
                person = past.person(f"人 {number}")
                for zone in ("office", "lab"):
                    past.right(person, zone)
                past.badge(person, f"card-{number}")
        ear = Ear(site, broker.host, broker.port)
        for person in range(1, 5):
            done = set_pin(site, person, PIN, PIN, DURESS, DURESS)
            assert done.returncode == 0, done.stderr
        site.start()
        yield site, ear
        ear.close()


def set_pin(site: SiteProcess, person: int, *typed: str) -> subprocess.CompletedProcess[str]:
    """`sekimori pin set`, its answers on standard input."""
    command = [SCRIPT, "pin", "set", str(person), "--data", str(site.data), "--lang", "en"]
    return subprocess.run(
        command, input="".join(f"{line}\n" for line in typed), capture_output=True, text=True, timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8"}, check=False,
    )  # fmt: skip


def tap_and_type(site: SiteProcess, card: str, keys: str, *, timeout_s: float = 4.0) -> TapOutcome:
    """Somebody holds a card to the lab's reader, types once they are asked, and walks through if it opens."""
    outcomes: list[TapOutcome] = []
    tapping = threading.Thread(target=lambda: outcomes.append(site.building.tap(card, "lab/in", timeout_s=timeout_s)))
    tapping.start()
    with_hands(site, keys, timeout_s)
    tapping.join(30)
    return outcomes[0]


def with_hands(site: SiteProcess, keys: str, timeout_s: float = 4.0) -> bool:
    """A second pair of hands at the keypad."""
    with BuildingClient(site.endpoint) as hands:
        return hands.type_keys("lab/in", keys, timeout_s=timeout_s)


def entry(site: SiteProcess, before: int, kind: str = "entry.granted", **fields: Any) -> Record:
    return site.wait_record(kind, before, portal="lab", **fields)


def test_badge_and_pin_open(house: tuple[SiteProcess, Ear]) -> None:
    """The right PIN after the badge opens the door, by one record that says that it was proved (C7.1)."""
    site, _ = house
    before = site.size()

    outcome = tap_and_type(site, "card-1", f"{PIN}#")

    assert outcome.opened
    granted = entry(site, before, person=1)
    assert (granted.v, granted.body.pin) == (2, 1)
    site.wait_record("door.closed", before, portal="lab")
    assert "entry.refused" not in {record.kind for record in site.records(before)}


def test_the_badge_alone_opens_nothing(house: tuple[SiteProcess, Ear]) -> None:
    """Without a PIN in time the door stays shut, and the refusal has the code `pin` (C7.1)."""
    site, _ = house
    before = site.size()

    assert not site.building.tap("card-2", "lab/in", timeout_s=1.0).opened

    assert entry(site, before, "entry.refused", code="pin").body.person == 2
    assert "pin.missed" not in {record.kind for record in site.records(before)}


def test_where_no_pin_is_asked_for_the_badge_does(house: tuple[SiteProcess, Ear]) -> None:
    """Outside the hours in which a portal asks for a PIN the badge alone opens."""
    site, _ = house
    before = site.size()

    assert site.building.tap("card-2", "front/in").opened
    assert site.wait_record("entry.granted", before, portal="front").v == 1
    site.wait_record("door.closed", before, portal="front")


def test_duress_opens_and_alarms(house: tuple[SiteProcess, Ear]) -> None:
    """The PIN for duress opens the door as the right one does; the alarm is on record, and no lamp or lock tells of it."""
    site, _ = house
    before = site.size()

    outcome = tap_and_type(site, "card-1", f"{DURESS}#")

    assert outcome.opened
    alarm = site.wait_record("pin.duress", before, portal="lab", person=1)
    granted = entry(site, before, person=1)
    assert alarm.seq < granted.seq and granted.v == 2
    site.wait_record("door.closed", before, portal="lab")


def test_wrong_pins_lock_out_and_an_operator_unlocks(house: tuple[SiteProcess, Ear]) -> None:
    """Wrong PINs in a row lock the badge out, also for the right one and over a restart, until an operator lifts it."""
    site, ear = house
    before = site.size()
    for _ in range(3):
        assert not tap_and_type(site, "card-3", f"{WRONG}#", timeout_s=2.0).opened
    locked = entry(site, before, "pin.locked")
    assert (locked.body.person, locked.body.failures) == (3, 3)
    assert [r.body.code for r in site.records(before) if r.kind == "entry.refused"] == ["pin"] * 3
    site.kill()
    site.start()

    assert not site.building.tap("card-3", "lab/in", timeout_s=0.6).opened
    entry(site, locked.seq, "entry.refused", code="pin_lockout")
    ear.ask(UnlockPin(3), 2)
    assert tap_and_type(site, "card-3", f"{PIN}#").opened
    site.wait_record("door.closed", locked.seq, portal="lab")


def test_a_badge_retired_between_tap_and_pin(house: tuple[SiteProcess, Ear]) -> None:
    """A badge that is retired while its holder types opens nothing, though the PIN is right (C7.4)."""
    site, ear = house
    before, tapped = site.size(), threading.Event()
    outcomes: list[TapOutcome] = []

    def tap() -> None:
        outcomes.append(site.building.tap("card-4", "lab/in", timeout_s=4.0))
        tapped.set()

    threading.Thread(target=tap).start()
    assert with_hands(site, PIN), "asked, and typed all but the end"
    ear.ask(RetireBadge(4, "lost"), 1)
    assert with_hands(site, "#")

    assert entry(site, before, "entry.refused").body.code == "active_badge"
    assert tapped.wait(10) and not outcomes[0].opened


def test_killed_between_tap_and_pin(house: tuple[SiteProcess, Ear]) -> None:
    """A controller that is killed while somebody types opens nothing, neither then nor when it runs again."""
    site, _ = house
    tapping = threading.Thread(target=lambda: site.building.tap("card-1", "lab/in", timeout_s=3.0, walk=False))
    tapping.start()
    assert with_hands(site, PIN)
    site.kill()
    tapping.join(20)
    before = site.size()
    site.start()

    assert not with_hands(site, "#", 0.5), "nobody asks any more"
    assert not {"entry.granted", "entry.refused"} & {record.kind for record in site.records(before)}
    assert tap_and_type(site, "card-1", f"{PIN}#").opened
    site.wait_record("door.closed", before, portal="lab")


def test_a_pin_is_chosen_at_the_door(house: tuple[SiteProcess, Ear]) -> None:
    """An operator's request lets the person choose: badge, PIN twice, `#`; then it opens, and no digit crossed the wire."""
    site, ear = house
    before = site.size()
    ear.ask(EnrolPin(5, "lab/in"), 1)
    site.wait_record("pin_enrolment.opened", before, person=5)

    tapping = threading.Thread(target=lambda: site.building.tap("card-5", "lab/in", timeout_s=1.0, walk=False))
    tapping.start()
    assert with_hands(site, f"12345678#{SECOND}#{SECOND}##", 8.0)
    tapping.join(20)

    chosen = site.wait_record("pin.set", before, person=5)
    assert chosen.body.reader == "lab/in"
    assert tap_and_type(site, "card-5", f"{SECOND}#").opened
    site.wait_record("door.closed", chosen.seq, portal="lab")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("1234",), "Too few digits"),
        ((PIN, WRONG), "The second time it was another"),
        ((PIN, PIN, PIN[:-1] + "7"), "one slip away"),
        (("12345678",), "too easy to guess"),
    ],
)
def test_what_is_no_good_pin_at_the_console(house: tuple[SiteProcess, Ear], typed: tuple[str, ...], says: str) -> None:
    """At the console a weak PIN, one typed differently and one for duress that is a slip away are refused in words."""
    site, _ = house
    before = site.size()

    done = set_pin(site, 2, *typed)

    assert done.returncode == 1 and says in done.stderr and PIN not in done.stdout + done.stderr
    assert "pin.set" not in {record.kind for record in site.records(before)}


def test_how_a_pin_stands_at_the_console(house: tuple[SiteProcess, Ear]) -> None:
    """`sekimori pin show`, `clear` and `unlock` say how a PIN stands and change it, and never say the PIN."""
    site, _ = house
    before = site.size()

    assert "set (" in site.sekimori("pin", "show", "2").stdout
    refused = site.sekimori("pin", "unlock", "2")
    assert refused.returncode == 1 and "state does not allow" in refused.stderr
    assert site.sekimori("pin", "clear", "2").returncode == 0
    site.wait_record("pin.cleared", before, person=2)
    shown = site.sekimori("pin", "show", "2")
    assert shown.returncode == 1 and "no PIN" in shown.stdout


def test_no_digit_and_no_hash_is_anywhere(house: tuple[SiteProcess, Ear]) -> None:
    """In no byte that was written or sent stands a PIN that was typed, and in none that was sent or logged stands a hash."""
    site, ear = house
    until("the newest record was sent", lambda: b"pin.cleared" in b"".join(ear.heard) or None)
    written = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file() and not path.is_socket()}
    sent = b"\n".join(ear.heard)
    digits = [pin.encode() for pin in (PIN, DURESS, WRONG, SECOND)]

    assert {"ledger.sqlite3", "ledger.sqlite3-wal", "controller.log", "building.log"} <= {path.name for path in written}
    for where, data in {**written, Path("mqtt"): sent}.items():
        assert not [pin for pin in digits if pin in data or pin[::-1] in data], where
    hashes = [half for row in kept(site) for half in row]
    assert len(hashes) >= 8
    records = b"".join(row[0] for row in site.query("select bytes from record"))
    logs = b"".join(data for path, data in written.items() if path.suffix in (".log", ".json", ".toml"))
    for half in hashes:
        for form in (half, half[:16], half[16:], half.hex().encode(), half[16:].hex().encode()):
            assert form not in sent + records + logs


def kept(site: SiteProcess) -> list[tuple[bytes, bytes]]:
    """The hashes that verify PINs now."""
    connection = sqlite3.connect(f"file:{site.data / 'ledger.sqlite3'}?mode=ro", uri=True)
    try:
        rows: list[tuple[bytes, bytes]] = connection.execute(
            "select own, duress from pin_secret where own <> zeroblob(48)"
        ).fetchall()
    finally:
        connection.close()
    return rows
