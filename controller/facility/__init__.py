"""`site.toml`: what is screwed on. Portals, pins, zones, schedules, timings; read once, into frozen structs.

People, badges, rights and keys are records, not settings: they change through requests, and the ledger shows it.
"""

from controller.facility.cabinets import CabinetAt, SlotAt
from controller.facility.description import described
from controller.facility.facility import EVACUATION_INPUT, Facility, Portal, ReaderAt, Zone, load_facility
from controller.facility.forms import BrokerForm, FacilityForm
from controller.facility.mistakes import device_urls
from controller.facility.stations import TETHER_INPUT, StationAt, TetherAt
from controller.facility.tables import AnnunciatorForm, Names

__all__ = [
    "EVACUATION_INPUT", "TETHER_INPUT",
    "AnnunciatorForm", "BrokerForm", "CabinetAt", "Facility", "FacilityForm", "Names", "Portal", "ReaderAt",
    "SlotAt", "StationAt", "TetherAt", "Zone", "described", "device_urls", "load_facility",
]  # fmt: skip
