"""Conditions: pledges and training that a zone can require, and what somebody's signature or attendance is worth at a time.

The door's rule (`controller.rules.condition`) and the dashboard's pages look at a person by the same function (C5.1, C7.6).
A condition is named as `site.toml` names it: `pledge:nda`, `training:induction`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

PLEDGE, TRAINING = "pledge", "training"
OCCASIONS = ("joining", "role_change", "leaving")
"""When a pledge is signed (C7.6)."""

HELD, LAPSED, OLDER, NEVER = "held", "lapsed", "version", "never"
"""How a person stands to a condition: fulfilled; it was, and has ended; another text was signed; nothing is on record."""
_NEARNESS = (NEVER, OLDER, LAPSED)


@dataclass(frozen=True, slots=True)
class Condition:
    """A pledge's text or a course, as the site configured it."""

    id: str
    version: str = ""
    """Of the text to be signed; empty for a course."""
    sha256: str = ""
    """Of the document to be signed, 64 hex digits; empty for a course."""
    valid_days: int = 0
    """Whole days after that of the signature or the course on which it still holds; 0: without end."""
    occasions: tuple[str, ...] = ()
    """Of `OCCASIONS`, those on which the pledge is signed; empty for a course."""

    @property
    def sort(self) -> str:
        """`pledge` or `training`, which is also the refusal code of who lacks it."""
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        """Its id among the pledges, or among the courses."""
        return self.id.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """One signature, or one course attended, as recorded and not withdrawn."""

    fulfilment: int
    condition: str
    version: str
    sha256: str
    until_at: datetime | None
    """The first instant at which it holds no longer; None: without end."""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to one condition, and by which of their fulfilments; for `held` the one that lasts longest."""

    condition: Condition
    state: str
    by: Fulfilment | None = None

    @property
    def until_at(self) -> datetime | None:
        """When that fulfilment ends or ended; None: never, or there is none."""
        return None if self.by is None else self.by.until_at


def standing(condition: Condition, fulfilments: Iterable[Fulfilment], now: datetime) -> Standing:
    """How somebody with these fulfilments stands to the condition. One good one is enough, in whatever order they came."""
    best = Standing(condition, NEVER)
    for one in fulfilments:
        if one.condition == condition.id:
            best = max(best, Standing(condition, _state(condition, one, now), one), key=_worth)
    return best


def _state(condition: Condition, one: Fulfilment, now: datetime) -> str:
    if (one.version, one.sha256) != (condition.version, condition.sha256):
        return OLDER
    return HELD if one.until_at is None or now < one.until_at else LAPSED


def _worth(found: Standing) -> tuple[int, float]:
    """More is better: fulfilled before all else, and of two alike the one that lasts longer."""
    rank = len(_NEARNESS) if found.state == HELD else _NEARNESS.index(found.state)
    lasts = float("inf") if found.by is None or found.by.until_at is None else found.by.until_at.timestamp()
    return rank, lasts
