"""The keypad of a station: digits that end with `#` name a slot or a purpose. Never a PIN, and nobody is asked for one here.

What was typed is in no log, and in no record unless a use makes something of it: somebody may type their PIN by mistake.
"""

import threading

from controller.clock import Clock
from controller.inbox import DigitsTyped, Inbox, PartAnswering, PartFailing
from controller.keypads import PACE_S
from hardware.protocols import Annunciator, HardwareFault, Keypad

MOST = 8
"""Digits; more are nothing that could be meant."""
WAIT_S = 15.0
"""From one key to the next; then it begins anew."""


class DigitsFeed:
    """One station's keypad, in a thread of its own. `part` is its device URL, `id` its station's."""

    def __init__(
        self, id: str, part: str, keypad: Keypad, annunciator: Annunciator | None, inbox: Inbox, clock: Clock
    ) -> None:
        self._id = id
        self.part = part
        self._keypad = keypad
        self._annunciator = annunciator
        self._inbox = inbox
        self._clock = clock
        self._typed = ""
        self._too_many = False
        self._key_s = 0.0
        self._failed = ""
        self.answered = False
        """It has answered once since the start."""
        self.heard_s = clock.monotonic()
        """When a round last ended, well or not."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self.look()
            stop.wait(PACE_S)
        self._keypad.close()

    def look(self) -> None:
        """One round."""
        try:
            key = self._keypad.poll(True)
        except HardwareFault as fault:
            self.heard_s = self._clock.monotonic()
            self._begin()
            self._fail(fault.part, fault.reason)
            return
        self.heard_s = self._clock.monotonic()
        if (self._failed or not self.answered) and self._inbox.put(PartAnswering(self._failed or self.part)):
            self._failed = ""
        self.answered = True
        if self.heard_s - self._key_s > WAIT_S:
            self._begin()
        if key is not None:
            self._key_s = self.heard_s
            self._press(key)

    def watch(self, now_s: float, silent_s: float) -> None:
        """Tells of a round that does not end; the next round that ends well takes it back."""
        if now_s - self.heard_s >= silent_s:
            self._fail(self.part, "silent")

    def _begin(self) -> None:
        self._typed, self._too_many = "", False

    def _press(self, key: str) -> None:
        if key == "#":
            typed, too_many = self._typed, self._too_many
            self._begin()
            if typed and not too_many and self._inbox.put(DigitsTyped(self._id, typed)):
                return
            self._play("denied")
        elif key == "*":
            self._begin()
            self._play("seen")
        else:
            self._too_many = self._too_many or len(self._typed) >= MOST
            self._typed = self._typed if self._too_many else self._typed + key
            self._play("seen")

    def _fail(self, part: str, reason: str) -> None:
        if not self._failed and self._inbox.put(PartFailing(part, reason)):
            self._failed = part

    def _play(self, signal: str) -> None:
        if self._annunciator is None:
            return
        try:
            self._annunciator.play(signal)
        except HardwareFault as fault:
            self._inbox.put(PartFailing(fault.part, fault.reason))
