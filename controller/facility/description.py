"""What is screwed on, as the record `site.configured` says it."""

import msgspec

from controller.facility.facility import Facility, Zone
from controller.facility.hours import hours_text
from controller.facility.requirements import described_conditions
from controller.facility.zones import CONTAINER, ROOM
from controller.record.kinds.cabinet import CabinetSet, SlotSet
from controller.record.kinds.site import PortalSet, ReaderSet, ScheduleSet, ZoneSet
from controller.record.kinds.station import StationSet
from controller.record.kinds.tether import TetherSet


def described(facility: Facility) -> dict[str, tuple[msgspec.Struct, ...]]:
    """Everything by the fields of the record."""
    return {
        "zones": tuple(_zone_set(zone) for zone in facility.zones.values()),
        "portals": tuple(
            PortalSet(
                p.id,
                p.name.ja,
                p.name.en,
                p.inner,
                p.outer,
                tuple(ReaderSet(r.id, r.side) for r in p.readers),
                p.interlock,
            )
            for p in facility.portals.values()
        ),
        "schedules": tuple(
            ScheduleSet(s.id, facility.schedule_names[s.id].ja, facility.schedule_names[s.id].en, hours_text(s))
            for s in facility.schedules.values()
        ),
        "conditions": described_conditions(facility.conditions, facility.condition_names),
        "stations": tuple(
            StationSet(s.id, s.name.ja, s.name.en, s.zone, s.least_assurance, bool(s.keypad), s.device)
            for s in facility.stations.values()
        ),
        "cabinets": tuple(
            CabinetSet(
                c.id,
                c.name.ja,
                c.name.en,
                c.zone,
                c.station,
                c.take_s,
                tuple(SlotSet(slot.number, bool(slot.tag)) for slot in c.slots.values()),
            )
            for c in facility.cabinets.values()
        ),
        "tethers": tuple(TetherSet(t.id, t.name.ja, t.name.en, t.zone, t.input) for t in facility.tethers.values()),
    }


def _zone_set(zone: Zone) -> ZoneSet:
    requires = tuple(condition.id for condition in zone.rules.conditions)
    rules, inside = zone.rules, next(iter(zone.rules.around), "")
    return ZoneSet(
        zone.id,
        zone.name.ja,
        zone.name.en,
        rules.least_assurance,
        requires,
        inside,
        rules.most_inside,
        rules.two_person,
        rules.together_s,
        rules.escort_ratio,
        CONTAINER if rules.container else ROOM,
    )
