"""Emulated cards that only say their number: a FeliCa that is no Lite-S, and a Type A card.

Anybody can make a card that says the same, which is why the real ones come out with assurance 0.
"""

from functools import reduce
from operator import xor

_REQA = b"\x26"
_ANTICOLLISION, _SELECT = 0x20, 0x70
_CASCADE = b"\x88"
_MORE_UID = 0x04


class FelicaCard:
    """A FeliCa Standard (IC code 20) of which nothing is known but IDm and system code."""

    technologies: tuple[bytes, ...] = (b"212F", b"424F")
    changed = False

    def __init__(self, idm: bytes, system: bytes = b"\x00\x03") -> None:
        self.idm = idm
        self.system = system

    def power_off(self) -> None:
        """Nothing is forgotten: nothing was remembered."""

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        """Answers polling and Request Response."""
        if len(frame) < 2 or frame[0] != len(frame):
            return None
        if frame[1] == 0x00 and len(frame) == 6:
            if any(asked not in (0xFF, own) for asked, own in zip(frame[2:4], self.system, strict=True)):
                return None
            body = b"\x01" + self.idm + bytes.fromhex("0120FFFFFFFFFFFF") + (self.system if frame[4] == 1 else b"")
        elif frame[1] == 0x04 and frame[2:10] == self.idm:
            body = b"\x05" + self.idm + b"\x00"
        else:
            return None
        return bytes([len(body) + 1]) + body


class TypeACard:
    """An ISO 14443 Type A card with a UID of 4 or 7 bytes, up to its selection."""

    technologies: tuple[bytes, ...] = (b"106A",)
    changed = False

    def __init__(self, uid: bytes) -> None:
        """Raises ValueError for a UID of another length."""
        if len(uid) not in (4, 7):
            raise ValueError(f"a Type A UID has 4 or 7 bytes here, this one has {len(uid)}")
        self.uid = uid
        self._levels = {0x93: uid} if len(uid) == 4 else {0x93: _CASCADE + uid[:3], 0x95: uid[3:]}

    def power_off(self) -> None:
        """Nothing is forgotten: nothing was remembered."""

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        """Answers REQA, anticollision and select."""
        if frame == _REQA:
            return b"\x44\x00" if len(self.uid) == 7 else b"\x04\x00"
        if len(frame) < 2 or frame[0] not in self._levels:
            return None
        part = self._levels[frame[0]]
        checked = part + bytes([reduce(xor, part)])
        if frame[1] == _ANTICOLLISION:
            return checked
        if frame[1] == _SELECT and frame[2:] == checked:
            return bytes([_MORE_UID if part.startswith(_CASCADE) else 0x00])
        return None
