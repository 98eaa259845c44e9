"""`sekimori muster`: who is inside, read from the ledger alone: it needs neither a running controller nor a network."""

import csv
import io
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.texts import printable
from controller.cli.voice import Voice
from controller.record.canonical import moment, timestamp
from controller.record.muster import Doubt, Muster, Place, Present, muster
from controller.record.words import words

_PEOPLE = """select p.person, json_extract(t.text, '$.name') from presence w join person p on p.person = w.person
    join private t on t.id = p.private and t.version = p.private_version where w.zone <> ''"""


@command
def show(
    data: Data,
    lang: Language,
    zone: Annotated[str, typer.Option("--zone", metavar="ZONE")] = "",
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
    as_json: AsJson = False,
) -> int:
    """The list of the zone, or of the site."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    inside = dict(ledger.execute("select zone, coalesce(inside, '') from zone order by position").fetchall())
    if zone and zone not in inside:
        voice.refusal(voice.text("muster.no_zone", zone=zone, known=", ".join(inside)))
        voice.answer({"code": "subject", "place": "--zone"})
        return FOUND
    found, called = of_ledger(ledger, inside, zone), people(ledger)
    as_of = timestamp(datetime.now(UTC))
    if as_json:
        voice.answer(_described(found, called, as_of))
    elif as_csv:
        voice.raw(_csv(found, called, voice, Names(ledger)).rstrip("\r\n"))
    else:
        _say(found, called, voice, Names(ledger), as_of)
    return DONE


def of_ledger(ledger: sqlite3.Connection, inside: dict[str, str], zone: str = "") -> Muster:
    """The list by a ledger's tables."""
    places = ledger.execute("select person, zone, since, certain, source, portal, seq from presence where zone <> ''")
    doubts = ledger.execute("select zone, portal, reason, standing, at, seq from presence_doubt")
    return muster((Place(*row) for row in places), [Doubt(*row) for row in doubts], inside, zone)


def people(ledger: sqlite3.Connection) -> dict[int, str]:
    """The names of those who are inside."""
    return {person: name or "" for person, name in ledger.execute(_PEOPLE)}


def _described(found: Muster, called: dict[int, str], as_of: str) -> dict[str, object]:
    return {
        "as_of": as_of,
        "total": found.total,
        "uncertain": found.uncertain,
        "unseen": [{"zone": d.zone, "portal": d.portal, "reason": d.reason, "since": d.at} for d in found.unseen],
        "zones": [
            {
                "zone": zone.zone,
                "total": zone.total,
                "uncertain": zone.uncertain,
                "people": [_person(present, called) for present in zone.people],
            }
            for zone in found.zones
        ],
    }


def _person(present: Present, called: dict[int, str]) -> dict[str, object]:
    return {
        "person": present.person,
        "name": called.get(present.person, ""),
        "since": present.since,
        "certain": not present.doubt,
        "doubt": present.doubt or None,
        "doubt_since": present.doubt_at or None,
        "source": present.source,
    }


def _csv(found: Muster, called: dict[int, str], voice: Voice, names: Names) -> str:
    """For a spreadsheet: a cell that one would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = ("zone", "person", "name", "since_local", "certainty", "source")
    writer.writerow([voice.text(f"column.{column}") for column in columns])
    zone_of, said = ZoneInfo(names.timezone()), _Said(voice, ZoneInfo(names.timezone()))
    for zone in found.zones:
        place = _plain(names.place("zone", zone.zone, voice.lang))
        writer.writerows(
            (
                place,
                present.person,
                _plain(called.get(present.person, "")),
                _local(present.since, zone_of),
                said.certainty(present),
                said.source(present),
            )
            for present in zone.people
        )
    return text.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else printable(cell)


def _say(found: Muster, called: dict[int, str], voice: Voice, names: Names, as_of: str) -> None:
    zone_of, said = ZoneInfo(names.timezone()), _Said(voice, ZoneInfo(names.timezone()))
    voice.say("muster.as_of", at=_local(as_of, zone_of), zone=str(zone_of), style="bold")
    for zone in found.zones:
        if zone.people or zone.total:
            voice.say(
                "muster.zone",
                zone=names.place("zone", zone.zone, voice.lang),
                total=zone.total,
                uncertain=zone.uncertain,
                style="bold",
            )
            for present in zone.people:
                name = printable(called.get(present.person) or f"#{present.person}")
                by = "" if present.source == "tap" else f"  {said.source(present)}"
                at = _local(present.since, zone_of)
                voice.line(f"  [ ] {name}  #{present.person}  {at}  {said.certainty(present)}{by}")
    for doubt in found.unseen:
        portal = names.place("portal", doubt.portal, voice.lang)
        voice.say("muster.unseen", portal=portal, zone=names.place("zone", doubt.zone, voice.lang), style="yellow")
    voice.say("muster.total", total=found.total, uncertain=found.uncertain, style="bold")


class _Said:
    """The words beside a name, each made once: thousands are uncertain for the same reason."""

    def __init__(self, voice: Voice, zone_of: ZoneInfo) -> None:
        self._voice = voice
        self._zone_of = zone_of
        self._known: dict[tuple[str, str], str] = {}

    def certainty(self, present: Present) -> str:
        """Whether it is certain that they are there; else why not, and since when."""
        if not present.doubt:
            return self._once("certain", "", lambda: self._voice.text("muster.certain"))
        return self._once(present.doubt, present.doubt_at, lambda: self._perhaps(present))

    def source(self, present: Present) -> str:
        """By what they are known to be there."""
        return self._once("source", present.source, lambda: words(present.source, self._voice.lang, "presence_source"))

    def _perhaps(self, present: Present) -> str:
        why = words(present.doubt, self._voice.lang, "presence_doubt")
        return self._voice.text("muster.perhaps", why=why, at=_local(present.doubt_at, self._zone_of))

    def _once(self, what: str, more: str, make: Callable[[], str]) -> str:
        if (what, more) not in self._known:
            self._known[what, more] = make()
        return self._known[what, more]


def _local(at: str, zone_of: ZoneInfo) -> str:
    return moment(at).astimezone(zone_of).isoformat(" ", "minutes")[:16] if at else ""
