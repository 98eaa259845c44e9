"""How many requests of a dashboard are decided: one that is trusted, but broken, must not fill the ledger.

What is beyond the rate is neither decided nor answered, so that its dashboard sends it again later; so many of a minute are one
record. A request that was decided before is answered at any rate: that leaves no record. What only takes away (`SECURES`) has a
measure of its own, so that a flood of anything else keeps no revocation waiting.
"""

from collections import Counter

from controller.rules.start import SECURES

BURST, PER_S = 5_000, 10.0
"""A dashboard that comes back after days may have so many waiting; from then on so many a second."""
EVERY_S = 60.0


class Rates:
    """By dashboard; those are the ones that the site trusts. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, bool], tuple[float, float]] = {}
        self._turned_away: Counter[str] = Counter()
        self._since_s: float | None = None

    def take(self, dashboard: str, kind: str, now_s: float) -> bool:
        """Whether one more of this dashboard is decided now; else it is counted."""
        place = dashboard, kind in SECURES
        left, then_s = self._left.get(place, (float(BURST), now_s))
        left = min(float(BURST), left + (now_s - then_s) * PER_S)
        if left < 1:
            self._left[place] = left, now_s
            self._turned_away[dashboard] += 1
            self._since_s = now_s if self._since_s is None else self._since_s
            return False
        self._left[place] = left - 1, now_s
        return True

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a count is to be recorded; None while there is none."""
        return None if self._since_s is None else max(0.0, self._since_s + EVERY_S - now_s)

    def due(self, now_s: float) -> Counter[str]:
        """The counts by dashboard whose minute is over."""
        if self.wait_s(now_s) != 0.0:
            return Counter()
        counts, self._turned_away, self._since_s = self._turned_away, Counter(), None
        return counts
