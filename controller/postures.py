"""How each portal is to stand by itself now, by the rule in `rules/posture.py`, on the tables; and when to look again.

Kept between turns, because a schedule is too dear to be read at every tap; computed anew when a record changed what stands,
when the next edge has come, when the clock's trust changed, and when the wall clock went back.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from controller.days import Days
from controller.facility import Facility
from controller.facts import Facts
from controller.rules import interlock, posture
from controller.rules.portal import STANDS, PortalState, Status
from controller.rules.posture import Orders, Posture, Unlocking
from controller.rules.schedule import Schedule

CAN_UNLOCK = frozenset({Status.SECURE, Status.RELEASED, Status.OPEN, Status.HELD})
"""What may be unlocked to stand: not a portal whose leaf was never seen, nor one that was forced."""

_LOOK_AGAIN = timedelta(days=1)

_LOCKED = Posture(False, "")


class Postures:
    """One site's postures; belongs to the loop's thread. Times are the judged wall clock's."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._rules = {portal.id: portal.unlocking for portal in facility.portals.values()}
        self._interlocks = {portal.id: portal.interlock for portal in facility.portals.values()}
        self._facts = facts
        self._days = Days(facility, facts)
        self._known: dict[str, Posture] = {}
        self._looked: datetime | None = None
        self._until: datetime | None = None
        self._trusted = False
        self._stood: set[str] = set()
        """Portals that have been told to stand unlocked since the start."""
        self.orders = Orders({}, {}, {})

    def reload(self) -> None:
        """Reads from the tables what stands; everything is looked at again."""
        self.orders = self._facts.orders()
        self._days.reload()
        self._rules = {portal: self._days.unlocking(rule) for portal, rule in self._rules.items()}
        self._looked = None

    def rule(self, portal: str) -> Unlocking:
        """What the settings say of when the portal stands unlocked, on the schedule as it holds now."""
        return self._rules[portal]

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """The site's schedules, with the special days that operators have set."""
        return self._days.schedules

    def of(self, portal: str) -> Posture:
        """The portal's posture when it was last looked at."""
        return self._known.get(portal, _LOCKED)

    def idle(self, portal: str) -> str:
        """What a locked portal shows. In an evacuation one that stands open shows that; one that does not is still locked."""
        rule = self._rules[portal]
        return "lockdown" if self.orders.locked_down(*rule.zones) else "idle_locked"

    def into(self, zone: str) -> tuple[Posture, ...]:
        """The postures of the portals that lead into the zone."""
        return tuple(self.of(portal) for portal, rule in self._rules.items() if rule.inner == zone)

    def look(self, now: datetime, trusted: bool) -> None:
        """Computes what may have changed."""
        if not self._stale(now, trusted):
            return
        self._known = {
            portal: posture.posture(portal, rule, self.orders, now, trusted) for portal, rule in self._rules.items()
        }
        ends = [found.until for found in self._known.values() if found.until is not None]
        ends += [override.until for override in self.orders.overrides.values() if override.until > now]
        self._looked, self._until, self._trusted = now, min([*ends, now + _LOOK_AGAIN]), trusted

    def _stale(self, now: datetime, trusted: bool) -> bool:
        """Whether what is known may not hold any more."""
        edge = self._until is not None and self._until <= now
        return self._looked is None or now < self._looked or edge or trusted != self._trusted

    def lapsed(self, now: datetime, trusted: bool) -> list[str]:
        """The portals whose override is over."""
        return [portal for portal, override in self.orders.overrides.items() if override.over(now, trusted)]

    def moves(self, portals: dict[str, PortalState]) -> Iterator[tuple[str, Posture]]:
        """The portals that do not stand as they are to, or whose last record says another why or until; and how they are to."""
        concerned = self._stood | {portal for portal, wanted in self._known.items() if wanted.open}
        for portal in sorted(concerned, key=self._turn):  # mostly none, and this is asked at every tap
            wanted = interlock.standing(self.of(portal), self._interlocks[portal], portals)
            state = portals[portal]
            says = wanted.open and state.status in STANDS and state.standing != wanted.said
            if says or state.status in (CAN_UNLOCK if wanted.open else STANDS):
                self._stood.add(portal)
                yield portal, wanted

    def _turn(self, portal: str) -> tuple[bool, str]:
        """Those that are to be locked come first: an interlocked one may stand unlocked behind them."""
        return self.of(portal).open, portal

    def wait_s(self, now: datetime, trusted: bool) -> float | None:
        """Seconds until the next edge, 0 when something may have changed already; None for none."""
        if self._stale(now, trusted):
            return 0.0
        return None if self._until is None else (self._until - now).total_seconds()
