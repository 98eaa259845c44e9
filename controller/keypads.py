"""Keypads: the only threads that ever hold a digit. What is typed is judged here, and only the verdict goes to the loop.

A `KeypadFeed` polls one keypad and collects what is typed while somebody is asked; at `#` it hands the digits to the
`PinBench`, one thread for all, because hashing takes tens of milliseconds and must not be done many times at once. Digits
are in bytearrays, overwritten as soon as they were judged; they are in no message, no log and no exception.
"""

import queue
import threading
from dataclasses import dataclass

from controller.clock import Clock
from controller.inbox import Inbox, PinChosen, PinTyped
from controller.pin_hashes import PinHashes
from controller.polled import Polled
from controller.rules.effects import AskPin
from controller.rules.hashed import HashedPin
from controller.rules.pin_choice import LONGEST, Choosing, Step, wipe
from hardware.protocols import Annunciator, HardwareFault, Keypad

PACE_S = 0.02
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True, repr=False)
class _Typed:
    """Digits to be verified; or a choice to be hashed."""

    reader: str
    ticket: int
    hashed: HashedPin | None
    digits: bytearray
    duress: bytearray


class PinBench:
    """Hashes, one after the other, in a thread of its own. Bounded: what is too much is refused by time."""

    def __init__(self, hashes: PinHashes, inbox: Inbox, keypads: int) -> None:
        self._hashes = hashes
        self._inbox = inbox
        self._waiting: queue.Queue[_Typed] = queue.Queue(2 * max(1, keypads))

    def verify(self, reader: str, ticket: int, hashed: HashedPin, digits: bytearray) -> None:
        """Takes the digits over, and overwrites them. Past its bound they are dropped: who waits is refused by time."""
        self._put(_Typed(reader, ticket, hashed, digits, bytearray()))

    def make(self, reader: str, ticket: int, own: bytearray, duress: bytearray) -> None:
        """Takes a chosen PIN over, and overwrites it."""
        self._put(_Typed(reader, ticket, None, own, duress))

    def _put(self, typed: _Typed) -> None:
        try:
            self._waiting.put_nowait(typed)
        except queue.Full:
            _forget(typed)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self.work(0.2)

    def work(self, wait_s: float) -> None:
        """One, if it comes in time."""
        try:
            typed = self._waiting.get(timeout=wait_s)
        except queue.Empty:
            return
        try:
            if typed.hashed is None:
                hashed = self._hashes.make(typed.digits, typed.duress)
                self._inbox.put(PinChosen(typed.reader, typed.ticket, hashed))
            else:
                verdict = self._hashes.judge(typed.hashed, typed.digits)
                self._inbox.put(PinTyped(typed.reader, typed.ticket, verdict))
        finally:
            _forget(typed)


def _forget(typed: _Typed) -> None:
    wipe(typed.digits)
    wipe(typed.duress)


@dataclass(frozen=True, slots=True)
class _Asked:
    question: AskPin
    until_s: float


class KeypadFeed(Polled):
    """One keypad, in a thread of its own. `part` is its device URL, `id` its reader's."""

    def __init__(
        self, id: str, part: str, keypad: Keypad, annunciator: Annunciator | None, bench: PinBench, inbox: Inbox,
        clock: Clock,
    ) -> None:  # fmt: skip
        super().__init__(part, annunciator, inbox, clock)
        self._id = id
        self._keypad = keypad
        self._bench = bench
        self._asked: _Asked | None = None
        """What the loop asks; set as a whole by its thread, and only read by this one."""
        self._seen: _Asked | None = None
        self._answering: _Asked | None = None
        self._typed = bytearray()
        self._choosing: Choosing | None = None

    # The loop's thread ----------------------------------------------------------------------------------------------------

    def ask(self, question: AskPin) -> None:
        """From now on what is typed is for this question."""
        self._asked = _Asked(question, self._clock.monotonic() + question.seconds)

    def forget(self) -> None:
        """Nobody is asked any more."""
        self._asked = None

    # Its own --------------------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(PACE_S)
        finally:
            self._begin(None)
            self._keypad.close()

    def look(self) -> None:
        """One round."""
        self._follow()
        try:
            key = self._keypad.poll(self._answering is not None)
        except HardwareFault as fault:
            self._ended_badly(fault)
            return
        self._ended_well()
        if key is not None and self._answering is not None:
            self._press(key, self._answering)

    def _follow(self) -> None:
        """Begins anew with another question; gives up one whose time is over."""
        asked = self._asked
        if asked is not self._seen:
            self._seen = asked
            self._begin(asked)
        if self._answering is not None and self._answering.until_s <= self._clock.monotonic():
            self._give_up(self._answering)

    def _begin(self, asked: _Asked | None) -> None:
        wipe(self._typed)
        if self._choosing is not None:
            self._choosing.close()
        taste = None if asked is None else asked.question.taste
        self._choosing = None if taste is None else Choosing.begin(taste)
        self._answering = asked

    def _give_up(self, asked: _Asked) -> None:
        """Too late. Who confirmed their PIN and left it at that has chosen it, with none for duress."""
        choosing = self._choosing
        if choosing is not None and choosing.step in (Step.DURESS, Step.DURESS_AGAIN):
            wipe(choosing.duress)
            self._hand_in(asked, choosing)
        elif choosing is not None:
            self._inbox.put(PinChosen(self._id, asked.question.ticket, None, choosing.code))
        self._begin(None)

    def _press(self, key: str, asked: _Asked) -> None:
        if key in _DIGITS:
            self._play("pin_key")  # a key sounds as any other does (IEC 60839-11-1 table 7, line 23)
            if len(self._typed) <= LONGEST:  # one more than fits is kept, so that it is too long
                self._typed.append(ord(key))
        elif key == "*":
            self._play("pin_key")
            wipe(self._typed)
        elif self._choosing is not None:
            self._choose(self._choosing, asked)
        elif self._typed and asked.question.hashed is not None:
            self._play("wait")
            digits, self._typed = self._typed, bytearray()
            self._bench.verify(self._id, asked.question.ticket, asked.question.hashed, digits)
            self._begin(None)

    def _choose(self, choosing: Choosing, asked: _Asked) -> None:
        good = choosing.type(self._typed)
        wipe(self._typed)
        if choosing.step is not Step.DONE:
            self._play("pin_next" if good else "pin_again")
            return
        self._play("wait")
        self._hand_in(asked, choosing)
        self._begin(None)

    def _hand_in(self, asked: _Asked, choosing: Choosing) -> None:
        own, duress = choosing.own, choosing.duress
        choosing.own, choosing.duress = bytearray(), bytearray()
        self._bench.make(self._id, asked.question.ticket, own, duress)
