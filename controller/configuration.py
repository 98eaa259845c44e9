"""What is screwed on, as a record: written at a start when `site.toml` says something that the ledger does not."""

from typing import Any

import msgspec

from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.site import SiteConfigured


def configured(facility: Facility, facts: Facts) -> SiteConfigured | None:
    """The record to append, or None when the last one says the same."""
    known = facts.configured()
    present: dict[str, set[str]] = {
        "zone": set(facility.zones),
        "portal": set(facility.portals),
        "reader": set(facility.readers),
        "schedule": set(facility.schedules),
        "condition": set(facility.conditions),
        "site": {facility.id},
    }
    removed = tuple((table, id) for table in sorted(present) for id in sorted(known[table] - present[table]))
    described: dict[str, Any] = facility.described()
    name = facility.name
    record = SiteConfigured(facility.id, name.ja, name.en, str(facility.timezone), removed=removed, **described)
    last = facts.last_configuration()
    same = last is not None and not removed and msgspec.structs.replace(last, removed=()) == record
    return None if same else record
