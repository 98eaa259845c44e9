"""Who was left behind in a zone, alone or without their escort: seen after each move there, and an alarm when it lasts.

The rule is in `rules/party.py`; what lasts is in the tables, so that a restart alarms nobody twice. Since when somebody is
without the others is in memory alone: after a restart the time begins anew, as far as anybody is certainly inside.
"""

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from controller import party_facts
from controller.facility import Facility, Portal
from controller.facts import Facts
from controller.in_force import InForce
from controller.record.kinds.party import EscortBegun, EscortEnded, ZoneRestored, ZoneViolated
from controller.record.kinds.presence import EVERYWHERE
from controller.record.kinds.right import ESCORTED
from controller.rules import party
from controller.rules.access import Case, Grant
from controller.rules.effects import Effect, PlaySignal
from controller.rules.outcome import Outcome
from controller.rules.party import Left

SIGNAL = "left_behind"


class Companions:
    """One site's; belongs to the loop's thread. Seconds are monotonic."""

    def __init__(self, in_force: InForce, facility: Facility, facts: Facts) -> None:
        self._in_force = in_force
        self._facility = facility
        self._facts = facts
        self._watched: set[str] | None = None
        """Zones where somebody may be left behind; None until they are read."""
        self._around = {zone.id: frozenset({zone.id, *zone.rules.around}) for zone in facility.zones.values()}
        """By zone, itself and those that it lies in."""
        self._lasting: dict[tuple[str, Left], int] = {}
        self._since: dict[tuple[str, Left], tuple[float, int]] = {}
        """Since when somebody is without the others, and who left them."""
        self._moved: set[str] = set()
        """Zones in which somebody may have moved since they were looked at."""
        self._last_out: dict[str, int] = {}

    def reload(self) -> None:
        """Reads from the tables what lasts; every zone is looked at again."""
        self._watched = None
        self._lasting = party_facts.violations(self._facts.connection)
        self._moved = {*self._zones(), *(zone for zone, _ in self._lasting)}

    def lose(self) -> None:
        """What was seen in a turn that could not be recorded is to be seen again."""
        self._since.clear()
        self._watched = None

    def _zones(self) -> set[str]:
        """The zones that are watched: those of two persons, and those that somebody was ever escorted into."""
        if self._watched is None:
            guarded = {id for id, rules in self._in_force.zones.items() if rules.two_person}
            self._watched = guarded | party_facts.escorted_zones(self._facts.connection)
        return self._watched

    def heard(self, outcome: Outcome) -> None:
        """Notes in which zones an outcome may move somebody, or make somebody uncertain."""
        for body in (*outcome.records, *outcome.then):
            for place in (getattr(body, "zone", None), getattr(body, "from_zone", None)):
                if place == EVERYWHERE:
                    self._moved |= self._zones()
                elif place is not None:
                    self._moved |= self._around.get(place, frozenset()) & self._zones()

    def comes(self, case: Case, grant: Grant, outcome: Outcome) -> Outcome:
        """The outcome of somebody's way in. Whoever was escorted in once, and has a right of their own now, is nobody's."""
        self._zones().update(body.zone for body in outcome.records if isinstance(body, EscortBegun))
        if grant.manner == ESCORTED or all(right.manner != ESCORTED for right in case.rights):
            return outcome
        person, zone = grant.badge.person, case.zone.id
        escort = party_facts.escort_of(self._facts.connection, person, zone)
        return outcome if escort is None else _before(outcome, EscortEnded(zone, person, escort))

    def goes(self, portal: Portal, person: int, manner: str, outcome: Outcome) -> Outcome:
        """The outcome of somebody's way out, by which right they are in the zone beyond (empty: none, or outside).

        Who leaves somebody behind is told so at the door; whoever has to be escorted beyond too is still their escort's.
        """
        connection = self._facts.connection
        if manner == ESCORTED:
            escort = party_facts.escort_of(connection, person, portal.inner, portal.outer) or 0
            outcome = _before(outcome, EscortBegun(portal.id, portal.outer, person, escort))
            self._zones().add(portal.outer)
        around = [self._in_force.zones[zone] for zone in self._around[portal.inner] & self._zones()]
        left = [zone for zone in around if portal.outer not in zone.within]
        self._last_out |= {zone.id: person for zone in left}
        if any(party.leaves_behind(zone, party_facts.inside(connection, zone), person) for zone in left):
            return replace(outcome, effects=tuple(map(_cautioned, outcome.effects)))
        return outcome

    def due(self, now_s: float) -> Iterator[Outcome]:
        """The records of who is left behind for too long, and of who is so no more."""
        moved, self._moved = sorted(self._moved), set()
        for zone in moved:
            yield from self._looked(zone, now_s)
        for (zone, left), (since_s, companion) in list(self._since.items()):
            if since_s + self._in_force.zones[zone].together_s <= now_s:
                del self._since[zone, left]
                record = ZoneViolated(zone, left.person, left.code, companion or None)
                yield Outcome((record,), tuple(PlaySignal(portal, SIGNAL) for portal in self._portals(zone)))

    def _looked(self, zone: str, now_s: float) -> Iterator[Outcome]:
        known = self._in_force.zones.get(zone)  # None for one that the settings have no more
        inside = None if known is None else party_facts.inside(self._facts.connection, known)
        found = {} if known is None or inside is None else party.left_behind(known, inside)
        for at, left in list(self._lasting):
            if at == zone and left not in found:
                yield Outcome((ZoneRestored(zone, left.person, left.code),))
        self._since = {(at, left): known for (at, left), known in self._since.items() if at != zone or left in found}
        for left, escort in found.items():
            if (zone, left) not in self._lasting:
                companion = escort or self._last_out.get(zone, 0)
                self._since.setdefault((zone, left), (now_s, companion if companion != left.person else 0))

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until somebody is left behind for too long; None for nobody."""
        zones = self._in_force.zones
        ends = [since_s + zones[zone].together_s - now_s for (zone, _), (since_s, _) in self._since.items()]
        return min(ends) if ends else None

    def _portals(self, zone: str) -> list[str]:
        return [portal.id for portal in self._facility.portals.values() if portal.inner == zone]


def _before(outcome: Outcome, record: msgspec.Struct) -> Outcome:
    return replace(outcome, records=(record, *outcome.records))


def _cautioned(effect: Effect) -> Effect:
    """Instead of a plain yes, yes and a caution."""
    match effect:
        case PlaySignal(portal, "granted", reader):
            return PlaySignal(portal, SIGNAL, reader)
    return effect
