"""What follows from an outcome for who is where: the rule in `rules/presence.py`, on the tables and on the site's plan."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from controller import presence_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.door import DoorForced, DoorHeld
from controller.record.kinds.posture import PortalLocked, PortalUnlocked
from controller.record.kinds.presence import PresenceDoubted, PresenceMoved
from controller.rules import presence
from controller.rules.outcome import Outcome

_UNSEEN = (DoorForced, DoorHeld, PortalLocked, PortalUnlocked)


class Presences:
    """One site's; belongs to the loop's thread. Keeps nothing."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts

    def followed(self, outcome: Outcome) -> Outcome:
        """The outcome with the records that follow from it: people who moved, and doubts; the very same one for none."""
        unseen = [body for body in outcome.records if isinstance(body, _UNSEEN)]
        if not unseen and not outcome.then:
            return outcome
        doubts = [doubt for body in unseen for doubt in self._doubts(body)]
        return replace(outcome, then=presence.worth_saying((*doubts, *outcome.then), self._newer))

    def _doubts(self, body: msgspec.Struct) -> tuple[PresenceDoubted, ...]:
        portal = self._facility.portals[body.portal]  # type: ignore[attr-defined]
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
            portal, found = self._facility.portals.get(id), presence_facts.passer(self._facts.connection, release)
            if portal is not None and found is not None:
                person, side = found
                sides = (portal.outer, portal.inner) if side == "in" else (portal.inner, portal.outer)
                yield PresenceMoved(person, *sides, id, release, False)
