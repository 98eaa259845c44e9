"""The keypad of a station: digits that end with `#` name a slot or a purpose. Never a PIN, and nobody is asked for one here.

What was typed is in no log, and in no record unless a use makes something of it: somebody may type their PIN by mistake.
"""

import threading

from controller.clock import Clock
from controller.inbox import DigitsTyped, Inbox
from controller.keypads import PACE_S
from controller.polled import Polled
from hardware.protocols import Annunciator, HardwareFault, Keypad

MOST = 8
"""Digits; more are nothing that could be meant."""
WAIT_S = 15.0
"""From one key to the next; then it begins anew."""


class DigitsFeed(Polled):
    """One station's keypad, in a thread of its own. `part` is its device URL, `id` its station's."""

    def __init__(
        self, id: str, part: str, keypad: Keypad, annunciator: Annunciator | None, inbox: Inbox, clock: Clock
    ) -> None:
        super().__init__(part, annunciator, inbox, clock)
        self._id = id
        self._keypad = keypad
        self._typed = ""
        self._too_many = False
        self._key_s = 0.0

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
            self._begin()
            self._ended_badly(fault)
            return
        self._ended_well()
        if self.heard_s - self._key_s > WAIT_S:
            self._begin()
        if key is not None:
            self._key_s = self.heard_s
            self._press(key)

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
