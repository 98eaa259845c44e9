"""Badge-driven containers in use: from what their doors do follows in whose hands each is (C8.1).

One person at a time, or two where the container asks for two. While somebody has it open, anybody else's badge is refused, so
that whatever is missing afterwards was in the reach of the one who is on record. It is not handed over by a second tap: whoever
takes over shuts it first, which anybody can, and taps then; so each use has its own opening and closing.
"""

from collections.abc import Iterator, Sequence

import msgspec

from controller import presence_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.container_use import ContainerClosed, ContainerOpened
from controller.record.kinds.door import DoorClosed, DoorForced, DoorObserved, DoorOpened
from controller.storage_facts import container_use

_Door = DoorObserved | DoorOpened | DoorForced | DoorClosed


class ContainerUse:
    """One site's; keeps nothing."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facts = facts
        portals = facility.portals.values()
        self._container_of = {p.id: p.inner for p in portals if facility.zones[p.inner].rules.container}

    def followed(self, records: Sequence[msgspec.Struct]) -> Iterator[msgspec.Struct]:
        """What follows from doors of containers that opened or shut."""
        for body in records:
            if isinstance(body, _Door) and body.portal in self._container_of:
                yield from self._of(self._container_of[body.portal], body)

    def _of(self, zone: str, body: _Door) -> Iterator[msgspec.Struct]:
        use = container_use.standing(self._facts.connection, zone)
        is_shut = isinstance(body, DoorClosed) or (isinstance(body, DoorObserved) and body.status == "secure")
        if is_shut and use is not None:
            cause = "start" if isinstance(body, DoorObserved) else "closed"
            yield ContainerClosed(zone, body.portal, next(iter(use.people), None), use.opened, cause)
        elif not is_shut and use is None:
            yield self._opened(zone, body)

    def _opened(self, zone: str, body: _Door) -> ContainerOpened:
        if isinstance(body, DoorOpened):
            sides = presence_facts.passers(self._facts.connection, body.portal, body.release)
            people = tuple(sorted(person for person, side in sides.items() if side == "in"))
            known = people if body.cause == "entry" else ()
            return ContainerOpened(zone, body.portal, next(iter(known), None), known, body.cause, body.release)
        return ContainerOpened(zone, body.portal, None, (), "forced" if isinstance(body, DoorForced) else "start", 0)
