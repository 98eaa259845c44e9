"""Messages that nobody known has signed, counted: a flood of them must not fill the ledger.

The first of a code within a minute is recorded at once, the others as one count at the minute's end.
"""

from collections import Counter

from controller.record.kinds.request import RequestsRejected

EVERY_S = 60.0


class Rejections:
    """Counts by code. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._counts: Counter[str] = Counter()

    def copy(self) -> "Rejections":
        """The same counts, to go back to when a turn fails."""
        other = Rejections()
        other._since, other._counts = dict(self._since), Counter(self._counts)
        return other

    def take(self, body: RequestsRejected, now_s: float) -> bool:
        """Whether to record this one at once; else it is counted."""
        if body.code in self._since:
            self._counts[body.code] += body.count
            return False
        self._since[body.code] = now_s
        return True

    def flush(self, now_s: float, every: bool = False) -> list[RequestsRejected]:
        """The counts whose minute is over, or all of them."""
        ready = [code for code, since in self._since.items() if every or since + EVERY_S <= now_s]
        for code in ready:
            del self._since[code]
        counted = [(code, self._counts.pop(code, 0)) for code in ready]
        return [RequestsRejected(code, count) for code, count in counted if count]

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a minute is over; None when nothing is counted."""
        waits = [since + EVERY_S - now_s for since in self._since.values()]
        return max(0.0, min(waits)) if waits else None
