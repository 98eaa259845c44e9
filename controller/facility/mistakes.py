"""What is wrong with a `site.toml` that a struct cannot say: ids, references, words, and one pin used twice."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from controller.facility.cabinet_mistakes import cabinet_devices, cabinet_mistakes
from controller.facility.combinations import combination_mistakes
from controller.facility.days import calendar_mistakes
from controller.facility.forms import (
    BrokerForm,
    ClockForm,
    DiskForm,
    FacilityForm,
    PortalForm,
    ScheduleForm,
)
from controller.facility.hours import GROUPS, windows
from controller.facility.interlocks import interlock_mistakes
from controller.facility.parties import party_mistakes
from controller.facility.pin_mistakes import pin_mistakes, portal_pin_mistakes
from controller.facility.requirements import requirement_mistakes
from controller.facility.settings import did_you_mean
from controller.facility.station_mistakes import station_devices, station_mistakes
from controller.facility.tables import ASSURANCES
from controller.facility.zones import zone_mistakes
from controller.rules.schedule import DAYS

_MOST_RECOVERY_S = 600
LEAST_DAYS, MOST_DAYS = 30, 36_500
"""A slip of the hand must not empty the ledger."""
_MOST_MB = 1_000_000
_MOST_TETHER_DAYS = 3660
_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")
_MOST_HOLDOVER_H = 720
_MOST_KEYS = 1000
"""A month: two minutes of a Pi's drift."""
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")


def _keys_mistakes(most: int) -> Iterator[str]:
    if not 0 <= most <= _MOST_KEYS:
        yield f"keys.most_per_person: {most}; 0 to {_MOST_KEYS}"


def mistakes_in(form: FacilityForm) -> Iterator[str]:
    """Every mistake, with its key path."""
    if not _ID.fullmatch(form.site.id):
        yield f"site.id: {form.site.id!r}; lower-case letters, digits and -, at most 32"
    try:
        ZoneInfo(form.site.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, as "Asia" is, or longer than any file name
        yield f"site.timezone: {form.site.timezone!r} is not a time zone; write Asia/Tokyo"
    yield from _clock_mistakes(form.clock)
    yield from calendar_mistakes(form.calendar, [s.id for s in form.schedule])
    yield from _disk_mistakes(form.disk)
    yield from _retention_mistakes(form.retention.entries_days)
    yield from _broker_mistakes(form.broker)
    if form.metrics is not None and listen_address(form.metrics.listen) is None:
        yield f"metrics.listen: {form.metrics.listen!r}; write \"127.0.0.1:9100\""
    if not form.zone:
        yield "zone: a site has at least one [[zone]]"
    if not form.portal:
        yield "portal: a site has at least one [[portal]]"
    for noun in ("zone", "portal", "schedule", "station", "tether", "cabinet"):
        yield from _duplicates(noun, [one.id for one in getattr(form, noun)])
    for n, zone in enumerate(form.zone, 1):
        if zone.least_assurance not in ASSURANCES:
            yield (
                f"zone[{n}].least_assurance: {zone.least_assurance!r} is none of {', '.join(map(repr, ASSURANCES))}"
                + did_you_mean(zone.least_assurance, ASSURANCES)
            )
    yield from zone_mistakes(form)
    for n, schedule in enumerate(form.schedule, 1):
        yield from _schedule_mistakes(f"schedule[{n}]", schedule)
    for n, portal in enumerate(form.portal, 1):
        yield from _portal_mistakes(f"portal[{n}]", portal, [z.id for z in form.zone])
        yield from _unlock_mistakes(f"portal[{n}]", portal, [s.id for s in form.schedule])
        yield from portal_pin_mistakes(f"portal[{n}]", portal, [s.id for s in form.schedule])
    yield from _due_mistakes(form)
    yield from combination_mistakes(form.combination)
    yield from pin_mistakes(form.pin)
    yield from _keys_mistakes(form.keys.most_per_person)
    yield from interlock_mistakes(form.portal)
    yield from _duplicates("pledge", [pledge.id for pledge in form.pledge])
    yield from _duplicates("course", [course.id for course in form.course])
    yield from requirement_mistakes(form)
    yield from station_mistakes(form)
    yield from cabinet_mistakes(form)
    yield from party_mistakes(form)
    yield from _evacuation_mistakes(form)
    yield from _shared_devices(form)
    yield from _recipient_mistakes(form)


def _evacuation_mistakes(form: FacilityForm) -> Iterator[str]:
    zones = [zone.id for zone in form.zone]
    if form.evacuation is not None and form.evacuation.zone not in ("*", *zones):
        yield f"evacuation.zone: no zone {form.evacuation.zone!r}{did_you_mean(form.evacuation.zone, zones)}"
    for n, portal in enumerate(form.portal, 1):
        if portal.evacuation not in ("free_egress", "release"):
            yield f"portal[{n}].evacuation: {portal.evacuation!r} is neither 'free_egress' nor 'release'"


def _due_mistakes(form: FacilityForm) -> Iterator[str]:
    known = ["always", *(schedule.id for schedule in form.schedule)]
    if form.due.schedule and form.due.schedule not in known:
        yield f"due.schedule: no schedule {form.due.schedule!r}{did_you_mean(form.due.schedule, known)}"
    if not 1 <= form.due.tether_days <= _MOST_TETHER_DAYS:
        yield f"due.tether_days: {form.due.tether_days}; days, 1 to {_MOST_TETHER_DAYS}"


def _recipient_mistakes(form: FacilityForm) -> Iterator[str]:
    for n, recipient in enumerate(form.backup.recipients, 1):
        if not _RECIPIENT.fullmatch(recipient):
            yield f"backup.recipients[{n}]: {recipient[:80]!r} is no age1… key of `sekimori backup --new-key`"


def _clock_mistakes(form: ClockForm) -> Iterator[str]:
    if form.trust not in ("ntp", "host"):
        yield f"clock.trust: {form.trust!r} is neither 'ntp' nor 'host'"
    if not 0 <= form.holdover_h <= _MOST_HOLDOVER_H:
        yield f"clock.holdover_h: {form.holdover_h}; hours, 0 to {_MOST_HOLDOVER_H}"


def _disk_mistakes(form: DiskForm) -> Iterator[str]:
    for key, value in (("low_mb", form.low_mb), ("reserve_mb", form.reserve_mb)):
        if not 0 <= value <= _MOST_MB:
            yield f"disk.{key}: {value}; megabytes, 0 to {_MOST_MB}"


def _retention_mistakes(days: int) -> Iterator[str]:
    if days and not LEAST_DAYS <= days <= MOST_DAYS:
        yield f"retention.entries_days: {days}; days, {LEAST_DAYS} to {MOST_DAYS}, or 0 for ever"


def _broker_mistakes(form: BrokerForm | None) -> Iterator[str]:
    if form is not None and not 1 <= form.recovery_s <= _MOST_RECOVERY_S:
        yield f"broker.recovery_s: {form.recovery_s}; seconds, 1 to {_MOST_RECOVERY_S}"


def listen_address(text: str) -> tuple[str, int] | None:
    """`host:port`, or None for what is none."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        return None
    return host.strip("[]"), int(port)


def _duplicates(noun: str, ids: list[str]) -> Iterator[str]:
    for n, id in enumerate(ids, 1):
        if not _ID.fullmatch(id):
            yield f"{noun}[{n}].id: {id!r}; lower-case letters, digits and -, at most 32"
        if id in ids[: n - 1]:
            yield f"{noun}[{n}].id: {id!r} stands twice"


def _schedule_mistakes(place: str, form: ScheduleForm) -> Iterator[str]:
    if form.id == "always":
        yield f"{place}.id: 'always' is every site's own schedule"
    for key, text in form.hours.items():
        known = [*DAYS, *GROUPS, "holidays"]
        if key not in known:
            yield f"{place}.hours.{key}: not a day{did_you_mean(key, known)}"
        elif not (key == "holidays" and text == "as weekday"):
            try:
                windows(text)
            except ValueError as error:
                yield f"{place}.hours.{key}: {error}"


def _portal_mistakes(place: str, form: PortalForm, zones: list[str]) -> Iterator[str]:
    for key, zone in (("inner", form.inner), ("outer", form.outer)):
        if zone not in zones and not (key == "outer" and zone == ""):
            yield f"{place}.{key}: no zone {zone!r}{did_you_mean(zone, zones)}"
    if form.inner == form.outer:
        yield f"{place}.outer: a portal leads from one zone to another"
    sides = [reader.side for reader in form.reader]
    for n, side in enumerate(sides, 1):
        if side not in ("in", "out"):
            yield f"{place}.reader[{n}].side: {side!r} is neither 'in' nor 'out'"
        elif side in sides[: n - 1]:
            yield f"{place}.reader[{n}].side: {side!r} stands twice"
    for n, reader in enumerate(form.reader, 1):
        lamps = reader.annunciator
        if lamps is not None and not (lamps.red or lamps.green or lamps.blue or lamps.buzzer):
            yield f"{place}.reader[{n}].annunciator: has no pin; name one, or leave it out"
    if "in" not in sides:
        yield f"{place}.reader: a portal has a reader on side 'in'"
    for key, seconds, most in (("release_s", form.release_s, 60), ("held_open_s", form.held_open_s, 3600)):
        if not 1 <= seconds <= most:
            yield f"{place}.{key}: {seconds}; from 1 to {most} seconds"


def _unlock_mistakes(place: str, form: PortalForm, schedules: list[str]) -> Iterator[str]:
    """A portal that stands unlocked at any time guards nothing (C8.8)."""
    if form.unlock and form.unlock not in schedules:
        yield f"{place}.unlock: no schedule {form.unlock!r}{did_you_mean(form.unlock, schedules)}"


def device_urls(form: FacilityForm) -> Iterator[tuple[str, str]]:
    """Every device with its key path: what the composition root will open."""
    if form.evacuation is not None:
        yield "evacuation.input", form.evacuation.input
    for n, portal in enumerate(form.portal, 1):
        place = f"portal[{n}]"
        yield f"{place}.lock", portal.lock
        yield f"{place}.contact", portal.contact
        if portal.exit_button:
            yield f"{place}.exit_button", portal.exit_button
        for m, reader in enumerate(portal.reader, 1):
            yield f"{place}.reader[{m}].device", reader.device
            if reader.keypad:
                yield f"{place}.reader[{m}].keypad", reader.keypad
            lamps = reader.annunciator
            for lamp in ("red", "green", "blue", "buzzer") if lamps else ():
                if url := getattr(lamps, lamp):
                    yield f"{place}.reader[{m}].annunciator.{lamp}", url
    yield from station_devices(form)
    yield from cabinet_devices(form)


def _shared_devices(form: FacilityForm) -> Iterator[str]:
    seen: dict[str, str] = {}
    for place, url in device_urls(form):
        device = url.partition("?")[0]
        if device in seen:
            yield f"{place}: {device} is already {seen[device]}"
        seen.setdefault(device, place)
        if url.startswith("simulated:") and form.simulation is None:
            yield f"{place}: simulated, but there is no [simulation] with the building's address"
