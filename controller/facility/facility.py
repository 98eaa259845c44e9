"""What is screwed on, as the rules and the composition root see it: `site.toml` read once, into frozen structs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from controller.facility.cabinets import CabinetAt, cabinet_at
from controller.facility.combinations import terms_of
from controller.facility.days import calendar_of
from controller.facility.forms import (
    BrokerForm,
    ClockForm,
    DiskForm,
    EvacuationForm,
    FacilityForm,
    KeysForm,
    PortalForm,
    ZoneForm,
)
from controller.facility.hours import schedule_of
from controller.facility.mistakes import listen_address, mistakes_in
from controller.facility.requirements import conditions_in
from controller.facility.settings import BadSettings, load_settings
from controller.facility.stations import TETHER_INPUT, StationAt, TetherAt, station_at, tether_at
from controller.facility.tables import AnnunciatorForm, Names
from controller.facility.zones import Plan, plan_of, zone_rules
from controller.record.conditions import Condition
from controller.rules.pin import PinHours, PinRules
from controller.rules.portal import Timing
from controller.rules.posture import Unlocking
from controller.rules.schedule import Calendar, Schedule, always
from controller.rules.trigger import Terms
from controller.rules.zone import ZoneRules

EVACUATION_INPUT = "evacuation"
"""How a contact is called that is no portal's, but begins an evacuation."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone: its id, names, and what it asks of whoever enters."""

    id: str
    name: Names
    rules: ZoneRules

    @property
    def least_assurance(self) -> int:
        """The least assurance it takes."""
        return self.rules.least_assurance


@dataclass(frozen=True, slots=True)
class ReaderAt:
    """A reader: its id (`portal/side`), device, portal and side."""

    id: str
    device: str
    portal: str
    side: str
    annunciator: AnnunciatorForm | None
    keypad: str = ""


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal with its parts and timing. `outer` is empty towards the outside."""

    id: str
    name: Names
    inner: str
    outer: str
    lock: str
    contact: str
    exit_button: str
    readers: tuple[ReaderAt, ...]
    timing: Timing
    unlocking: Unlocking
    interlock: tuple[str, ...] = ()
    pin: PinHours | None = None
    """When it asks for a PIN; None: never."""


@dataclass(frozen=True, slots=True)
class Facility:
    """The site as configured: what the rules and the composition root need of `site.toml`."""

    id: str
    name: Names
    timezone: ZoneInfo
    clock: ClockForm
    broker: BrokerForm | None
    metrics: tuple[str, int] | None
    disk: DiskForm
    entries_days: int
    """How long the bytes of passing records are kept; 0 for ever."""
    evacuation: EvacuationForm | None
    """The contact that begins an evacuation, if there is one."""
    building: str
    backup_recipients: tuple[str, ...]
    zones: dict[str, Zone]
    portals: dict[str, Portal]
    readers: dict[str, ReaderAt]
    calendar: Calendar
    schedules: dict[str, Schedule]
    schedule_names: dict[str, Names]
    conditions: dict[str, Condition]
    """Pledges and courses by what zones call them: `pledge:nda`, `training:induction`."""
    condition_names: dict[str, Names]
    pins: PinRules
    stations: dict[str, StationAt]
    """Readers that open no door, by id; no reader of a portal is called so."""
    tethers: dict[str, TetherAt]
    keys: KeysForm
    cabinets: dict[str, CabinetAt]
    combinations: Terms = field(default_factory=Terms)
    """How old the numbers of combination locks may be, and how soon they are changed."""
    due_schedule: str = ""
    """In whose hours somebody can be expected to see to what is overdue; empty: at any."""
    tether_days: int = 365
    """From one look at a tethered thing to the next, where nothing else is said of the thing."""

    @property
    def antennas(self) -> dict[str, ReaderAt | StationAt]:
        """Everything that badges are held to."""
        return {**self.readers, **self.stations}

    def portal_of(self, reader: str) -> str:
        """The portal that a reader is at; empty for a station."""
        return self.readers[reader].portal if reader in self.readers else ""

    @property
    def least_assurance(self) -> int:
        """The least that any zone takes: a badge that proves less would open nothing."""
        return min(zone.least_assurance for zone in self.zones.values())

    def device_of(self, portal: str, which: str) -> str:
        """The device of a portal's contact: `leaf`, or `exit` for its button; of the site's for evacuations; of a tether's."""
        if which == TETHER_INPUT:
            return self.tethers[portal].input
        if which == EVACUATION_INPUT and self.evacuation is not None:
            return self.evacuation.input
        at = self.portals[portal]
        return at.exit_button if which == "exit" else at.contact


def load_facility(path: Path, also: Callable[[FacilityForm], Iterable[str]] = lambda form: ()) -> Facility:
    """The facility in `site.toml`; `also` finds more mistakes in it. Raises BadSettings with every mistake, OSError."""
    form = load_settings(path, FacilityForm)
    mistakes = [*mistakes_in(form), *also(form)]
    if mistakes:
        raise BadSettings(str(path), mistakes)
    return _facility(form, path.parent)


def _facility(form: FacilityForm, folder: Path) -> Facility:
    zone, plan = ZoneInfo(form.site.timezone), plan_of(form.zone)
    calendar = calendar_of(form.calendar)
    schedules = {"always": always(zone)} | {s.id: schedule_of(s, zone, calendar) for s in form.schedule}
    portals = {p.id: _portal(p, schedules, plan) for p in form.portal}
    conditions, condition_names = conditions_in(form)
    return Facility(
        id=form.site.id,
        name=form.site.name,
        timezone=zone,
        clock=form.clock,
        broker=_broker(form.broker, folder),
        metrics=listen_address(form.metrics.listen) if form.metrics else None,
        disk=form.disk,
        entries_days=form.retention.entries_days,
        evacuation=form.evacuation,
        building=form.simulation.building if form.simulation else "",
        backup_recipients=form.backup.recipients,
        zones={z.id: _zone(z, conditions, plan) for z in form.zone},
        portals=portals,
        readers={r.id: r for p in portals.values() for r in p.readers},
        calendar=calendar,
        schedules=schedules,
        schedule_names={"always": Names("常時", "At any time")} | {s.id: s.name for s in form.schedule},
        conditions=conditions,
        condition_names=condition_names,
        pins=PinRules(form.pin.length, form.pin.wait_s, form.pin.tries, timedelta(minutes=form.pin.lockout_min)),
        tether_days=form.due.tether_days,
        combinations=terms_of(form.combination),
        due_schedule=form.due.schedule or next((schedule.id for schedule in form.schedule), ""),
        stations={station.id: station_at(station) for station in form.station},
        tethers={tether.id: tether_at(tether) for tether in form.tether},
        keys=form.keys,
        cabinets={cabinet.id: cabinet_at(cabinet) for cabinet in form.cabinet},
    )


def _zone(form: ZoneForm, conditions: Mapping[str, Condition], plan: Plan) -> Zone:
    required = tuple(conditions[id] for id in form.requires)
    return Zone(form.id, form.name, zone_rules(form, plan, required))


def _broker(form: BrokerForm | None, folder: Path) -> BrokerForm | None:
    """With its files where they are: a relative name is one beside `site.toml`."""
    if form is None:
        return None
    names = ("password_file", "ca_file", "cert_file", "key_file")
    files = {name: str(folder / value) for name in names if (value := getattr(form, name))}
    return msgspec.structs.replace(form, **files)


def _portal(form: PortalForm, schedules: dict[str, Schedule], plan: Plan) -> Portal:
    readers = tuple(
        ReaderAt(f"{form.id}/{r.side}", r.device, form.id, r.side, r.annunciator, r.keypad) for r in form.reader
    )
    around = tuple(dict.fromkeys((*plan.get(form.inner, ()), *plan.get(form.outer, ()))))
    timing = Timing(form.release_s, form.held_open_s)
    return Portal(
        form.id, form.name, form.inner, form.outer, form.lock, form.contact, form.exit_button, readers, timing,
        Unlocking(form.inner, form.outer, schedules.get(form.unlock), form.first_card, form.evacuation == "release", around),
        form.interlock,
        _pin_hours(form),
    )  # fmt: skip


def _pin_hours(form: PortalForm) -> PinHours | None:
    schedule = form.pin or form.pin_outside
    return PinHours(schedule, outside=not form.pin) if schedule else None
