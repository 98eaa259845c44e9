"""A badge reader on nfcpy: one `poll` is one round of the antenna.

nfcpy is used through `sense()` and `nfc.tag.activate` alone. Its `connect()` blocks, calls back and turns a lost reader
into a logged False. What nfcpy leaks on a bad frame (binascii.Error, UnicodeDecodeError, IndexError …), and a number of
impossible length, is counted here and the reader reopened; only several in a row are a fault. A reader that is gone is
a fault at once, and each later `poll` tries to open it again, no faster than every half second.

FeliCa comes first in the round: it is what people carry here, and the others would delay it. Only a FeliCa Lite-S is
asked for a proof; of all others the number is taken from the answer to the poll, and no further frame is risked.
"""

import threading
from time import monotonic
from typing import Any

import nfc.clf
import nfc.tag

from hardware import felica
from hardware.address import ReaderAddress
from hardware.card_keys import CardKeys
from hardware.nfc_frontend import open_frontend
from hardware.protocols import Assurance, CardRead, HardwareFault

GARBLED_LIMIT = 5
"""So many rounds in a row must leak before the reader is called garbled."""
REOPEN_PACE_S = 0.5
LEFT_AFTER_ROUNDS = 2
"""Empty rounds until a card counts as taken away: at the edge of the field single rounds miss it."""
TRIES = 2
"""A card that is still there after a failed proof gets one more try: a frame may have been lost in the air."""

SLOW_S = 0.3
"""An antenna that took so long to find nothing is not asked again in the same round: it may be gone altogether."""

_FIRST, _OTHERS = "212F", ("106A", "106B")
_RANDOM_UID_FIRST = 0x08
_NFC_DEP_IDM = b"\x01\xfe"


class NfcReader:
    """A `Reader`. `poll` belongs to one thread; `arm` and `close` may be called from any."""

    def __init__(self, address: ReaderAddress, keys: CardKeys) -> None:
        """Opens nothing: a missing reader is reported by the first `poll`."""
        self._address = address
        self._keys = keys
        self._frontend: Any = None
        self._next_open_at = 0.0
        self._garbled_in_row = 0
        self.garbled_total = 0
        self._held = b""
        self._empty_rounds = 0
        self._arming = threading.Lock()
        self._armed_until: float | None = None
        self._begun = b""
        self._closing = threading.Event()

    def arm(self, until: float | None) -> None:
        """Until this `time.monotonic()`, a blank card is personalised before it is reported; None disarms."""
        with self._arming:
            self._armed_until = until

    def close(self) -> None:
        """Gives the reader back; a `poll` that waits returns, and from now on each finds nothing."""
        self._closing.set()
        self._drop()

    def poll(self) -> CardRead | None:
        """One round: the card that has newly come, or None. Raises HardwareFault."""
        if self._closing.is_set() or (self._frontend is None and not self._open()):
            return None
        try:
            read = self._round()
        except OSError as error:
            if self._closing.is_set():
                return None
            self._drop()
            raise HardwareFault(self._address.url, "silent", f"{type(error).__name__}: {error}") from error
        except Exception as error:  # noqa: BLE001 (nfcpy leaks what it met in a bad frame)
            if not self._closing.is_set():
                self._count_garbled(error)
            return None
        self._garbled_in_row = 0
        return read

    def _open(self) -> bool:
        self._closing.wait(max(0.0, self._next_open_at - monotonic()))
        if self._closing.is_set():
            return False
        self._next_open_at = monotonic() + REOPEN_PACE_S
        self._frontend = open_frontend(self._address)
        return True

    def _drop(self) -> None:
        frontend, self._frontend = self._frontend, None
        if frontend is None:
            return
        try:
            frontend.close()
        except Exception:  # noqa: BLE001, S110 (closing a reader that is gone; what it says then helps nobody)
            pass

    def _count_garbled(self, error: Exception) -> None:
        self._drop()
        self._next_open_at = 0.0
        self.garbled_total += 1
        self._garbled_in_row += 1
        if self._garbled_in_row >= GARBLED_LIMIT:
            self._next_open_at = monotonic() + REOPEN_PACE_S
            raise HardwareFault(self._address.url, "garbled", type(error).__name__) from error

    def _round(self) -> CardRead | None:
        target = self._sense()
        if target is None:
            self._note_empty()
            return None
        sensed_at = monotonic()
        number = _number(target)
        self._empty_rounds = 0
        if number == self._held:
            return None
        read = self._read(target, number, sensed_at)
        self._held = number
        return read

    def _note_empty(self) -> None:
        self._empty_rounds += 1
        if self._empty_rounds >= LEFT_AFTER_ROUNDS:
            self._held = b""

    def _sense(self) -> Any:  # noqa: ANN401
        began = monotonic()
        target = self._frontend.sense(nfc.clf.RemoteTarget(_FIRST))
        if target is not None or monotonic() - began > SLOW_S:
            return target
        return self._frontend.sense(*(nfc.clf.RemoteTarget(name) for name in _OTHERS))

    def _read(self, target: Any, number: bytes, sensed_at: float) -> CardRead:  # noqa: ANN401
        tag = self._lite_s(target)
        if tag is None:
            return _plain_read(target, sensed_at)
        proof = self._try(tag)
        for _ in range(TRIES - 1):
            if proof.problem not in ("card", "proof"):
                break
            again = self._sense()
            if again is None or _number(again) != number or (tag := self._lite_s(again)) is None:
                break
            proof = self._try(tag)
        return self._proven_read(proof, sensed_at)

    def _lite_s(self, target: Any) -> Any:  # noqa: ANN401
        if not target.brty.endswith("F"):
            return None
        tag = nfc.tag.activate(self._frontend, target)
        return tag if felica.is_lite_s(tag) else None

    def _try(self, tag: Any) -> felica.Proof:  # noqa: ANN401
        proof = felica.personalise(tag, self._keys) if self._armed() else felica.prove(tag, self._keys)
        if proof.written:
            self._begun = proof.idm
        return proof

    def _armed(self) -> bool:
        with self._arming:
            if self._armed_until is None or monotonic() >= self._armed_until:
                self._armed_until, self._begun = None, b""
            return self._armed_until is not None

    def _proven_read(self, proof: felica.Proof, sensed_at: float) -> CardRead:
        # A card whose last torn try had written everything finds nothing left to write: it counts as personalised too.
        personalised = proof.problem is None and proof.idm == self._begun
        if personalised:
            self._begun = b""
            self.arm(None)
        assurance = Assurance.ID_ONLY if proof.problem else Assurance.MUTUAL
        return CardRead(
            proof.credential,
            assurance,
            _label(proof.idm),
            proof.problem,
            personalised=personalised,
            sensed_at=sensed_at,
        )


def _number(target: Any) -> bytes:  # noqa: ANN401
    """What the card calls itself: IDm, UID or PUPI. Raises ValueError for a length that no card has."""
    lengths: tuple[int, ...] = (4,)
    match target.brty[-1]:
        case "F":
            number, lengths = target.sensf_res[1:9], (8,)
        case "A" if target.sdd_res:
            number, lengths = target.sdd_res, (4, 7, 10)
        case "A":
            number = target.rid_res[2:6]
        case _:
            number = target.sensb_res[1:5]
    if len(number) not in lengths:
        raise ValueError(f"a card's number of {len(number)} bytes")
    return bytes(number)


def _plain_read(target: Any, sensed_at: float) -> CardRead:  # noqa: ANN401
    number = _number(target)
    name = {"F": "felica", "A": "nfca", "B": "nfcb"}[target.brty[-1]]
    if _drawn_anew(name, number):
        return CardRead("", Assurance.ID_ONLY, _label(number), "identity", sensed_at=sensed_at)
    return CardRead(f"{name}:{number.hex()}", Assurance.ID_ONLY, _label(number), sensed_at=sensed_at)


def _drawn_anew(name: str, number: bytes) -> bool:
    """Whether the card draws its number anew each time (phones, passports): it names nobody."""
    if name == "nfca":
        return len(number) == 4 and number[0] == _RANDOM_UID_FIRST
    return name == "felica" and number[:2] == _NFC_DEP_IDM


def _label(number: bytes) -> str:
    return number[-2:].hex(":").upper()
