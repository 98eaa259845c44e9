"""`site.toml`: what is screwed on. Portals, pins, zones, schedules, timings; read once, into frozen structs.

People, badges, rights and keys are records, not settings: they change through requests, and the ledger shows it.
"""

from controller.facility.facility import EVACUATION_INPUT, Facility, Portal, ReaderAt, Zone, load_facility
from controller.facility.forms import AnnunciatorForm, BrokerForm, FacilityForm, Names
from controller.facility.mistakes import device_urls

__all__ = [
    "EVACUATION_INPUT",
    "AnnunciatorForm", "BrokerForm", "Facility", "FacilityForm", "Names", "Portal", "ReaderAt", "Zone", "device_urls",
    "load_facility",
]  # fmt: skip
