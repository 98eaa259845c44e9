"""The antenna of one simulated reader: carries nfcpy's UDP frames to the card that lies on it, and the answers back.

Binds 127.0.0.1 only (nfcpy's own listener binds every interface). An empty antenna answers at once with a frame that
nfcpy takes for "nothing there" or "lost on the air", because silence costs nfcpy up to a second per frame.

It is also where the air goes wrong: `tear_after` takes the card away between two frames, `garble` spoils answers.
"""

import socket
import threading
from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Callable
from time import monotonic
from typing import Protocol


class Card(Protocol):
    """What can lie on an antenna."""

    technologies: tuple[bytes, ...]
    changed: bool

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        """The answer to a frame, or None for silence."""

    def power_off(self) -> None:
        """The field went."""


GARBLES: dict[str, Callable[[bytes], bytes]] = {
    "odd_hex": lambda technology: technology + b" 123",
    "not_hex": lambda technology: technology + b" zz",
    "not_ascii": lambda technology: b"\xff\xfe 00",
    "binary": lambda technology: bytes(range(128, 160)),
    "three_fields": lambda technology: technology + b" 00 11",
    "no_payload": lambda technology: technology,
    "short_frame": lambda technology: technology + b" 12",
    "too_long": lambda technology: technology + b" " + b"00" * 500,
    "field_off": lambda technology: b"RFOFF",
    "lone_byte": lambda technology: technology + b" 01",
    "lone_zero": lambda technology: technology + b" 00",
}
"""Ways to spoil an answer, by name. The lone ones are, on 106A, a SENS_RES too short to be one."""

_POLL_A, _POLL_B = b"\x26", b"\x05\x00\x10"


def _polls(frame: bytes) -> bool:
    return frame in (_POLL_A, _POLL_B) or (len(frame) == 6 and frame[:2] == b"\x06\x00")


class Field:
    """One antenna with a thread of its own. All methods may be called from any thread."""

    def __init__(self, port: int = 0, on_change: Callable[[Card], None] | None = None) -> None:
        """`on_change` is called from the antenna's thread, before the answer leaves, when a card has written."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._on_change = on_change
        self._state = threading.Condition()
        self._card: Card | None = None
        self._frames_left: int | None = None
        self._lose_answer = False
        self._garble: tuple[str, int] | None = None
        self._good_before_garble = 0
        self._seen = self._empty = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"field-{self.port}", daemon=True)
        self._thread.start()

    @property
    def card(self) -> Card | None:
        """What lies on the antenna now."""
        with self._state:
            return self._card

    def place(self, card: Card) -> None:
        """Lays a card on the antenna, in the place of what lay there."""
        with self._state:
            if self._card is not None:
                self._take_off()  # a tear that was asked for while nothing lay here is for the card that comes now
            self._card = card
            self._seen = self._empty = 0
            self._state.notify_all()

    def remove(self) -> None:
        """Takes the card away. Nothing happens if there is none."""
        with self._state:
            self._take_off()

    def tear_after(self, frames: int, *, lose_answer: bool = False) -> None:
        """Takes the card away after it has answered so many frames from now.

        With `lose_answer` it goes one moment later: the next command still reaches it, the answer does not come back.
        """
        with self._state:
            self._frames_left, self._lose_answer = frames, lose_answer

    def garble(self, kind: str, count: int = 1, after: int = 0) -> None:
        """Spoils so many answers, also those of the empty antenna, after so many good ones; 0 spoils no more.

        Raises KeyError for an unknown kind.
        """
        _ = GARBLES[kind]
        with self._state:
            self._garble = (kind, count) if count > 0 else None
            self._good_before_garble = after

    def wait_read(self, polls: int, timeout_s: float, also: Callable[[], bool] = lambda: False) -> bool:
        """Waits until the card has answered so many polls, was torn away, or `also` holds; False when time is up."""
        return self._wait(lambda: self._seen >= polls or self._card is None or also(), timeout_s)

    def wait_empty(self, polls: int, timeout_s: float) -> bool:
        """Waits until so many polls in a row found nothing; False when time is up, or nobody polls."""
        return self._wait(lambda: self._empty >= polls, timeout_s)

    def wake(self) -> None:
        """Lets `wait_read` look at its `also` again."""
        with self._state:
            self._state.notify_all()

    def close(self) -> None:
        """Frees the port and ends the thread. May be called twice."""
        with self._state:
            if self._closed:
                return
            self._closed = True
        # A blocked recvfrom does not notice close(): send the antenna one last datagram.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(2)
        self._socket.close()

    def _wait(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        deadline = monotonic() + timeout_s
        with self._state:
            while not holds():
                left = deadline - monotonic()
                if left <= 0:
                    return False
                self._state.wait(left)
            return True

    def _take_off(self) -> None:
        if self._card is not None:
            self._card.power_off()
        self._card = None
        self._frames_left, self._lose_answer = None, False
        self._state.notify_all()

    def _run(self) -> None:
        while True:
            try:
                datagram, peer = self._socket.recvfrom(2048)
            except OSError:
                return
            if self._closed:
                return
            reply = self._reply(datagram)
            if reply:
                self._socket.sendto(reply, peer)

    def _reply(self, datagram: bytes) -> bytes | None:
        technology, _, digits = datagram.partition(b" ")
        try:
            frame = unhexlify(digits)
        except HexError:
            return None
        with self._state:
            if technology == b"RFOFF":
                if self._card is not None:
                    self._card.power_off()
                return None
            answer = self._answer(technology, frame)
            self._count(frame, answer)
            return self._spoilt(technology, answer)

    def _answer(self, technology: bytes, frame: bytes) -> bytes | None:
        card = self._card
        answer: bytes | None = None
        if card is not None and technology in card.technologies and not self._torn(card, technology, frame):
            answer = card.answer(technology, frame)
            self._store(card)
        if answer is not None:
            return technology + b" " + answer.hex().encode()
        if not _polls(frame) or technology.endswith(b"A"):
            return technology
        return technology + b" 00"

    def _torn(self, card: Card, technology: bytes, frame: bytes) -> bool:
        if self._frames_left is None:
            return False
        self._frames_left -= 1
        if self._frames_left >= 0:
            return False
        if self._lose_answer:
            card.answer(technology, frame)
            self._store(card)
        self._take_off()
        return True

    def _store(self, card: Card) -> None:
        if card.changed:
            card.changed = False
            if self._on_change is not None:
                self._on_change(card)

    def _count(self, frame: bytes, answer: bytes | None) -> None:
        if not _polls(frame):
            return
        found = answer is not None and answer.partition(b" ")[2] not in (b"", b"00")
        if found:
            self._seen, self._empty = self._seen + 1, 0
        elif self._card is None:
            self._empty += 1
        self._state.notify_all()

    def _spoilt(self, technology: bytes, answer: bytes | None) -> bytes | None:
        if self._garble is None or answer is None:
            return answer
        if self._good_before_garble > 0:
            self._good_before_garble -= 1
            return answer
        kind, left = self._garble
        self._garble = (kind, left - 1) if left > 1 else None
        return GARBLES[kind](technology)
