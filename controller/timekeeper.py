"""The time of each input, by the rule in `rules/clock.py` over the machine's clocks. The loop's thread only.

What the rule has to tell waits in `kept` until it is recorded, and is put back with it when a commit fails.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from controller.clock import Clock
from controller.record.kinds.clock import ClockTrusted
from controller.rules import clock as rule
from controller.rules.clock import News, Seen, Standing

_TRIES = 3
_AT_ONCE_S = 0.5
"""Two clocks read further apart than this say nothing of each other: we were not running in between."""


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of an input: `judged` is `at`, or what `rules/clock.py` takes for the time while the clock is doubted."""

    at: datetime
    judged: datetime
    seconds: float
    clock: str


class Timekeeper:
    """Looks at the clocks at each input. `kept` is how the clock stands, and news of it that are not recorded yet."""

    def __init__(self, clock: Clock, holdover_s: float) -> None:
        self._clock = clock
        self._holdover_s = holdover_s
        self.kept: tuple[Standing | None, News] = (None, ())

    @property
    def begun(self) -> bool:
        """Whether the first look has been taken."""
        return self.kept[0] is not None

    @property
    def news(self) -> News:
        """What is to be recorded."""
        return self.kept[1]

    def begin(self, floor: datetime | None, doubted: bool) -> None:
        """The first look. `floor`: the last time that the ledger knows for sure; `doubted`: its last word is a doubt."""
        _, seen = self._look()
        standing, news = rule.begin(seen, None if floor is None else floor.timestamp())
        if doubted:
            trusted = rule.trusted(standing.quality)
            news = (ClockTrusted(standing.quality),) if trusted else ()
        self.kept = (standing, news)

    def now(self) -> Now:
        """The moment, after a look at the clocks."""
        standing, news = self.kept
        if standing is None:
            raise RuntimeError("no look was taken at the start")
        at, seen = self._look()
        found, fresh = rule.look(standing, seen, self._holdover_s)
        if found is not standing:
            self.kept = (found, (*news, *fresh))
        seconds = self._clock.monotonic()
        if rule.trusted(found.quality):
            return Now(at, at, seconds, found.quality)
        return Now(at, datetime.fromtimestamp(rule.judged_s(found, seen), UTC), seconds, found.quality)

    def told(self) -> None:
        """The news are in the transaction that is open."""
        self.kept = (self.kept[0], ())

    def confirm(self) -> None:
        """Somebody at the console has confirmed the clock."""
        standing, news = self.kept
        if standing is not None:
            self.kept = (rule.confirmed(standing, self._look()[1]), news)

    def _look(self) -> tuple[datetime, Seen]:
        """Both clocks at one moment."""
        clock, tries = self._clock, _TRIES
        while True:
            before = clock.elapsed()
            at = clock.now()
            elapsed = clock.elapsed()
            tries -= 1
            if elapsed - before <= _AT_ONCE_S or not tries:
                return at, Seen(at.timestamp(), elapsed, clock.quality())
