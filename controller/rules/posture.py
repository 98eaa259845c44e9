"""How a portal stands by itself, without anybody tapping (C8.8): evacuated, locked down, overridden, unlocked in its hours.

In order: an evacuation opens the portals that the settings mark for it; a lockdown locks; an override does what its operator
said until its end; the schedule unlocks in its hours, if the settings say so, and only after the first right holder has come
into the zone. Whatever is doubtful locks: a clock that is not trusted ends scheduled unlocking and overrides that open (design
§6). The posture is computed from the tables, so that a restart finds it again; how the door then moves is `portal.py`.

An evacuation comes before a lockdown, before an override that locks, and asks no clock: a life weighs more than what is behind
the door. Whoever wants a door to stay shut against somebody who pulls the fire alarm does not mark it: the way out is
wired hardware and opens all the same. Nobody enters by a badge meanwhile (`access.py`); rescuers come in through the marked
portals, or an operator opens one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.record.canonical import timestamp
from controller.record.kinds.posture import (
    LockdownBegun,
    LockdownEnded,
    OverrideEnded,
    PortalOverridden,
    ZoneOpened,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import Schedule

SITE = "*"
"""The zone of a lockdown, or an evacuation, of the whole site."""

EVACUATION = "evacuation"
"""The cause of a portal that stands unlocked for people to get out."""

_AHEAD_DAYS = 8
"""How far ahead the end of a schedule's hours is looked for; the shell looks again every day in any case."""

_WHOLE_DAY = timedelta(days=1)
"""How long a first card opens hours that have no end in sight."""

LONGEST = {"open": timedelta(hours=24), "locked": timedelta(days=31)}
"""How long an override lasts at most: a door that stands open for longer is a change of its settings."""


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What the settings say of a portal: the schedule that unlocks it, None for none, and whether it waits for a first card."""

    inner: str
    outer: str
    schedule: Schedule | None
    first_card: bool
    evacuation: bool = False
    """Whether it stands open in an evacuation of the zones that it leads between."""
    around: tuple[str, ...] = ()
    """The zones in which those lie: who is in one of those is in these too."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone of which it is a way in or out, or a door within."""
        return (self.inner, self.outer, *self.around)


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator set for a portal."""

    posture: str
    until: datetime
    outdated: bool = False
    """It was given before the clock was last doubted or believed again: its end means nothing any more."""

    def over(self, now: datetime, trusted: bool) -> bool:
        """Whether it holds no more. One that locks outlives a clock that was set or is doubted: whatever is doubtful locks."""
        if self.posture == "open":
            return self.until <= now or self.outdated
        return trusted and self.until <= now


@dataclass(frozen=True, slots=True)
class Orders:
    """What was ordered and holds: overrides by portal, zones in lockdown, until when zones were opened by a first card."""

    overrides: Mapping[str, Override]
    lockdowns: Mapping[str, int]
    """By zone, the record that locked it down."""
    openings: Mapping[str, datetime]
    evacuations: Mapping[str, int] = field(default_factory=dict)
    """By zone, the record by which it is being evacuated."""

    def locked_down(self, *zones: str) -> bool:
        """Whether one of these zones is in lockdown."""
        return bool(self.lockdowns_of(*zones))

    def lockdowns_of(self, *zones: str) -> tuple[int, ...]:
        """The records by which one of these zones is in lockdown."""
        return tuple(self.lockdowns[zone] for zone in (SITE, *zones) if zone and zone in self.lockdowns)

    def evacuations_of(self, *zones: str) -> tuple[int, ...]:
        """The records by which one of these zones is being evacuated."""
        return tuple(self.evacuations[zone] for zone in (SITE, *zones) if zone and zone in self.evacuations)


@dataclass(frozen=True, slots=True)
class Posture:
    """Whether the portal is to stand unlocked, why (not), and the next instant at which that may change by itself."""

    open: bool
    cause: str
    until: datetime | None = None
    awaited: bool = False
    """In its hours, but nobody with a right has come in yet."""

    @property
    def said(self) -> str:
        """Why and until when, as the record of a portal that stands says it."""
        return f"{self.cause} {'' if self.until is None else timestamp(self.until)}"


def posture(portal: str, rule: Unlocking, orders: Orders, now: datetime, trusted: bool) -> Posture:
    """How the portal is to stand now."""
    if rule.evacuation and orders.evacuations_of(*rule.zones):
        return Posture(True, EVACUATION)
    if orders.locked_down(*rule.zones):
        return Posture(False, "lockdown")
    override = orders.overrides.get(portal)
    if override is not None and not override.over(now, trusted):
        return Posture(override.posture == "open" and trusted, "override", override.until)
    if rule.schedule is None:
        return Posture(False, "")
    if not trusted:
        return Posture(False, "clock")
    until = rule.schedule.next_change(now, _AHEAD_DAYS)
    if not rule.schedule.is_open(now):
        return Posture(False, "schedule", until)
    opened = orders.openings.get(rule.inner)
    awaited = rule.first_card and (opened is None or opened <= now)
    return Posture(not awaited, "schedule", until, awaited)


def open_zone(zone: str, person: int, waiting: tuple[Posture, ...], now: datetime) -> Outcome:
    """Somebody with a right came into the zone; `waiting`: the postures of its portals. The first one opens its hours."""
    ends = [posture.until or now + _WHOLE_DAY for posture in waiting if posture.awaited]
    if not ends:
        return Outcome()
    return Outcome((ZoneOpened(zone, person, timestamp(max(ends))),))


def ended(portal: str) -> Outcome:
    """An override's time has come."""
    return Outcome((OverrideEnded(portal, None),))


# Requests ---------------------------------------------------------------------------------------------------------------


def override(
    portal: str, rule: Unlocking, operator: OperatorFact, what: str, until: datetime, reason: PrivateRow, now: datetime
) -> Outcome | Refusal:
    """Let the portal stand `open` or `locked` until then, whatever its schedule says."""
    if refusal := within(operator, rule.inner, rule.outer):
        return refusal
    if what not in LONGEST:
        return Refusal(Code.FORM, "body.posture")
    if not now < until <= now + LONGEST[what]:
        return Refusal(Code.PURPOSE, "body.until_at")
    overridden = PortalOverridden(portal, what, timestamp(until), operator.operator, reason.ref())
    return Outcome((overridden,), private=(reason,))


def resume(portal: str, rule: Unlocking, operator: OperatorFact, orders: Orders) -> Outcome | Refusal:
    """End an override before its time."""
    if refusal := within(operator, rule.inner, rule.outer):
        return refusal
    if portal not in orders.overrides:
        return Refusal(Code.SUBJECT, "body.portal")
    return Outcome((OverrideEnded(portal, operator.operator),))


def begin_lockdown(zone: str, operator: OperatorFact, reason: PrivateRow, orders: Orders) -> Outcome | Refusal:
    """Let nobody enter the zone, or any zone."""
    if refusal := covers(operator, zone):
        return refusal
    if zone in orders.lockdowns:
        return Refusal(Code.SUBJECT, "body.zone")
    return Outcome((LockdownBegun(zone, operator.operator, reason.ref()),), private=(reason,))


def end_lockdown(zone: str, operator: OperatorFact, reason: PrivateRow, orders: Orders) -> Outcome | Refusal:
    """Lift a lockdown."""
    if refusal := covers(operator, zone):
        return refusal
    if zone not in orders.lockdowns:
        return Refusal(Code.SUBJECT, "body.zone")
    return Outcome((LockdownEnded(zone, operator.operator, reason.ref()),), private=(reason,))


def covers(operator: OperatorFact, zone: str) -> Refusal | None:
    """The whole site is in the scope of those alone who have all of it."""
    if zone == SITE:
        return None if SITE in operator.scope else Refusal(Code.SCOPE, "operator.scope")
    return within(operator, zone)
