"""From a tap to a case: gathers every fact that the decision on it looks at, and no more than the zone's rules ask for.

The door and `sekimori explain` gather here, so that both are answered by the same rules on the same facts.
"""

from dataclasses import replace

from controller import party_facts, review_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.in_force import InForce
from controller.postures import Postures
from controller.presences import Coming, Presences
from controller.rules.access import BadgeFact, Case, RightFact, Tap
from controller.rules.clock import trusted
from controller.rules.pin import PinFact, locked
from controller.rules.review import Review, overdue
from controller.storage_facts import container_use
from controller.timekeeper import Now


class Cases:
    """Gathers cases on the facts of the moment; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts, postures: Postures, in_force: InForce) -> None:
        self._facility = facility
        self._facts = facts
        self._postures = postures
        self._in_force = in_force
        self._presences = Presences(facility, facts)
        self.reviews: tuple[Review, ...] = ()
        self.reload()

    def reload(self) -> None:
        """Reads again what is kept: the reviews of rights that are not over, mostly none."""
        self.reviews = review_facts.open_reviews(self._facts.connection)

    def into(
        self, zone: str, tap: Tap, badge: BadgeFact | None, now: Now, blocking: str = "", coming: Coming | None = None
    ) -> Case:
        """The case of a tap that leads into this zone; `blocking`: an interlocked portal that is not secure.

        `coming`: from where, and who else is on the way; None where that is not known.
        """
        rules = self._in_force.zones[zone]
        return Case(
            tap,
            badge,
            rules,
            now.judged,
            self._postures.schedules,
            self._rights(badge.person, zone, now) if badge is not None else (),
            self._postures.orders.lockdowns_of(zone, *rules.around),
            blocking=blocking,
            fulfilments=self._facts.conditions.of(badge.person, rules.conditions) if badge is not None else (),
            evacuations=self._postures.orders.evacuations_of(zone, *rules.around),
            way=self._presences.way(rules, badge, coming, now),
            rooms=self._presences.rooms(rules, badge, coming),
            opened_by=self._opened_by(zone, coming) if rules.container else frozenset(),
        )

    def _opened_by(self, zone: str, coming: Coming | None) -> frozenset[int]:
        """Who has the container open, or has it released for them: it is in their hands (C8.1)."""
        state = None if coming is None else coming.portals.get(coming.portal)
        released = {passer.person for passer in state.passing if passer.person is not None} if state is not None else set()
        return container_use.people(self._facts.connection, zone) | released

    def with_pin(self, case: Case, portal: str, now: Now, keypad_failed: bool = False) -> Case:
        """The case with the second factor, where the portal that is tapped at to enter asks for one now."""
        hours = self._facility.portals[portal].pin
        if hours is None or case.badge is None or not hours.ask(case.schedules, now.judged, trusted(now.clock)):
            return case
        return replace(case, pin=self.pin(case.badge.person, now, keypad_failed))

    def pin(self, person: int, now: Now, keypad_failed: bool = False) -> PinFact:
        """How it stands with the person's PIN."""
        standing = self._facts.pins.standing(person)
        return PinFact(
            standing.state == "set",
            standing.pin,
            standing.failures,
            locked(standing.locked_until, now.judged, trusted(now.clock)),
            keypad_failed,
            seq=standing.seq,
        )

    def _rights(self, person: int, zone: str, now: Now) -> tuple[RightFact, ...]:
        """The rights to the zone; one that was not reviewed in time is suspended from then on, recorded or not (C7.4)."""
        rights, late = self._facts.rights(person, zone), overdue(zone, self.reviews, now.judged)
        if not late:
            return rights
        return tuple(
            replace(right, state="suspended") if right.state == "active" and right.judged_seq < late else right
            for right in rights
        )

    def alone(self, case: Case, portal: str) -> Case:
        """The case of somebody who comes to the portal with nobody else, as the door does not see it but one may ask."""
        who = frozenset() if case.badge is None else {case.badge.person}
        guarded = self._in_force.guarded(portal)
        there = [party_facts.inside(self._facts.connection, zone) for zone in guarded]
        others = [len(inside.holders - inside.by_word - who) for inside in there]
        return replace(case, accompanied=False, others=min(others) if others else None)
