"""An antenna that answers anything at all: each round of the reader is a card, nothing, or a fault of the part."""

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from hardware.address import parse_reader
from hardware.card_keys import CardKeys
from hardware.nfc_reader import NfcReader
from hardware.protocols import Assurance, CardRead, HardwareFault

ROUNDS = 60
TECHNOLOGIES = (b"212F", b"106A", b"106B", b"424F", b"", b"\xff\xfe", b"999Z")


def answer(chance: random.Random, asked: bytes) -> bytes:
    """A frame of the driver's form with something wrong in it, or no such form at all."""
    technology = chance.choice((*TECHNOLOGIES, asked.split()[1] if len(asked.split()) > 1 else b""))
    data = chance.choice((b"", b"00", b"0", b"zz", chance.randbytes(chance.randrange(40)).hex().encode()))
    forms = (
        b"CMD " + technology + b" " + data,
        b"RSP " + technology + b" " + data,
        asked,
        asked[: chance.randrange(len(asked) + 1)],
        chance.randbytes(chance.randrange(60)),
        b"RFOFF",
        b"CMD",
    )
    return chance.choice(forms)


@pytest.fixture
def antenna() -> Iterator[int]:
    """The UDP port of an antenna that speaks nonsense, the same each time."""
    ending, chance = threading.Event(), random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(0.1)

        def run() -> None:
            while not ending.is_set():
                try:
                    asked, who = line.recvfrom(4096)
                except TimeoutError:
                    continue
                line.sendto(answer(chance, asked), who)

        thread = threading.Thread(target=run)
        thread.start()
        yield line.getsockname()[1]
        ending.set()
        thread.join()


def test_nonsense_on_the_antenna_is_nothing_or_a_fault(antenna: int, keys: CardKeys) -> None:
    """No frame raises anything but HardwareFault, and no nonsense counts as a card that proved anything."""
    reader = NfcReader(parse_reader(f"nfc+udp://127.0.0.1:{antenna}"), keys)
    found: list[CardRead | HardwareFault | None] = []
    for _ in range(ROUNDS):
        try:
            found.append(reader.poll())
        except HardwareFault as fault:
            found.append(fault)
    reader.close()

    assert len(found) == ROUNDS and reader.garbled_total > 0
    assert all(read.assurance is Assurance.ID_ONLY for read in found if isinstance(read, CardRead))
