"""A PN532 reader chip at the far end of a pseudo-terminal, for development and tests without one.

It answers what nfcpy's driver asks for, and was never compared with a chip. What the UDP antenna cannot show, it can:
a reader that hangs, and one that is unplugged.
"""

import os
import threading
import tty
from collections import defaultdict

from hardware.simulated.field import Card

_ACK = bytes.fromhex("0000FF00FF00")
_START = b"\x00\x00\xff"


class Pn532Chip:
    """One chip. `path` is the serial device a driver opens."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.card: Card | None = None
        self.hanging = False
        self._registers: defaultdict[bytes, int] = defaultdict(int)
        self._thread = threading.Thread(target=self._run, name="pn532", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """The device disappears. May be called twice."""
        for handle in (self._slave, self._master):
            if handle >= 0:
                os.close(handle)
        self._master = self._slave = -1

    def _run(self) -> None:
        waiting = b""
        master = self._master
        while True:
            try:
                waiting += os.read(master, 1024)
            except OSError:
                return
            while (taken := _take_frame(waiting)) is not None:
                frame, waiting = taken
                if frame and not self.hanging:
                    self._serve(master, frame)

    def _serve(self, master: int, frame: bytes) -> None:
        answer = self._answer(frame[1], frame[2:])
        try:
            os.write(master, _ACK + _wrapped(bytes([0xD5, frame[1] + 1]) + answer))
        except OSError:
            return  # unplugged meanwhile

    def _answer(self, command: int, data: bytes) -> bytes:
        match command:
            case 0x00:  # Diagnose
                return data
            case 0x02:  # GetFirmwareVersion
                return bytes.fromhex("32010607")
            case 0x06:  # ReadRegister
                return bytes(self._registers[data[at : at + 2]] for at in range(0, len(data), 2))
            case 0x08:  # WriteRegister
                for at in range(0, len(data), 3):
                    self._registers[data[at : at + 2]] = data[at + 2]
                return b""
            case 0x4A:  # InListPassiveTarget
                answer = self._to_card(bytes([6]) + data[2:]) if data[1] in (1, 2) else None
                return b"\x00" if answer is None else b"\x01\x01" + answer
            case 0x42:  # InCommunicateThru
                answer = self._to_card(data)
                return b"\x01" if answer is None else b"\x00" + answer
            case 0x16:  # PowerDown
                return b"\x00"
        return b""

    def _to_card(self, frame: bytes) -> bytes | None:
        card = self.card
        return None if card is None else card.answer(b"212F", frame)


def _take_frame(waiting: bytes) -> tuple[bytes, bytes] | None:
    """The first whole frame's content (empty for an ACK) and the rest; None when there is no whole one yet."""
    start = waiting.find(_START)
    if start < 0 or len(waiting) < start + 6:
        return None
    if waiting[start : start + 6] == _ACK:
        return b"", waiting[start + 6 :]
    length, head = waiting[start + 3], 5
    if waiting[start + 3 : start + 5] == b"\xff\xff":
        if len(waiting) < start + 8:
            return None
        length, head = int.from_bytes(waiting[start + 5 : start + 7], "big"), 8
    end = start + head + length + 2
    if len(waiting) < end:
        return None
    return waiting[start + head : start + head + length], waiting[end:]


def _wrapped(content: bytes) -> bytes:
    length = len(content)
    if length < 255:
        head = bytes([length, -length & 0xFF])
    else:
        size = length.to_bytes(2, "big")
        head = b"\xff\xff" + size + bytes([-sum(size) & 0xFF])
    return _START + head + content + bytes([-sum(content) & 0xFF, 0])
