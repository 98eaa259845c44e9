"""What every zone asks for now: `site.toml`, and what is kept there (C1.2). For a single question; doors keep it in memory."""

import sqlite3

from controller.facility import Facility
from controller.rules.in_force import in_force
from controller.rules.zone import ZoneRules
from controller.storage_facts import assets


def zones(connection: sqlite3.Connection, facility: Facility) -> dict[str, ZoneRules]:
    """The rules of each zone as they are in force."""
    asked = assets.demands(connection)
    return {id: in_force(zone.rules, asked.get(id, ()), facility.conditions) for id, zone in facility.zones.items()}


def requiring(connection: sqlite3.Connection, facility: Facility, condition: str) -> tuple[str, ...]:
    """The zones that require this condition now."""
    found = zones(connection, facility)
    return tuple(id for id, rules in found.items() if any(one.id == condition for one in rules.conditions))
