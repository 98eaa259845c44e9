"""`sekimori run` with something in it that hangs, for as long as a file lies in the data directory.

    python hanging_controller.py DATA

DATA/hang-READER     the reader READER (`front-in`) is asked and does not answer
DATA/hang-loop       the loop does not come back from its turn
"""

import sys
import threading
from pathlib import Path

from controller import app, parts
from controller.cli.log import write_log
from hardware.address import ReaderAddress
from hardware.card_keys import CardKeys
from hardware.nfc_reader import NfcReader
from hardware.protocols import CardRead

DATA = Path(sys.argv[1])
PAUSE = threading.Event()


def hang_while(name: str) -> None:
    while (DATA / name).exists():
        PAUSE.wait(0.01)


class HangingReader(NfcReader):
    """A reader that hangs while its file is there."""

    def __init__(self, address: ReaderAddress, keys: CardKeys) -> None:
        super().__init__(address, keys)
        facility = app.settings_of(DATA)
        self._name = next(r.id for r in facility.readers.values() if r.device == address.url).replace("/", "-")

    def poll(self) -> CardRead | None:
        hang_while(f"hang-{self._name}")
        return super().poll()


parts.NfcReader = HangingReader  # type: ignore[misc]
write_log()
raise SystemExit(app.Controller(DATA, lambda step: hang_while("hang-loop")).run())
