"""`sekimori check`: whether `site.toml` is good and the broker serves. Touches no part and writes nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.broker import as_answer, examined
from controller.cli.command import DONE, FOUND, command
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.facility import Facility, Names
from controller.facility.hours import hours_text
from controller.facility.settings import BadSettings
from controller.keyring import broker_of
from controller.rules.schedule import Schedule
from controller.site import settings_of


@command
def check(
    data: Data,
    lang: Language,
    broker: Annotated[bool, typer.Option("--broker/--no-broker")] = True,
    as_json: AsJson = False,
) -> int:
    """Every mistake with its key path, or a summary; then what the broker really does, within a minute."""
    voice, file = Voice(lang, as_json), data / "site.toml"
    try:
        facility = settings_of(data)
    except BadSettings as bad:
        _mistakes(voice, file, bad.mistakes)
        return FOUND
    _summary(voice, file, facility)
    reach = broker_of(facility) if broker else None
    found = None if reach is None else list(examined(voice, reach, facility.id, data))
    wrong = any(finding.state == "bad" for finding in found or [])
    said = None if found is None else [as_answer(finding) for finding in found]
    voice.answer(
        {"file": str(file), "ok": not wrong, "site": facility.id, "mistakes": [], **_described(facility), "broker": said}
    )
    return FOUND if wrong else DONE


def _mistakes(voice: Voice, file: Path, mistakes: list[str]) -> None:
    voice.say("check.bad", file=file, count=len(mistakes), style="bold red")
    for mistake in mistakes:
        voice.line(f"  {mistake}")
    split = [mistake.partition(": ") for mistake in mistakes]
    found = [{"place": place, "mistake": what} if what else {"place": "", "mistake": place} for place, _, what in split]
    voice.answer({"file": str(file), "ok": False, "mistakes": found})


def _summary(voice: Voice, file: Path, facility: Facility) -> None:
    now = datetime.now(UTC)

    def name(names: Names) -> str:
        return names.ja if voice.lang == "ja" else names.en

    zones = facility.zones
    voice.say("check.good", file=file, site=facility.id, name=name(facility.name), style="green")
    voice.table(
        "check.zones",
        ["id", "name", "assurance"],
        [[zone.id, name(zone.name), voice.text(f"assurance.{zone.least_assurance}")] for zone in zones.values()],
    )
    voice.table(
        "check.portals",
        ["id", "name", "way", "lock", "readers"],
        [
            [portal.id, name(portal.name), f"{portal.outer or voice.text('check.outside')} → {portal.inner}", portal.lock,
             ", ".join(f"{reader.side} {reader.device}" for reader in portal.readers)]
            for portal in facility.portals.values()
        ],
    )  # fmt: skip
    if facility.stations:
        rows = [[one.id, name(one.name), one.zone, one.device] for one in facility.stations.values()]
        voice.table("check.stations", ["id", "name", "place", "device"], rows)
    if facility.tethers:
        rows = [[one.id, name(one.name), one.zone, one.input] for one in facility.tethers.values()]
        voice.table("check.tethers", ["id", "name", "place", "device"], rows)
    voice.table(
        "check.schedules",
        ["id", "name", "hours", "now"],
        [
            [schedule.id, name(facility.schedule_names[schedule.id]), hours_text(schedule), _now(voice, schedule, now)]
            for schedule in facility.schedules.values()
        ],
    )


def _now(voice: Voice, schedule: Schedule, now: datetime) -> str:
    state = voice.text("check.open" if schedule.is_open(now) else "check.closed")
    change = schedule.next_change(now)
    if change is None:
        return state
    return voice.text("check.until", state=state, until=change.astimezone(schedule.zone).strftime("%Y-%m-%d %H:%M"))


def _described(facility: Facility) -> dict[str, Any]:
    return {
        "zones": [{"zone": zone.id, "least_assurance": zone.least_assurance} for zone in facility.zones.values()],
        "portals": [
            {
                "portal": portal.id,
                "inner": portal.inner,
                "outer": portal.outer,
                "readers": [r.id for r in portal.readers],
            }
            for portal in facility.portals.values()
        ],
        "stations": [{"station": one.id, "zone": one.zone} for one in facility.stations.values()],
        "tethers": [{"tether": one.id, "zone": one.zone} for one in facility.tethers.values()],
        "schedules": [
            {"schedule": schedule.id, "hours": hours_text(schedule)} for schedule in facility.schedules.values()
        ],
    }
