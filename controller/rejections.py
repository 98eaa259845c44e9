"""What a flood brings, counted: messages that nobody known has signed, inputs without room. It must not fill the ledger.

The first of a sort within a minute is recorded at once, the others as one count at the minute's end.
"""

from collections import Counter

from controller.record.kinds.request import RequestsRejected
from controller.record.kinds.site import InputsDropped

EVERY_S = 60.0

Counted = RequestsRejected | InputsDropped
_Sort = tuple[type[Counted], str]


class Rejections:
    """Counts by code, or by the sort of input. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._since: dict[_Sort, float] = {}
        self._counts: Counter[_Sort] = Counter()

    def copy(self) -> "Rejections":
        """The same counts, to go back to when a turn fails."""
        other = Rejections()
        other._since, other._counts = dict(self._since), Counter(self._counts)
        return other

    def take(self, body: Counted, now_s: float) -> bool:
        """Whether to record this one at once; else it is counted."""
        sort: _Sort = type(body), body.code if isinstance(body, RequestsRejected) else body.sort
        if sort in self._since:
            self._counts[sort] += body.count
            return False
        self._since[sort] = now_s
        return True

    def flush(self, now_s: float, every: bool = False) -> list[Counted]:
        """The counts whose minute is over, or all of them."""
        ready = [sort for sort, since in self._since.items() if every or since + EVERY_S <= now_s]
        for sort in ready:
            del self._since[sort]
        counted = [(sort, self._counts.pop(sort, 0)) for sort in ready]
        return [body(name, count) for (body, name), count in counted if count]

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a minute is over; None when nothing is counted."""
        waits = [since + EVERY_S - now_s for since in self._since.values()]
        return max(0.0, min(waits)) if waits else None
