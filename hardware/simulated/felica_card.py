"""An emulated FeliCa Lite-S: what the card answers to each frame, byte for byte.

Written without nfcpy, with another cipher library, so that it is an independent peer of `hardware/felica.py`. It was
written from nfcpy's reader code and Sony's block names, and never compared with a physical card.

The card remembers its user blocks, key, key version and write counter, also when the power goes. The random challenge,
the session key and the authentication state live only as long as the field does.
"""

from collections.abc import Mapping

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

PMM = bytes.fromhex("00F1FFFFFFFFFFFF")
"""A Lite-S by its IC code F1. The true card's 00F1000000014300 allows 1 ms an answer: too little under load."""
SYSTEM_CODE = bytes.fromhex("88B4")

RC, MAC, ID, DEVICE, SERVICES, SYSTEM, CKV, CK, MC, WCNT, MAC_A, STATE = (
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x90, 0x91, 0x92,
)  # fmt: skip
_USER_BLOCKS = range(15)
_WRITABLE = frozenset({*_USER_BLOCKS, CKV, MC})

_POLL, _READ, _WRITE = 0x00, 0x06, 0x08
_OK = b"\x00\x00"


def _reversed_halves(data: bytes) -> bytes:
    # FeliCa is little endian inside each eight bytes.
    return b"".join(data[at : at + 8][::-1] for at in range(0, len(data), 8))


def _triple_des(key: bytes, iv: bytes, data: bytes) -> bytes:
    encryptor = Cipher(TripleDES(key + key[:8]), CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _mac(key: bytes, iv: bytes, data: bytes) -> bytes:
    return _triple_des(key, iv, _reversed_halves(data))[-8:][::-1]


class FelicaLiteSCard:
    """One card. Called from the antenna's thread alone."""

    technologies: tuple[bytes, ...] = (b"212F", b"424F")

    def __init__(self, idm: bytes, key: bytes = bytes(16), version: int = 0) -> None:
        self.idm = idm
        self.key = key
        self.write_count = 0
        self.changed = False
        """Something that outlives the field was written; whoever stores the card sets it back."""
        self._blocks = {number: bytes(16) for number in _WRITABLE}
        self._blocks[CKV] = version.to_bytes(2, "little") + bytes(14)
        self._blocks[MC] = bytes.fromhex("FFFFFF01070000000000000000000000")
        self._fixed = {
            ID: idm + bytes(8),
            DEVICE: idm + PMM,
            SERVICES: bytes(16),
            SYSTEM: SYSTEM_CODE + bytes(14),
            RC: bytes(16),  # write only, as is CK
            CK: bytes(16),
        }
        self.power_off()

    def power_off(self) -> None:
        """The field went: challenge, session and authentication are forgotten."""
        self._challenge = self._session = b""
        self._authenticated = False

    @property
    def version(self) -> int:
        """The key version in CKV; 0 on a blank card."""
        return int.from_bytes(self._blocks[CKV][:2], "little")

    def memory(self) -> dict[str, str]:
        """What outlives the field, for storing."""
        blocks = {f"{number:02x}": data.hex() for number, data in sorted(self._blocks.items())}
        return {"key": self.key.hex(), "write_count": str(self.write_count), **blocks}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Takes up what `memory` gave. Raises ValueError or KeyError on anything else."""
        self.key = bytes.fromhex(memory["key"])
        self.write_count = int(memory["write_count"])
        for number in self._blocks:
            self._blocks[number] = bytes.fromhex(memory[f"{number:02x}"])

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        """The answer to one frame with its length byte, or None: the card keeps silent."""
        if len(frame) < 2 or frame[0] != len(frame):
            return None
        if frame[1] == _POLL and len(frame) == 6:
            body = self._polled(frame[2:4], frame[4])
        elif frame[1] == _READ and frame[2:10] == self.idm:
            body = b"\x07" + self.idm + self._read(frame[10:])
        elif frame[1] == _WRITE and frame[2:10] == self.idm:
            body = b"\x09" + self.idm + self._write(frame[10:])
        else:
            return None
        return None if body is None else bytes([len(body) + 1]) + body

    def _polled(self, system: bytes, request: int) -> bytes | None:
        if any(asked not in (0xFF, own) for asked, own in zip(system, SYSTEM_CODE, strict=True)):
            return None
        extra = {1: SYSTEM_CODE, 2: b"\x00\x03"}.get(request, b"")
        return b"\x01" + self.idm + PMM + extra

    def _read(self, command: bytes) -> bytes:
        numbers, _ = _block_list(command, services=(0x000B, 0x0009))
        if not 1 <= len(numbers) <= 4:
            return b"\xff\xa2"
        data = b""
        for place, number in enumerate(numbers):
            block = self._block(number, data)
            if block is None:
                return bytes([1 << place, 0xA8])
            data += block
        return _OK + bytes([len(numbers)]) + data

    def _block(self, number: int, before: bytes) -> bytes | None:
        match number:
            case 0x81:
                mac = _mac(self._session, self._challenge[:8], before) if self._session and before else bytes(8)
                return mac + bytes(8)
            case 0x90:
                return self.write_count.to_bytes(3, "little") + bytes(13)
            case 0x92:
                return bytes([self._authenticated]) + bytes(15)
        return self._blocks.get(number) or self._fixed.get(number)

    def _write(self, command: bytes) -> bytes:
        numbers, data = _block_list(command, services=(0x0009,))
        if len(numbers) == 2 and numbers[1] == MAC_A and len(data) == 32:
            return self._write_with_mac(numbers[0], data[:16], data[16:])
        if len(numbers) != 1 or len(data) != 16:
            return b"\xff\xa2"
        return self._write_plain(numbers[0], data)

    def _write_plain(self, number: int, data: bytes) -> bytes:
        if number == RC:
            self._challenge = _reversed_halves(data)
            self._session = _triple_des(self.key, bytes(8), self._challenge)
            self._authenticated = False
        elif number == CK:
            self.key = _reversed_halves(data)
            self.changed = True
        elif number in _WRITABLE:
            self._blocks[number] = data
            self.changed = True
        else:
            return b"\x01\xa8"
        self.write_count += 1
        return _OK

    def _write_with_mac(self, number: int, data: bytes, proof: bytes) -> bytes:
        if not self._session or number not in (STATE, *_WRITABLE):
            return b"\x01\xa8"
        count = self.write_count.to_bytes(3, "little")
        covered = count + b"\x00" + bytes([number]) + b"\x00\x91\x00" + data
        flipped = self._session[8:] + self._session[:8]
        if proof[:8] != _mac(flipped, self._challenge[:8], covered) or proof[8:11] != count:
            return b"\x02\xb2"
        self.write_count += 1
        if number == STATE:
            self._authenticated = data[0] == 1
        else:
            self._blocks[number] = data
            self.changed = True
        return _OK


def _block_list(command: bytes, services: tuple[int, ...]) -> tuple[list[int], bytes]:
    """The block numbers of a read or write command, and what follows them; no numbers if it is malformed."""
    if len(command) < 4 or command[0] != 1 or int.from_bytes(command[1:3], "little") not in services:
        return [], b""
    at, numbers = 4, []
    for _ in range(command[3]):
        element = command[at : at + 3]
        if len(element) < 2 or (not element[0] & 0x80 and len(element) < 3):
            return [], b""
        short = bool(element[0] & 0x80)
        numbers.append(element[1] if short else int.from_bytes(element[1:3], "little"))
        at += 2 if short else 3
    return numbers, command[at:]
