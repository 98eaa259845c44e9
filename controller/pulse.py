"""The pulse: whether the loop turns and every thread that looks at parts was heard of lately, told to systemd.

`READY=1` once every reader has answered or is alarmed; by then the ledger is open and every lock was commanded secure.
`WATCHDOG=1` comes from the loop's own thread and from nowhere else, so that a loop that hangs is started again. A reader that
hangs is no reason for that: it becomes an alarm, and the other doors go on (F19). The contacts have one thread for all doors;
when that hangs nothing is seen any more, and the watchdog is left unfed.
"""

from collections.abc import Callable, Mapping

from controller.digits import DigitsFeed
from controller.feeds import ContactFeed, ReaderFeed
from controller.keypads import KeypadFeed
from controller.slot_feed import SlotFeed

BEAT_S = 1.0
"""Between two looks; the loop wakes at least this often."""
SILENT_S = 10.0
"""A thread not heard of for this long hangs. The slowest round known is a silent antenna's: 4 s, with its reopening."""
_STATUS_S = 10.0


class Pulse:
    """Called by the loop's thread alone. `tell` sends one line to systemd, or drops it where there is none."""

    def __init__(
        self, readers: Mapping[str, ReaderFeed | KeypadFeed | DigitsFeed | SlotFeed], contacts: ContactFeed,
        alarmed: Callable[[str], bool], status: Callable[[], str], tell: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._readers = readers
        self._contacts = contacts
        self._alarmed = alarmed
        self._status = status
        self._tell = tell
        self._beat_s = self._status_s = float("-inf")
        self.ready = False

    def beat(self, now_s: float) -> None:
        """Looks, and tells. More often than `BEAT_S` it does nothing."""
        if now_s - self._beat_s < BEAT_S and (self.ready or not self._all_known()):
            return
        self._beat_s = now_s
        for reader in self._readers.values():
            reader.watch(now_s, SILENT_S)
        if not self.ready and self._all_known():
            self.ready = True
            self._tell("READY=1")
        if now_s - self._contacts.heard_s < SILENT_S:
            self._tell("WATCHDOG=1")
        if now_s - self._status_s >= _STATUS_S:
            self._status_s = now_s
            self._tell(f"STATUS={self._status()}")

    def stopping(self) -> None:
        """The process ends in order."""
        self._tell("STOPPING=1")

    def _all_known(self) -> bool:
        return all(reader.answered or self._alarmed(reader.part) for reader in self._readers.values())
