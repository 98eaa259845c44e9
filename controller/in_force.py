"""The rules of the zones as they are in force, kept in memory: a tap asks no table for them.

They are read again when an asset or a container changes (`judgement.KEPT`).
"""

from controller.facility import Facility
from controller.facts import Facts
from controller.rules.zone import ZoneRules
from controller.storage_facts import in_force


class InForce:
    """One site's; belongs to the loop's thread. The strictest of `site.toml` and of what is kept there (C1.2)."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self.zones: dict[str, ZoneRules] = {}
        self.reload()

    def reload(self) -> None:
        """Reads again what the assets ask for."""
        self.zones = in_force.zones(self._facts.connection, self._facility)

    def guarded(self, portal: str) -> tuple[ZoneRules, ...]:
        """The zones of the two-person rule that whoever comes in through the portal comes into, and was not in before."""
        at = self._facility.portals[portal]
        inner = self.zones[at.inner]
        entered = (self.zones[zone] for zone in (inner.id, *inner.around))
        return tuple(zone for zone in entered if zone.two_person and at.outer not in zone.within)
