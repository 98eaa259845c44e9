"""What is screwed on, as a record: written at a start when `site.toml` says something that the ledger does not."""

from typing import Any

import msgspec

from controller.facility import Facility
from controller.facility import described as describe
from controller.facts import Facts
from controller.record.hours import windows_text
from controller.record.kinds.calendar import CalendarConfigured, DaySet, UnlockingSet
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
        "station": set(facility.stations),
        "tether": set(facility.tethers),
        "cabinet": set(facility.cabinets),
        "cabinet_slot": {f"{one.id}/{slot}" for one in facility.cabinets.values() for slot in one.slots},
        "site": {facility.id},
    }
    removed = tuple((table, id) for table in sorted(present) for id in sorted(known[table] - present[table]))
    described: dict[str, Any] = describe(facility)
    name = facility.name
    record = SiteConfigured(facility.id, name.ja, name.en, str(facility.timezone), removed=removed, **described)
    last = facts.last_configuration()
    same = last is not None and not removed and msgspec.structs.replace(last, removed=()) == record
    return None if same else record


def calendar_configured(facility: Facility, facts: Facts) -> CalendarConfigured | None:
    """The record of the calendar and of what stands unlocked when, or None when the last one says the same."""
    calendar = facility.calendar
    special = tuple(
        DaySet(one.day.isoformat(), one.schedule, windows_text(one.windows), one.name_ja, one.name_en)
        for _, one in sorted(calendar.special.items())
    )
    unlocking = tuple(
        UnlockingSet(id, rule.schedule.id if rule.schedule else "", rule.first_card, rule.evacuation)
        for id, rule in ((portal.id, portal.unlocking) for portal in facility.portals.values())
    )
    days, portals = facts.calendar_keys()
    record = CalendarConfigured(
        calendar.country,
        tuple(sorted(day.isoformat() for day in calendar.company)),
        special,
        unlocking,
        tuple(sorted(days - {(day.day, day.schedule) for day in special})),
        tuple(sorted(portals - set(facility.portals))),
    )
    last = facts.last_calendar()
    gone = record.removed_days or record.removed_unlocking
    same = last is not None and not gone and msgspec.structs.replace(last, removed_days=(), removed_unlocking=()) == record
    return None if same else record
