"""Steers a simulated building from another process: what the demo, the CLI and the tests hold in their hands."""

import queue
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Literal

import msgspec

from hardware.simulated.wire import (
    AddCard,
    CutTether,
    DeskRequest,
    Fault,
    HangKey,
    Line,
    Look,
    MoveLeaf,
    Place,
    PressRex,
    PullKey,
    Remove,
    Reply,
    Snapshot,
    StickSensor,
    Tap,
    TapOutcome,
    TypeKeys,
    Walk,
    parse_endpoint,
)

__all__ = ["BuildingClient", "BuildingRefused", "Snapshot", "TapOutcome"]

MARGIN_S = 5.0
"""How much longer than asked an answer may take before the building counts as gone."""


class BuildingRefused(Exception):
    """The building has no such door, reader or card, or the request is nonsense. The message says which."""


class BuildingClient:
    """One connection. May be used from any thread; one request at a time, so use one client for each busy hand."""

    def __init__(self, endpoint: str) -> None:
        """Connects to `HOST:PORT`. Raises ValueError and OSError."""
        self._line = Line(socket.create_connection(parse_endpoint(endpoint), MARGIN_S))
        self._asking = threading.Lock()
        self._replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="building-client", daemon=True).start()

    def __enter__(self) -> "BuildingClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._line.close()

    def tap(
        self,
        card: str,
        reader: str,
        *,
        walk: bool = True,
        hold_s: float = 0.0,
        pass_s: float = 0.3,
        timeout_s: float = 3.0,
    ) -> TapOutcome:
        """Holds a card to a reader until it is read or the door's lock lets go; then walks through, if it does.

        `hold_s` keeps the card there at least so long. A refused tap takes the whole `timeout_s`, because nothing
        tells a building of a refusal; at a reader without a door it ends as soon as the card is read.
        """
        request = Tap(card, reader, walk, hold_s, pass_s, timeout_s)
        return msgspec.convert(self._ask(request, timeout_s + hold_s), TapOutcome)

    def type_keys(self, reader: str, keys: str, *, timeout_s: float = 5.0) -> bool:
        """Waits until the reader's keypad asks for keys, and presses these; whether they were asked for and taken."""
        return bool(self._ask(TypeKeys(reader, keys, timeout_s), timeout_s))

    def place(self, card: str, reader: str) -> None:
        """Lays a card on a reader."""
        self._ask(Place(card, reader))

    def remove(self, reader: str) -> None:
        """Takes the card from the reader."""
        self._ask(Remove(reader))

    def walk(self, door: str, *, pass_s: float = 0.3) -> bool:
        """Pushes the door; whether it opened. It closes after `pass_s`."""
        return bool(self._ask(Walk(door, pass_s)))

    def press_rex(self, door: str, *, hold_s: float = 0.3) -> None:
        """Presses the request-to-exit button."""
        self._ask(PressRex(door, hold_s))

    def open_leaf(self, door: str) -> None:
        """Opens the leaf, by force if the lock holds it. It stays open."""
        self._ask(MoveLeaf(door, True))

    def close_leaf(self, door: str) -> None:
        """Closes the leaf."""
        self._ask(MoveLeaf(door, False))

    def pull_key(self, cabinet: str, slot: int, *, force: bool = False) -> str | None:
        """Pulls at the key in a slot; which came out, if one did."""
        pulled: str | None = self._ask(PullKey(cabinet, slot, force))
        return pulled

    def hang_key(self, cabinet: str, slot: int, key: str) -> bool:
        """Hangs a key into a slot; whether there was room."""
        return bool(self._ask(HangKey(cabinet, slot, key)))

    def stick_sensor(self, cabinet: str, slot: int, level: bool | None) -> None:
        """A slot's sensor is stuck at this level, or works again."""
        self._ask(StickSensor(cabinet, slot, level))

    def cut_tether(self, tether: str) -> None:
        """Cuts a wire, or pulls its plug."""
        self._ask(CutTether(tether, True))

    def mend_tether(self, tether: str) -> None:
        """Makes it whole again."""
        self._ask(CutTether(tether, False))

    def add_card(
        self,
        name: str,
        kind: Literal["felica-lite-s", "felica", "nfca"],
        number: str,
        *,
        key: str = "",
        version: int | None = None,
    ) -> None:
        """Puts another card into the building. A FeliCa Lite-S without a key is blank."""
        self._ask(AddCard(name, kind, number, key, version))

    def fault(self, reader: str, kind: str, *, count: int = 1) -> None:
        """Lets something go wrong at a reader.

        `tear` takes the card away after `count` answers from now, `tear_losing_answer` one command later and without
        its answer; the other kinds (`field.GARBLES`) spoil the next `count` answers.
        """
        self._ask(Fault(reader, kind, count))

    def levels(self) -> dict[int, bool]:
        """The levels of all pins."""
        return self.look().pins

    def look(self) -> Snapshot:
        """The whole building now."""
        return msgspec.convert(self._ask(Look()), Snapshot, strict=False)

    def wait_for(self, holds: Callable[[Snapshot], bool], timeout_s: float = 5.0) -> Snapshot:
        """Waits until the building looks so. Raises TimeoutError."""
        deadline, since = monotonic() + timeout_s, -1
        while True:
            left = max(0.0, deadline - monotonic())
            seen = msgspec.convert(self._ask(Look(since, left), left), Snapshot, strict=False)
            if holds(seen):
                return seen
            if left == 0.0:
                raise TimeoutError(f"not within {timeout_s} s: the building is {seen}")
            since = seen.version

    def _ask(self, request: DeskRequest, takes_s: float = 0.0) -> Any:  # noqa: ANN401 (each request has its own value)
        with self._asking:
            self._line.send(request)
            try:
                reply = self._replies.get(timeout=takes_s + MARGIN_S)
            except queue.Empty:
                self.close()
                raise ConnectionError("the building does not answer") from None
        if reply is None:
            raise ConnectionError("the building is gone")
        if reply.error is not None:
            raise BuildingRefused(reply.error)
        return reply.value

    def _read(self) -> None:
        try:
            while isinstance(answer := self._line.receive_answer(), Reply):
                self._replies.put(answer)
        except (OSError, ValueError, msgspec.DecodeError):
            pass  # the connection's end, told by the next line
        finally:
            self._replies.put(None)
