"""What follows from an outcome for who is where: the rule in `rules/presence.py`, on the tables and on the site's plan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from controller import presence_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.door import DoorForced, DoorHeld
from controller.record.kinds.noted import EntryConfirmed
from controller.record.kinds.posture import PortalLocked, PortalUnlocked, ZoneEmptied
from controller.record.kinds.presence import PresenceCorrected, PresenceDoubted, PresenceMoved
from controller.rules import presence
from controller.rules.access import BadgeFact
from controller.rules.clock import trusted
from controller.rules.daily import last_at
from controller.rules.outcome import Outcome
from controller.rules.passback import OUTSIDE, Way, Whereabouts
from controller.rules.portal import PortalState
from controller.rules.presence import Room
from controller.rules.zone import ZoneRules
from controller.timekeeper import Now

_Unseen = DoorForced | DoorHeld | PortalLocked | PortalUnlocked
"""After which nobody knows who passed."""
_Moving = PresenceMoved | PresenceCorrected | EntryConfirmed
"""By which somebody's place may change."""


@dataclass(frozen=True, slots=True)
class Coming:
    """Where a tap comes from (empty: outside), and how all portals stand: who was let pass is on the way."""

    origin: str
    portals: Mapping[str, PortalState]
    portal: str = ""
    """Through which one."""


class Presences:
    """One site's; belongs to the loop's thread. Keeps nothing."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._doors = {
            zone.id: [p.id for p in facility.portals.values() if {p.inner, p.outer} & zone.rules.within]
            for zone in facility.zones.values()
        }
        """By zone, the portals through which one is on the way into it: of hundreds, a few."""

    def followed(self, outcome: Outcome) -> Outcome:
        """The outcome with the records that follow from it: people who moved, and doubts; the very same one for none."""
        if any(self._stays(body) for body in outcome.then):
            outcome = replace(outcome, then=tuple(body for body in outcome.then if not self._stays(body)))
        unseen = [body for body in outcome.records if isinstance(body, _Unseen)]
        moved = [body for body in (*outcome.records, *outcome.then) if isinstance(body, _Moving) and _moves(body)]
        if not unseen and not moved and not outcome.then:
            return outcome
        doubts = [doubt for body in unseen for doubt in self._doubts(body)]
        then = presence.worth_saying((*doubts, *outcome.then), self._newer)
        return replace(outcome, then=(*then, *self._emptied(moved)))

    def _stays(self, body: msgspec.Struct) -> bool:
        """Whether this says that somebody went into a container or came out of it, or may have: nobody does."""
        portal = self._facility.portals.get(getattr(body, "portal", ""))
        moves = isinstance(body, PresenceMoved | PresenceDoubted)
        return moves and portal is not None and self._is_container(portal.inner)

    def _is_container(self, zone: str) -> bool:
        return zone in self._facility.zones and self._facility.zones[zone].rules.container

    def _emptied(self, moved: Sequence[_Moving]) -> Iterator[ZoneEmptied]:
        """The zones that nobody known is in any more, and whose hours somebody had opened."""
        arrived = {body.person: body.zone for body in moved}
        for zone in (found.rules for found in self._facility.zones.values() if found.rules.relock_when_empty and moved):
            stays = any(at in zone.within for at in arrived.values())
            if not stays and presence_facts.opened(self._facts.connection, zone.id):
                if presence_facts.count(self._facts.connection, zone.within, arrived, 1) == 0:
                    yield ZoneEmptied(zone.id)

    def _doubts(self, body: _Unseen) -> tuple[PresenceDoubted, ...]:
        portal = self._facility.portals[body.portal]
        if self._is_container(portal.inner):
            return ()
        return presence.unseen(portal.inner, portal.outer, (body,))

    def _newer(self, zone: str) -> bool:
        return presence_facts.newer(self._facts.connection, zone)

    def unwatched(self, reason: str, pending: Sequence[tuple[str, int]]) -> tuple[msgspec.Struct, ...]:
        """What is not known of who is where after a restart or an outage. `pending`: portals, and releases without an outcome.

        Whoever was let pass may be on the other side: that is where they are looked for, and it is not certain.
        """
        moved = tuple(self._perhaps(pending))
        connection = self._facts.connection
        anybody = bool(moved) or presence_facts.anybody(connection)
        return (*moved, *presence.begun(reason, presence_facts.standing(connection), anybody))

    def _perhaps(self, pending: Sequence[tuple[str, int]]) -> Iterator[PresenceMoved]:
        for id, release in pending:
            portal = self._facility.portals.get(id)
            if portal is None or self._is_container(portal.inner):
                continue
            found = presence_facts.passers(self._facts.connection, id, release)
            for person, side in found.items():
                sides = (portal.outer, portal.inner) if side == "in" else (portal.inner, portal.outer)
                yield PresenceMoved(person, *sides, id, release, False)

    # What the decision on a tap looks at -----------------------------------------------------------------------------------

    def way(self, zone: ZoneRules, badge: BadgeFact | None, coming: Coming | None, now: Now) -> Way | None:
        """How the tap comes into the zone; None where the zone has no anti-passback, or nobody is known."""
        if zone.passback == "off" or badge is None or coming is None:
            return None
        origin = self._facility.zones[coming.origin].rules.within if coming.origin else OUTSIDE
        forgiven = None if zone.forgiven_at is None else last_at(zone.forgiven_at, self._facility.timezone, now.judged)
        here = self._arriving(zone, badge.person, coming, now) or self._whereabouts(badge.person, now)
        return Way(origin, here, forgiven)

    def _arriving(self, zone: ZoneRules, person: int, coming: Coming, now: Now) -> Whereabouts | None:
        """In the zone, where another door has been let go for them and not opened yet: else one badge opens two at once."""
        others = {portal: coming.portals[portal] for portal in self._doors[zone.id] if portal in coming.portals}
        for portal, state in others.items():
            for passer in state.passing if portal != coming.portal else ():
                if passer.person == person and passer.zone in zone.within:
                    return Whereabouts(passer.zone, now.judged, passer.release)
        return None

    def _whereabouts(self, person: int, now: Now) -> Whereabouts | None:
        """Where the person is, if that is a zone that there still is. By a clock that is not trusted it is not certain."""
        known = presence_facts.whereabouts(self._facts.connection, person, now.judged)
        if known is None or (known.zone and known.zone not in self._facility.zones):
            return None
        return known if trusted(now.clock) or known.doubt else replace(known, doubt="clock")

    def rooms(self, zone: ZoneRules, badge: BadgeFact | None, coming: Coming | None) -> tuple[Room, ...]:
        """How full the zones with a limit are that the tap leads into: not those that it comes from already."""
        if badge is None or coming is None:
            return ()
        zones = (self._facility.zones[id].rules for id in (zone.id, *zone.around))
        return tuple(
            Room(into.id, self._others(into, badge.person, coming), into.most_inside)
            for into in zones
            if into.most_inside and coming.origin not in into.within
        )

    def _others(self, zone: ZoneRules, person: int, coming: Coming) -> int:
        """How many others are in the zone or on their way into it, counted up to its limit."""
        states = [state for portal in self._doors[zone.id] if (state := coming.portals.get(portal)) is not None]
        passing = (passer for state in states for passer in state.passing)
        arriving = {passer.person for passer in passing if passer.zone in zone.within} - {person, None}
        apart = [person, *(known for known in arriving if known is not None)]
        return len(arriving) + presence_facts.count(self._facts.connection, zone.within, apart, zone.most_inside)


def _moves(body: _Moving) -> bool:
    """Whether this record changes where somebody is: an entry of the reception's book may be older than what is known."""
    return not isinstance(body, EntryConfirmed) or body.moved
