"""What came to nothing at stations, counted: a card that is held there again and again must not fill the ledger.

The first of a sort is recorded at once; the same again within a minute is one more record with the count, when the minute is
over. Past so many sorts at one station in a minute all others are one count as well: somebody draws numbers.
"""

from dataclasses import dataclass

import msgspec

from controller.record.kinds.station import StationRefused
from controller.record.refusals import Code

EVERY_S = 60.0
MOST = 20
"""So many sorts at one station within a minute have a record of their own."""

_Sort = tuple[str, str, str, str]


@dataclass(slots=True)
class _Counted:
    body: StationRefused
    since_s: float
    more: int = 0


class Repeats:
    """Counts by station, card, thing and code. Times are monotonic seconds. To lose it is to lose counts of a minute."""

    def __init__(self) -> None:
        self._counted: dict[_Sort, _Counted] = {}

    def take(self, body: StationRefused, now_s: float) -> bool:
        """Whether this one has a record of its own; else it is counted."""
        sort: _Sort = body.station, body.credential, body.thing, body.code
        known = self._counted.get(sort)
        if known is not None:
            known.more += 1
            return False
        if sum(at == body.station for at, *_ in self._counted) < MOST:
            self._counted[sort] = _Counted(body, now_s)
            return True
        others: _Sort = body.station, "", "", Code.BUSY
        if others not in self._counted:
            nobody = StationRefused(body.station, body.zone, Code.BUSY, "station", "", "", None, None, "", 0, 1)
            self._counted[others] = _Counted(nobody, now_s)
        self._counted[others].more += 1
        return False

    def due(self, now_s: float) -> tuple[StationRefused, ...]:
        """The counts whose minute is over."""
        over = [sort for sort, counted in self._counted.items() if counted.since_s + EVERY_S <= now_s]
        ended = [self._counted.pop(sort) for sort in over]
        return tuple(msgspec.structs.replace(one.body, count=one.more) for one in ended if one.more)

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a minute is over; None when nothing is counted."""
        waits = [counted.since_s + EVERY_S - now_s for counted in self._counted.values()]
        return max(0.0, min(waits)) if waits else None

    def lose(self) -> None:
        """Counts anew: what was to be recorded may not have been."""
        self._counted.clear()
