"""Anti-passback: whether a badge may come from where it is held, by what is known of where its holder is.

Theory. Who enters a zone has to be where the door leads from: neither inside already (a badge handed back through the window),
nor in another part of the house (one that was never tapped on the way). Being in an inner zone is being in those around it.
`hard` refuses, `soft` lets in and records a violation. With `anti_passback_min` a violation counts only so long after the
person was last seen to move; at an hour of the day, and by an operator's word, everything before is forgiven.

What is our fault locks nobody out: where the person's place is uncertain, `hard` is soft. But a button beside the door is no
fault of ours, it is how a house is built that counts in minutes: there a press of the button excuses nothing. Somebody of whom
nothing is known violates nothing. The way out asks nothing at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.kinds.presence import PresenceViolated
from controller.rules.zone import ZoneRules

MODES = ("off", "soft", "hard")
OUTSIDE = frozenset({""})


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the tables have a person: `zone` empty for outside."""

    zone: str
    since: datetime
    seq: int
    """The record that says so."""
    doubt: str = ""
    """Why it is not certain; empty when it is."""
    doubt_seq: int = 0
    pardoned: bool = False
    """An operator's word counts until they have moved."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a tap comes into a zone: from where, and where its holder was last seen."""

    origin: frozenset[str]
    """The zone that the door leads from, with all that are in it."""
    whereabouts: Whereabouts | None
    forgiven_at: datetime | None = None
    """Everything before this is forgiven."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The badge cannot be here, by the records. `certain` False: unless they do not know everything."""

    from_zone: str
    certain: bool


def violation(zone: ZoneRules, way: Way | None, now: datetime) -> Violation | None:
    """What a badge that would enter now violates; None for nothing."""
    known = None if way is None else way.whereabouts
    if way is None or known is None or zone.passback == "off" or known.pardoned:
        return None
    if _fits(zone, way.origin, known.zone) or _forgiven(zone, way, known, now):
        return None
    excused = known.doubt != "" and not (known.doubt == "button" and zone.passback_min and known.zone in zone.within)
    return Violation(known.zone, not excused)


def keeps_out(zone: ZoneRules, way: Way | None, now: datetime) -> bool:
    """Whether the badge may not enter for it."""
    found = violation(zone, way, now)
    return found is not None and zone.passback == "hard" and found.certain


def violated(
    zone: ZoneRules, way: Way | None, now: datetime, portal: str, who: tuple[int, int]
) -> tuple[PresenceViolated, ...]:
    """The record of somebody let in all the same; `who`: person and badge."""
    found = violation(zone, way, now)
    return () if found is None else (PresenceViolated(*who, portal, zone.id, found.from_zone, found.certain),)


def _fits(zone: ZoneRules, origin: frozenset[str], at: str) -> bool:
    """Whether somebody who is there can come through this door; outwards, from an inner zone, they are inside already."""
    if origin <= zone.within:
        return at in origin
    return at in origin and at not in zone.within


def _forgiven(zone: ZoneRules, way: Way, known: Whereabouts, now: datetime) -> bool:
    if way.forgiven_at is not None and known.since < way.forgiven_at:
        return True
    return zone.passback_min > 0 and now - known.since >= timedelta(minutes=zone.passback_min)
