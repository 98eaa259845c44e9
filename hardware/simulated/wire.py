"""What is said between the building and those who use it: JSON lines over TCP on loopback, one struct a line.

A request is answered by one `Reply` on the same connection, in order. `Edge` comes unasked, to whoever claimed the
input. Lines are bounded, sends end after a second: whoever does not listen is cut off.
"""

import socket
import struct
from datetime import datetime
from typing import Any, Literal

import msgspec

from hardware.address import Pull

LINE_LIMIT = 1 << 16
SEND_TIMEOUT_S = 1


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag=str.lower):
    """One line."""


class ClaimOutput(_Message, frozen=True):
    """The pin becomes an output at this level, in one step."""

    pin: int
    level: bool


class ClaimInput(_Message, frozen=True):
    """The pin becomes an input with this pull. The reply's value is its level."""

    pin: int
    pull: Pull


class WriteLevel(_Message, frozen=True):
    """The output takes this level; it has when the reply comes."""

    pin: int
    level: bool


class ReadLevel(_Message, frozen=True):
    """The reply's value is the pin's level now."""

    pin: int


class ReleasePin(_Message, frozen=True):
    """The pin is given back, and falls to its pull."""

    pin: int


class TakeKey(_Message, frozen=True):
    """The reply's value is the next key pressed at this keypad, or nothing. `wanted`: somebody is asked to press some."""

    pin: int
    wanted: bool


class ReadTag(_Message, frozen=True):
    """The reply's value is the number of the key that hangs at this socket, or nothing."""

    pin: int


class TypeKeys(_Message, frozen=True):
    """Somebody waits until they are asked at the reader's keypad, and presses keys. The value says whether they were."""

    reader: str
    keys: str
    timeout_s: float


class Tap(_Message, frozen=True):
    """A person holds a card to a reader, and walks through if the door lets go. The reply's value is a `TapOutcome`."""

    card: str
    reader: str
    walk: bool
    hold_s: float
    pass_s: float
    timeout_s: float


class Place(_Message, frozen=True):
    """A card is laid on a reader."""

    card: str
    reader: str


class Remove(_Message, frozen=True):
    """The card is taken from the reader."""

    reader: str


class Walk(_Message, frozen=True):
    """Somebody pushes the door. The reply's value says whether it opened."""

    door: str
    pass_s: float


class PressRex(_Message, frozen=True):
    """The request-to-exit button is pressed."""

    door: str
    hold_s: float


class MoveLeaf(_Message, frozen=True):
    """The leaf is opened, by force if need be, or closed."""

    door: str
    open: bool


class PullKey(_Message, frozen=True):
    """A hand pulls at what hangs in a slot, by force if need be. The reply's value is the key that came out, or nothing."""

    cabinet: str
    slot: int
    force: bool = False


class HangKey(_Message, frozen=True):
    """A hand hangs a key into a slot. The reply's value says whether there was room."""

    cabinet: str
    slot: int
    key: str


class StickSensor(_Message, frozen=True):
    """A slot's sensor says this from now on, whatever is true; nothing: it works again."""

    cabinet: str
    slot: int
    level: bool | None


class CutTether(_Message, frozen=True):
    """A wire that holds a thing is cut, or mended."""

    tether: str
    cut: bool


class AddCard(_Message, frozen=True):
    """Another card; one of the same name is replaced."""

    name: str
    kind: Literal["felica-lite-s", "felica", "nfca"]
    number: str
    key: str = ""
    version: int | None = None


class Fault(_Message, frozen=True):
    """Something goes wrong at a reader: `tear`, `tear_losing_answer`, or a kind of `field.GARBLES`."""

    reader: str
    kind: str
    count: int


class Look(_Message, frozen=True):
    """The reply's value is a `Snapshot`, as soon as its version is above `since`, or when time is up."""

    since: int = -1
    timeout_s: float = 0.0


class Reply(_Message, frozen=True):
    """The answer to one request: a value, or what was wrong with it."""

    value: Any = None
    error: str | None = None


class Edge(_Message, frozen=True):
    """A claimed input has changed."""

    pin: int
    level: bool


PinRequest = ClaimOutput | ClaimInput | WriteLevel | ReadLevel | ReleasePin | TakeKey | ReadTag
DeskRequest = (
    Tap | TypeKeys | Place | Remove | Walk | PressRex | MoveLeaf | PullKey | HangKey | StickSensor | CutTether | AddCard
    | Fault | Look
)
Request = PinRequest | DeskRequest
Answer = Reply | Edge


class DoorView(msgspec.Struct, frozen=True):
    """A door as it is seen from outside."""

    released: bool
    leaf_open: bool
    rex_pressed: bool


class SlotView(msgspec.Struct, frozen=True):
    """A slot of a key cabinet as it is seen from outside."""

    released: bool
    key: str | None


class Snapshot(msgspec.Struct, frozen=True):
    """The whole building at one moment."""

    version: int
    """Counts changes."""
    doors: dict[str, DoorView]
    pins: dict[int, bool]
    """The levels of all pins that are wired or claimed."""
    cards: dict[str, str | None]
    """What lies on each reader."""
    owners: int
    """Connections that own outputs: one for each living controller."""
    slots: dict[str, SlotView] = {}
    """The slots of the key cabinets: `main/7`."""


class TapOutcome(msgspec.Struct, frozen=True):
    """What a tap led to."""

    card_at: datetime
    lock_released_at: datetime | None
    """When the lock was commanded open after the card came; None if it was not."""
    opened: bool
    ms: float | None
    """From the card's coming to the command, in milliseconds."""
    read: bool
    """The reader was done with the card before it was taken away."""


_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class Line:
    """One connection. `send` may be called from any thread under the caller's lock, `receive` from one."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))
        self._socket = connection
        self.closed = False
        self._file = connection.makefile("rb")

    def send(self, message: _Message) -> None:
        """Raises OSError when the other side is gone, or has not listened for a second."""
        self._socket.sendall(msgspec.json.encode(message) + b"\n")

    def receive_request(self) -> Request | None:
        """The next request, or None at the end. Raises OSError and msgspec.DecodeError."""
        line = self._receive()
        return _REQUESTS.decode(line) if line else None

    def receive_answer(self) -> Answer | None:
        """The next answer, or None at the end. Raises OSError and msgspec.DecodeError."""
        line = self._receive()
        return _ANSWERS.decode(line) if line else None

    def close(self) -> None:
        """Ends the connection; a `receive` that waits in another thread returns. May be called twice."""
        self.closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster
        finally:
            self._socket.close()

    def _receive(self) -> bytes:
        line = self._file.readline(LINE_LIMIT)
        if line and not line.endswith(b"\n"):
            raise ConnectionError("a line was cut short or too long")
        return line


def parse_endpoint(endpoint: str) -> tuple[str, int]:
    """`HOST:PORT` as a pair. Raises ValueError."""
    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{endpoint!r} is no endpoint; expected HOST:PORT such as 127.0.0.1:7000")
    return host, int(port)
