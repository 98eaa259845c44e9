"""Questions that dashboards wait for an answer to: a few of each, in turn, so that none of them keeps the others waiting.

A dashboard asks one thing at a time. One that asks more than `EACH` ahead is out of step or out of order: what it asks then is
not taken in, but counted, and the count becomes a record (design §5).
"""

from collections import Counter, deque

from controller.record.requests import Request

EACH = 8
EVERY_S = 60.0


class Queries:
    """Bounded by dashboard; those are the ones that the site trusts. One thread alone uses it."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Request]] = {}
        self._turned_away: Counter[str] = Counter()
        self._told_s = float("-inf")

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self, request: Request) -> bool:
        """Takes a question in; False, and counted, for one too many of its dashboard. One that waits already waits once."""
        mine = self._waiting.setdefault(request.dashboard, deque())
        if len(mine) >= EACH:
            self._turned_away[request.dashboard] += 1
            return False
        if all(waiting.id != request.id for waiting in mine):
            mine.append(request)
        return True

    def next(self) -> Request | None:
        """The next question, of the dashboard whose turn it is."""
        if not self._waiting:
            return None
        dashboard = next(iter(self._waiting))
        mine = self._waiting.pop(dashboard)
        request = mine.popleft()
        if mine:
            self._waiting[dashboard] = mine  # behind the others
        return request

    def turned_away(self, now_s: float) -> Counter[str]:
        """How many of each dashboard were turned away since this last answered any: once in `EVERY_S` seconds at most."""
        if not self._turned_away or now_s - self._told_s < EVERY_S:
            return Counter()
        told, self._turned_away, self._told_s = self._turned_away, Counter(), now_s
        return told
