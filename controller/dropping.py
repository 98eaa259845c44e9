"""When the loop drops record bytes: a step at a time, while nothing else waits, and only by a clock that is to be trusted."""

from controller.ledger.ledger import Ledger
from controller.ledger.retention import Due
from controller.record.kinds.retention import RecordsDropped
from controller.rules.clock import trusted
from controller.timekeeper import Now

STEP_S = 1.0
"""Between two steps while there is more."""
LOOK_S = 3600.0
FIRST_S = 30.0
"""After a start, which has better things to do."""


class Dropping:
    """The pace of it. `days` 0: never. The loop's thread alone; seconds are monotonic."""

    def __init__(self, ledger: Ledger, days: int, now_s: float) -> None:
        self._ledger = ledger
        self._days = days
        self._due = Due()
        self._at_s = now_s + FIRST_S

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until the next look; None for never."""
        return max(0.0, self._at_s - now_s) if self._days else None

    def next(self, now: Now) -> RecordsDropped | None:
        """The next rule that is to be recorded, if one is due."""
        if self.wait_s(now.seconds) != 0:
            return None
        found = self._due.next(self._ledger.connection, now.at, self._days) if trusted(now.clock) else None
        self._at_s = now.seconds + (STEP_S if found is not None or self._due.has_more else LOOK_S)
        return found
