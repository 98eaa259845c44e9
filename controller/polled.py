"""A part that is polled by a thread of its own: whether it answers, as the inbox is told. Readers, PIN keypads, digits."""

from controller.clock import Clock
from controller.inbox import Inbox, PartAnswering, PartFailing
from hardware.protocols import Annunciator, HardwareFault


class Polled:
    """What the feeds of such parts have in common. `part` is the device URL; each failure is told once, and so is its end."""

    def __init__(self, part: str, annunciator: Annunciator | None, inbox: Inbox, clock: Clock) -> None:
        self.part = part
        self._annunciator = annunciator
        self._inbox = inbox
        self._clock = clock
        self._failed = ""
        self.answered = False
        """It has answered once since the start."""
        self.heard_s = clock.monotonic()
        """When a round last ended, well or not."""

    def watch(self, now_s: float, silent_s: float) -> None:
        """Tells of a round that does not end. Called by another thread; the next round that ends well takes it back."""
        if now_s - self.heard_s >= silent_s:
            self._fail(self.part, "silent")

    def _ended_well(self) -> None:
        """A round is over and the part has answered."""
        self.heard_s = self._clock.monotonic()
        if (self._failed or not self.answered) and self._inbox.put(PartAnswering(self._failed or self.part)):
            self._failed = ""
        self.answered = True

    def _ended_badly(self, fault: HardwareFault) -> None:
        """A round is over and the part has failed."""
        self.heard_s = self._clock.monotonic()
        self._fail(fault.part, fault.reason)

    def _fail(self, part: str, reason: str) -> None:
        if not self._failed and self._inbox.put(PartFailing(part, reason)):
            self._failed = part

    def _play(self, signal: str) -> None:
        """Plays it beside the part. A lamp that fails as well is told when there is room."""
        if self._annunciator is None:
            return
        try:
            self._annunciator.play(signal)
        except HardwareFault as fault:
            self._inbox.put(PartFailing(fault.part, fault.reason))
