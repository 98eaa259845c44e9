"""Retention: which records are past it. A whole block at a time, and only what leaves no lasting state (C9.2).

Order is `seq`, never `at` (design §6): a record is as old as one behind it says whose time is to be trusted. So what was
recorded in the year 1970 of a clock without time is not dropped for that, and what is said to be of the future keeps all that
comes behind it until then: in doubt the bytes stay. And because it cannot be undone, today's clock alone is not enough:
records of some days and weeks ago have to say that it goes on from where it was.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller.record.envelope import PASSING
from controller.record.kinds.retention import RecordsDropped, digest_of
from controller.rules.clock import trusted

BLOCK = 256
"""Records that are looked at, and dropped, in one step."""

SETTLED, RECENT = timedelta(days=7), timedelta(days=40)
"""There has to be a record of between so long ago: a clock that was put years ahead has none, and is found out in a week."""


@dataclass(frozen=True, slots=True)
class Line:
    """What of a record its age and its fate depend on. Of a husk, `kind` is empty."""

    seq: int
    at: str
    clock: str
    kind: str

    @property
    def trusted(self) -> bool:
        """Whether its time is."""
        return bool(self.kind) and trusted(self.clock)


def is_past(block: Sequence[Line], behind: Iterable[Line], cutoff: str) -> bool:
    """Whether every record of the block is older than `cutoff`, for certain. `behind`: those that follow it, some of them."""
    if not block or any(line.trusted and line.at >= cutoff for line in block):
        return False
    if block[-1].trusted:
        return True
    return next((line.at < cutoff for line in behind if line.trusted), False)


def drop(lines: Sequence[Line], pointed: Collection[int]) -> RecordsDropped | None:
    """The rule for these records, consecutive; None where there is nothing to drop. `pointed`: those that rows point at."""
    passing = [line for line in lines if line.kind in PASSING]
    dropped = [line.seq for line in passing if line.seq not in pointed]
    if not dropped:
        return None
    kinds = tuple(sorted({line.kind for line in passing}))
    kept = tuple(line.seq for line in passing if line.seq in pointed)
    return RecordsDropped(lines[0].seq, lines[-1].seq, kinds, kept, len(dropped), digest_of(dropped))
