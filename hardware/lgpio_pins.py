"""gpiozero's lgpio pins, with the two moments mended at which a lock could move by itself.

Claiming (F1): gpiozero claims an output at level 0 and writes the wanted level afterwards, which lets an active-low relay
pull. Here the line is claimed at its level, in one call to the kernel.

Giving back (F2): gpiozero gives a line back as an input without pull, and it floats. Here it is given back with the
internal pull towards the level at which it was claimed, the secure one. A killed process does not even do that: each
lock line needs an external resistor towards secure, as the wiring plan says.

Imported only where a real board is meant: importing lgpio starts its thread and leaves a pipe in the working directory.
"""

from typing import Any

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin


class SecureLGPIOPin(LGPIOPin):  # type: ignore[misc] # gpiozero has no types
    """A pin that is never, not for a moment, at another level than asked for."""

    _callback: Any
    _claimed_level: bool | None = None

    def output_with_state(self, state: bool) -> None:
        """Claims the line as an output at this level, in one call."""
        if self._callback is not None:
            self._callback.cancel()
            self._callback = None
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)), 0)
        self._claimed_level = bool(state)

    def close(self) -> None:
        """Gives the line back, pulled towards the level at which it was claimed as an output."""
        if self._claimed_level is None or self.factory._handle is None:
            super().close()
            return
        pull = lgpio.SET_PULL_UP if self._claimed_level else lgpio.SET_PULL_DOWN
        lgpio.gpio_claim_input(self.factory._handle, self._number, pull)
        self._claimed_level = None


class SecureLGPIOFactory(LGPIOFactory):  # type: ignore[misc] # gpiozero has no types
    """The one factory for real pins."""

    def __init__(self, chip: int | None = None, revision: int | None = None) -> None:
        """`revision` is for a board that does not say which it is."""
        self._given_revision = revision
        super().__init__(chip=chip)
        self.pin_class = SecureLGPIOPin

    def _get_revision(self) -> int:
        if self._given_revision is not None:
            return self._given_revision
        return int(super()._get_revision())
