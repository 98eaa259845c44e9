"""`sekimori conditions`: how people stand to pledges and training: one person, a zone, or what ends soon (C5.1, C7.6)."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.condition_facts import ConditionFacts
from controller.facility import Facility
from controller.record.canonical import timestamp
from controller.record.conditions import HELD, Standing, standing
from controller.record.words import words
from controller.site import settings_of
from controller.storage_facts import in_force


@dataclass(frozen=True, slots=True)
class Line:
    """How one person stands to one condition; `zones` require it, and the person has a right to them."""

    person: int
    stands: Standing
    zones: tuple[str, ...]

    @property
    def missing(self) -> bool:
        """Whether a door refuses for want of it."""
        return bool(self.zones) and self.stands.state != HELD

    def ends_by(self, at: datetime) -> bool:
        """Whether a door refuses for want of it now, or will at that time."""
        until = self.stands.until_at
        return self.missing or (bool(self.zones) and until is not None and until <= at)


@command
def conditions(
    data: Data,
    lang: Language,
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]")] = None,
    zone: Annotated[str | None, typer.Option("--zone", metavar="ZONE")] = None,
    lapsing: Annotated[int | None, typer.Option("--lapsing", metavar="DAYS", min=0, max=3660)] = None,
    as_json: AsJson = False,
) -> int:
    """0 when nothing is missing (with --lapsing: or ends), 1 when something is."""
    voice = Voice(lang, as_json)
    if sum(asked is not None for asked in (person, zone, lapsing)) != 1:
        raise typer.BadParameter(voice.text("conditions.one"))
    facility, ledger, now = settings_of(data), read_ledger(data), datetime.now(UTC)
    names = Names(ledger)
    if zone is not None and zone not in facility.zones:
        return _unknown(voice, "conditions.zone", "zone", zone)
    called = [] if person is None else [one for one in names.people_called(person) if names.person_state(one)]
    if person is not None and len(called) != 1:
        return _unknown(voice, "conditions.several" if called else "conditions.person", "person", person)
    found = list(_lines(facility, ledger, called, zone, now))
    if lapsing is not None:
        found = [line for line in found if line.ends_by(now + timedelta(days=lapsing))]
    _describe(voice, facility, names, found)
    voice.answer({"conditions": [_described(line) for line in found]})
    return FOUND if any(line.missing for line in found) or (lapsing is not None and found) else DONE


def _unknown(voice: Voice, text: str, place: str, said: str) -> int:
    voice.refusal(voice.text(text, said=said))
    voice.answer({"code": "subject", "place": place})
    return FOUND


def _lines(
    facility: Facility, ledger: sqlite3.Connection, people: list[int], zone: str | None, now: datetime
) -> Iterator[Line]:
    """Of these people everything; of nobody named, what the zone (or any zone) requires of those who may enter it."""
    facts = ConditionFacts(ledger)
    asked = list(facility.zones) if zone is None else [zone]
    entering = facts.right_holders(asked, timestamp(now))
    rules = in_force.zones(ledger, facility)
    required = {id: {one.id for one in zone.conditions} for id, zone in rules.items()}
    wanted = frozenset().union(*(required[id] for id in asked))
    every = [one for id, one in facility.conditions.items() if people or id in wanted]
    for person in people or sorted(entering):
        held = facts.of(person, every)
        for one in every:
            zones = tuple(id for id in required if one.id in required[id] and id in entering.get(person, ()))
            if people or zones:
                yield Line(person, standing(one, held, now), zones)


def _describe(voice: Voice, facility: Facility, names: Names, found: list[Line]) -> None:
    """The lines as a table; a line of words where there are none."""
    if not found:
        voice.say("conditions.none", style="green")
        return
    rows = []
    for line in found:
        stands, who = line.stands, f"{names.person(line.person)} #{line.person}".strip()
        until = "" if stands.until_at is None else f"{_last_day(stands.until_at, facility)}"
        called = facility.condition_names[stands.condition.id]
        name = called.ja if voice.lang == "ja" else called.en
        state = words(stands.state, voice.lang, "standing")
        zones = ", ".join(names.place("zone", zone, voice.lang) for zone in line.zones)
        rows.append([who, name, state, until, zones])
    voice.table("conditions.title", ["name", "condition", "state", "last_day", "scope"], rows)


def _last_day(until: datetime, facility: Facility) -> str:
    return (until - timedelta.resolution).astimezone(facility.timezone).date().isoformat()


def _described(line: Line) -> dict[str, Any]:
    stands = line.stands
    return {
        "person": line.person,
        "condition": stands.condition.id,
        "state": stands.state,
        "until_at": None if stands.until_at is None else timestamp(stands.until_at),
        "fulfilment": None if stands.by is None else stands.by.fulfilment,
        "zones": list(line.zones),
        "missing": line.missing,
    }
