"""What comes in: inputs as observed, and the one bounded queue that carries them to the loop.

Callbacks and threads do `put` and return, nothing else, ever. Past the bound a contact replaces the level that still waits
for the same contact, and everything else is turned away: the caller plays the busy signal, and the loop records the count.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controller.facility import EVACUATION_INPUT, TETHER_INPUT
from controller.rules.hashed import HashedPin
from controller.rules.pin_wait import Typed
from hardware.protocols import CardRead

SHARE = 4
"""One part in so many of the inbox is for what comes over the network: a flood of it leaves room for taps and contacts, and
lets none of them wait behind more than that.
"""


@dataclass(frozen=True, slots=True)
class CredentialPresented:
    """A reader saw a card."""

    reader: str
    card: CardRead


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """A contact's level, stable: `which` is `leaf` (active = open) or `exit` (active = pressed).

    Or, of no portal, `evacuation` (active: everybody is to leave), or `tether`, with the tether's id for the portal's.
    """

    portal: str
    which: str
    active: bool


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """What a slot of a key cabinet says, stable: whether something hangs there, and its fob; empty: nothing says which."""

    cabinet: str
    slot: int
    present: bool
    tag: str = ""


@dataclass(frozen=True, slots=True)
class DigitsTyped:
    """What was typed at a station's keypad and ended with `#`: names a slot or a purpose, and is never a PIN."""

    station: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinTyped:
    """What the digits typed at a reader's keypad turned out to be; the digits themselves go nowhere."""

    reader: str
    ticket: int
    typed: Typed


@dataclass(frozen=True, slots=True)
class PinChosen:
    """Somebody has chosen a PIN at a reader's keypad; or, with `hashed` None, nothing that was good, and why."""

    reader: str
    ticket: int
    hashed: HashedPin | None = field(default=None, repr=False)
    code: str = ""


@dataclass(frozen=True, slots=True)
class PartFailing:
    """A part raised HardwareFault."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartAnswering:
    """A part that had failed answers again."""

    part: str


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """Bytes on the request topic, unread."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CheckpointShown:
    """A checkpoint that a dashboard, or the broker, holds of this site: the note, unread."""

    note: bytes


@dataclass(frozen=True, slots=True)
class QueriesTurnedAway:
    """A dashboard asked faster than it can be answered; so many of its questions were passed over."""

    dashboard: str
    count: int


@dataclass(frozen=True, slots=True)
class ConsoleAsked:
    """A command at the Pi's console; `answer` is called once, from the loop, when it is durable."""

    command: str
    arguments: dict[str, Any]
    answer: Callable[[dict[str, Any]], None] = field(compare=False)


Input = (
    CredentialPresented
    | ContactSeen
    | SlotSeen
    | DigitsTyped
    | PinTyped
    | PinChosen
    | PartFailing
    | PartAnswering
    | RequestReceived
    | CheckpointShown
    | QueriesTurnedAway
    | ConsoleAsked
)


FROM_AFAR = (RequestReceived, CheckpointShown, QueriesTurnedAway)


class Inbox:
    """A bounded queue with many writers and one reader."""

    def __init__(self, bound: int = 2048) -> None:
        self._bound = bound
        self._waiting: deque[Input] = deque()
        self._dropped: Counter[str] = Counter()
        self._holds_taps = False
        self._from_afar = 0
        """How many of those that wait came over the network."""
        self._something = threading.Condition()

    def put(self, item: Input) -> bool:
        """Takes the input in, or says no. Never blocks. Any thread."""
        with self._something:
            if self._has_no_room(item) or self._is_held(item):
                self._dropped[type(item).__name__] += 1
                return False
            self._waiting.append(item)
            self._from_afar += isinstance(item, FROM_AFAR)
            self._something.notify()
            return True

    def hold_taps(self, hold: bool) -> None:
        """Turns taps away, also those that wait, until it is called again: nobody decides anything for a while."""
        with self._something:
            self._holds_taps = hold
            if hold:
                kept = [item for item in self._waiting if not self._is_held(item)]
                self._dropped["CredentialPresented"] += len(self._waiting) - len(kept)
                self._waiting = deque(kept)

    def _is_held(self, item: Input) -> bool:
        return self._holds_taps and isinstance(item, CredentialPresented)

    def _has_no_room(self, item: Input) -> bool:
        if isinstance(item, FROM_AFAR) and self._from_afar >= max(1, self._bound // SHARE):
            return True
        return len(self._waiting) >= self._bound and not self._coalesce(item)

    def _coalesce(self, item: Input) -> bool:
        """Makes room for a contact by forgetting the older level that waits for the same contact."""
        if isinstance(item, SlotSeen):
            return self._replace_slot(item)
        if not isinstance(item, ContactSeen):
            return False
        if item.which == TETHER_INPUT:
            return False  # a cut that still waits must not be forgotten for what came after it; the feed says that again
        if item.which in ("exit", EVACUATION_INPUT) and not item.active:
            return False  # a press or alarm that still waits must not be forgotten for its own end; the feed says it again
        for n, waiting in enumerate(self._waiting):
            if isinstance(waiting, ContactSeen) and (waiting.portal, waiting.which) == (item.portal, item.which):
                del self._waiting[n]
                return True
        return len(self._waiting) < 2 * self._bound

    def _replace_slot(self, item: SlotSeen) -> bool:
        """The same for a slot, but never a level by its opposite: that a key was gone for a while must not be forgotten."""
        for n, waiting in enumerate(self._waiting):
            if isinstance(waiting, SlotSeen) and (waiting.cabinet, waiting.slot) == (item.cabinet, item.slot):
                if waiting.present != item.present:
                    return False  # the feed says it again
                del self._waiting[n]
                return True
        return len(self._waiting) < 2 * self._bound

    def take(self, most: int, wait_s: float | None) -> list[Input]:
        """Up to `most` inputs; waits at most `wait_s` seconds (None: for ever) for the first. The loop only."""
        with self._something:
            if not self._waiting:
                self._something.wait(wait_s)
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._from_afar -= sum(isinstance(item, FROM_AFAR) for item in taken)
            return taken

    def dropped(self) -> Counter[str]:
        """How many of each sort were turned away since the last time this was asked."""
        with self._something:
            dropped, self._dropped = self._dropped, Counter()
            return dropped

    def wake(self) -> None:
        """Lets a waiting `take` return with nothing."""
        with self._something:
            self._something.notify()

    def __len__(self) -> int:
        return len(self._waiting)
