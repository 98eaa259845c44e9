"""Two things the hardware tests hold in their hands: a reader on an antenna, and a building in a process of its own.

Beside the folder and not in it, because a package `tests/hardware` would hide the package `hardware`.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from hardware.address import parse_reader
from hardware.card_keys import CardKeys
from hardware.nfc_reader import NfcReader
from hardware.protocols import CardRead
from hardware.simulated.client import BuildingClient
from hardware.simulated.felica_card import FelicaLiteSCard
from hardware.simulated.field import Card, Field

IDM = bytes.fromhex("0102030405060708")


class Bench:
    """One antenna and one reader on it."""

    def __init__(self, keys: CardKeys) -> None:
        self.keys = keys
        self.field = Field()
        self.reader = NfcReader(parse_reader(f"nfc+udp://127.0.0.1:{self.field.port}"), keys)

    def own_card(self, idm: bytes = IDM) -> FelicaLiteSCard:
        """A personalised card of this site."""
        return FelicaLiteSCard(idm, self.keys.key(idm), 1)

    def tap(self, card: Card) -> CardRead:
        """Lays the card down, reads it, takes it away and lets the reader notice."""
        self.field.place(card)
        read = self.until_read()
        self.leave()
        return read

    def until_read(self) -> CardRead:
        """Polls until a card is reported, for at most five seconds."""
        deadline = monotonic() + 5
        while monotonic() < deadline:
            if (read := self.reader.poll()) is not None:
                return read
        raise AssertionError("no card was reported")

    def leave(self) -> None:
        """Takes the card away; the reader sees an empty antenna for some rounds."""
        self.field.remove()
        for _ in range(3):
            assert self.reader.poll() is None

    def close(self) -> None:
        """Frees the port."""
        self.reader.close()
        self.field.close()


class BuildingProcess:
    """A simulated building with one door, `front`, a spare reader `spare`, and a key cabinet `main` of two slots."""

    PLAN = """
listen = "{listen}"
log = "{folder}/building.log"
state = "{folder}/cards.json"
hung = "{folder}/hung.json"
[[reader]]
id = "front-in"
keypad = "simulated:60"
[[reader]]
id = "spare"
[[door]]
id = "front"
reader_in = "front-in"
lock = "simulated:17{lock_options}"
dps = "simulated:5"
rex = "simulated:6?active_low"
red = "simulated:20"
green = "simulated:21"
blue = "simulated:22"
buzzer = "simulated:23"
limit_s = {limit_s}
[[cabinet]]
id = "main"
[[cabinet.slot]]
number = 1
release = "simulated:101"
present = "simulated:102"
tag = "simulated:103"
key = "office"
limit_s = {limit_s}
[[cabinet.slot]]
number = 2
release = "simulated:111?active_low"
present = "simulated:112?active_low"
tag = "simulated:113"
limit_s = {limit_s}
[[key]]
name = "office"
tag = "01-00000c0ffee1"
[[key]]
name = "plain"
[[card]]
name = "own"
kind = "felica-lite-s"
idm = "0102030405060708"
key = "{key}"
[[card]]
name = "blank"
kind = "felica-lite-s"
idm = "0102030405060709"
"""

    def __init__(
        self,
        folder: Path,
        keys: CardKeys,
        limit_s: float = 30.0,
        lock_options: str = "",
        listen: str = "127.0.0.1:0",
    ) -> None:
        self.log = folder / "building.log"
        plan = folder / "building.toml"
        plan.write_text(
            self.PLAN.format(
                folder=folder, key=keys.key(IDM).hex(), limit_s=limit_s, lock_options=lock_options, listen=listen
            )
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hardware.simulated", str(plan)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.endpoint: str = said["listen"]
        self.ports: dict[str, int] = said["readers"]
        self.client = BuildingClient(self.endpoint)

    def reader(self, name: str, keys: CardKeys) -> NfcReader:
        """A reader on one of the building's antennas."""
        return NfcReader(parse_reader(f"nfc+udp://127.0.0.1:{self.ports[name]}"), keys)

    def events(self, part: str | None = None) -> list[dict[str, object]]:
        """The lines of the log, of one part of the door or all."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if part is None or line.get("part") == part]

    def close(self) -> None:
        """Ends the process with SIGTERM; it must end well. Nothing happens if it has ended."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        """Ends the process with SIGKILL."""
        self.process.kill()
        self.process.wait(10)


Build = Callable[..., BuildingProcess]
"""Makes a building with the options of `BuildingProcess`; the fixture `build` is one."""
