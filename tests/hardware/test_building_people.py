"""People in the building: they tap, walk, press, and bring cards; and those who talk nonsense to it."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

import pytest
from hardware_bench import Build, BuildingProcess

from hardware.address import parse_pin
from hardware.card_keys import CardKeys
from hardware.gpio import GpioLock
from hardware.nfc_reader import NfcReader
from hardware.simulated.client import BuildingClient, BuildingRefused, Snapshot
from hardware.simulated.pins import SimulatedFactory


class Opener:
    """The smallest controller: opens for whatever is proven. A thread, ended by `close`."""

    def __init__(self, reader: NfcReader, lock: GpioLock) -> None:
        self._ended = threading.Event()
        self._reader, self._lock = reader, lock
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.002):
            read = self._reader.poll()
            if read is not None and read.problem is None:
                self._lock.release()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._reader.close()


def secure(seen: Snapshot) -> bool:
    """Whether the front door's lock holds."""
    return not seen.doors["front"].released


def test_tap_opens_and_the_person_walks_through(building: BuildingProcess, keys: CardKeys) -> None:
    """A right card opens the door: the lock is released after the card came, the leaf opens and closes again."""
    factory = SimulatedFactory(building.endpoint)
    opener = Opener(building.reader("front-in", keys), GpioLock(parse_pin("simulated:17"), factory))

    outcome = building.client.tap("own", "front-in", pass_s=0.05)

    assert outcome.lock_released_at is not None
    assert outcome.opened
    assert outcome.ms is not None
    assert 0 < outcome.ms < 3000
    assert outcome.card_at < outcome.lock_released_at
    building.client.wait_for(lambda seen: not seen.doors["front"].leaf_open)
    assert None is building.client.look().cards["front-in"]
    again = building.client.tap("own", "front-in", walk=False)
    assert (True, False) == (again.lock_released_at is not None, again.opened)
    opener.close()
    factory.close()


def test_refused_tap_opens_nothing(building: BuildingProcess, keys: CardKeys) -> None:
    """A blank card, and a card that nobody reads, open nothing, and the outcome says which it was."""
    unread = building.client.tap("own", "front-in", timeout_s=0.2)
    factory = SimulatedFactory(building.endpoint)
    opener = Opener(building.reader("front-in", keys), GpioLock(parse_pin("simulated:17"), factory))
    refused = building.client.tap("blank", "front-in", timeout_s=0.5)

    assert (None, False, None, False) == (unread.lock_released_at, unread.opened, unread.ms, unread.read)
    assert (None, False, None, True) == (refused.lock_released_at, refused.opened, refused.ms, refused.read)
    assert not building.client.walk("front")
    opener.close()
    factory.close()


def test_personalised_card_outlives_the_building(build: Build, keys: CardKeys) -> None:
    """A card personalised at one antenna is good at another, also after the building was killed and started again."""
    building = build()
    reader = building.reader("spare", keys)
    reader.arm(monotonic() + 60)
    building.client.place("blank", "spare")
    while (read := reader.poll()) is None:
        pass
    assert read.personalised
    reader.close()
    building.kill()

    again = build()
    reader = again.reader("front-in", keys)
    again.client.place("blank", "front-in")
    while (read := reader.poll()) is None:
        pass
    assert None is read.problem
    assert 0o600 == (again.log.parent / "cards.json").stat().st_mode & 0o777
    reader.close()


def test_cards_and_faults_can_be_added(building: BuildingProcess, keys: CardKeys) -> None:
    """A card added while the building runs can be tapped, torn away and garbled."""
    building.client.add_card("visitor", "nfca", "04112233445566")
    reader = building.reader("spare", keys)
    building.client.fault("spare", "not_hex")
    assert None is reader.poll()
    building.client.place("visitor", "spare")
    read = reader.poll()
    assert read is not None
    assert "nfca:04112233445566" == read.credential
    building.client.remove("spare")
    building.client.place("own", "spare")
    building.client.fault("spare", "tear", count=3)
    read = reader.poll()
    assert read is not None
    assert "card" == read.problem
    reader.close()


@pytest.mark.parametrize("use", ["tap", "place", "walk", "fault", "add_card"])
def test_what_is_not_there_is_refused(building: BuildingProcess, use: str) -> None:
    """An unknown card, reader, door, fault or kind of card is refused in a sentence; the connection lives on."""
    client = building.client
    uses = {
        "tap": lambda: client.tap("nobody", "front-in", timeout_s=0.1),
        "place": lambda: client.place("own", "nowhere"),
        "walk": lambda: client.walk("nowhere"),
        "fault": lambda: client.fault("front-in", "gremlins"),
        "add_card": lambda: client.add_card("odd", "nfca", "0411"),
    }
    with pytest.raises(BuildingRefused):
        uses[use]()
    assert secure(client.look())


def test_several_hands_at_once(building: BuildingProcess, keys: CardKeys) -> None:
    """While one client waits for a tap, another looks, presses and is answered at once."""
    waiting = threading.Thread(target=building.client.tap, args=("own", "front-in"), kwargs={"timeout_s": 1.0})
    waiting.start()
    with BuildingClient(building.endpoint) as other:
        before = monotonic()
        other.press_rex("front", hold_s=30)
        assert other.look().doors["front"].rex_pressed
        assert monotonic() - before < 0.9
    waiting.join(5)


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"op":"explode"}\n', b"x" * 70_000, b'{"op":"look","depth":1}\n'])
def test_nonsense_ends_the_connection_only(building: BuildingProcess, line: bytes) -> None:
    """A line that is no request, or too long, ends its own connection and nothing else."""
    host, port = building.endpoint.split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(line)
        try:
            assert b"" == connection.recv(100)
        except ConnectionResetError:
            pass
    assert secure(building.client.look())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "log"),
        ('log = "/tmp/x"\nsurprise = 1', "surprise"),
        ('log = "/tmp/x"\n[[door]]\nid = "a"\nlock = "gpio:1"\ndps = "simulated:2"', "simulated:1"),
        ('log = "/tmp/x"\n[[door]]\nid = "a"\nlock = "simulated:2"\ndps = "simulated:2"', "more than one pin"),
        (
            'log = "/tmp/x"\n[[door]]\nid = "a"\nlock = "simulated:1"\ndps = "simulated:2"\nreader_in = "r"',
            "not in the",
        ),
    ],
)
def test_bad_plan_is_one_sentence(tmp_path: Path, content: str, says: str) -> None:
    """A bad plan ends the process with code 2 and one line that says what is wrong."""
    plan = tmp_path / "plan.toml"
    plan.write_text(content)

    ended = subprocess.run(
        [sys.executable, "-m", "hardware.simulated", str(plan)], capture_output=True, text=True, timeout=20
    )

    assert 2 == ended.returncode
    assert says in ended.stderr
    assert 1 == ended.stderr.count("\n")


def test_log_holds_no_card(building: BuildingProcess, keys: CardKeys) -> None:
    """The log knows doors, readers and pins, but no card's name, number or key."""
    building.client.tap("own", "spare", timeout_s=0.2)

    text = building.log.read_text()
    assert "card_placed" in text
    assert not any(secret in text for secret in ("own", "0102030405060708", keys.key(bytes(8)).hex()))
    assert all(json.loads(line)["at"] for line in text.splitlines())
