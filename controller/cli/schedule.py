"""`sekimori schedule`: what stands open when in the coming weeks, and why, as the controller has it in its tables (C8.8)."""

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import instant
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.configuration import calendar_configured, configured
from controller.facility.settings import BadSettings
from controller.facts import Facts
from controller.record.canonical import timestamp
from controller.record.nesting import concerned
from controller.record.schedule import ALWAYS, Schedule, Span
from controller.record.timetable import WEEKDAY, Planned, Sources, plan, read_schedules
from controller.record.words import words
from controller.rules.posture import Orders, Posture, Unlocking, posture
from controller.site import settings_of

LONGEST_WEEKS = 52


@command
def schedule(
    data: Data,
    lang: Language,
    portal: Annotated[str | None, typer.Argument(metavar="[PORTAL]")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME")] = None,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=LONGEST_WEEKS)] = 2,
    as_json: AsJson = False,
) -> int:
    """1 when there is no such portal."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names = Names(ledger)
    zone = ZoneInfo(names.timezone())
    when = datetime.now(UTC) if at is None else instant(voice, at, zone)
    schedules = read_schedules(_sources(ledger, zone))
    rules = _rules(ledger, schedules, portal)
    if portal is not None and not rules:
        voice.refusal(voice.text("explain.portal", said=portal))
        voice.answer({"code": "subject", "place": "portal"})
        return FOUND
    facts = Facts(ledger)
    orders, trusted = facts.orders(), not facts.clock_is_doubted()
    standing = {id: posture(id, rule, orders, when, trusted) for id, rule in rules.items()}
    shown = schedules if portal is None else {s.id: s for rule in rules.values() if (s := rule.schedule) is not None}
    today = when.astimezone(zone).date()
    planned = {id: plan(one, today, 7 * weeks) for id, one in shown.items() if id != ALWAYS}
    waiting = _waiting(ledger, today)
    changed = _settings_changed(voice, data, facts)
    _describe(voice, names, zone, rules, standing, planned, orders, waiting)
    if changed:
        voice.say("schedule.changed", style="yellow")
    voice.answer(
        {
            "at": timestamp(when),
            "timezone": zone.key,
            "portals": [_as_portal(id, rules[id], found) for id, found in standing.items()],
            "schedules": [_as_schedule(id, days) for id, days in planned.items()],
            "waiting": waiting,
            "settings_changed": changed,
        }
    )
    return DONE



# What the tables say -----------------------------------------------------------------------------------------------------


def _rows(ledger: sqlite3.Connection, query: str, *arguments: object) -> list[dict[str, Any]]:
    found = ledger.execute(query, arguments)
    columns = [column[0] for column in found.description]
    return [dict(zip(columns, row, strict=True)) for row in found]


def _sources(ledger: sqlite3.Connection, zone: ZoneInfo) -> Sources:
    calendar = _rows(ledger, "select * from calendar")
    return Sources(
        zone.key,
        _rows(ledger, "select schedule, hours from schedule order by position"),
        calendar[0] if calendar else None,
        _rows(ledger, "select * from configured_day"),
        _rows(ledger, "select * from special_day where state = 'set' order by special_day"),
    )


def _rules(ledger: sqlite3.Connection, schedules: dict[str, Schedule], only: str | None) -> dict[str, Unlocking]:
    """By portal, when it stands unlocked; without a name, of all that ever do."""
    rows = _rows(
        ledger,
        """select portal.portal, inner, outer, schedule, first_card, evacuation from portal
        left join unlocking on unlocking.portal = portal.portal order by position""",
    )
    inside = {row["zone"]: row["inside"] for row in _rows(ledger, "select zone, inside from zone")}
    return {
        row["portal"]: Unlocking(
            row["inner"],
            row["outer"],
            schedules.get(row["schedule"]),
            bool(row["first_card"]),
            bool(row["evacuation"]),
            tuple(concerned(row["inner"], row["outer"], inside) - {row["inner"], row["outer"]}),
        )
        for row in rows
        if only in (None, row["portal"])
    }


def _waiting(ledger: sqlite3.Connection, today: date) -> list[dict[str, Any]]:
    """The special days that wait for their approval and are not over."""
    return _rows(
        ledger,
        "select special_day, day, schedule, hours from special_day where state = 'requested' and day >= ? order by day",
        today.isoformat(),
    )


def _settings_changed(voice: Voice, data: Path, facts: Facts) -> bool:
    """Whether `site.toml` says something else than the controller has read: that holds from its next start on."""
    try:
        facility = settings_of(data)
    except (BadSettings, OSError):
        return True
    return configured(facility, facts) is not None or calendar_configured(facility, facts) is not None


# In words ----------------------------------------------------------------------------------------------------------------


def _describe(
    voice: Voice,
    names: Names,
    zone: ZoneInfo,
    rules: dict[str, Unlocking],
    standing: dict[str, Posture],
    planned: dict[str, tuple[Planned, ...]],
    orders: Orders,
    waiting: list[dict[str, Any]],
) -> None:
    for place in sorted(orders.evacuations):
        voice.say("schedule.evacuation", place=_place(voice, names, place), style="bold red")
    for place in sorted(orders.lockdowns):
        voice.say("schedule.lockdown", place=_place(voice, names, place), style="bold red")
    rows = [_portal_row(voice, names, zone, id, rules[id], found) for id, found in standing.items()]
    voice.table("schedule.portals", ["portal", "state", "because", "until", "hours"], rows)
    for id, days in planned.items():
        voice.line(names.place("schedule", id, voice.lang), style="bold")
        for day in days:
            voice.line(f"  {_day_line(voice, day)}")
        voice.line("")
    for one in waiting:
        called = names.place("schedule", one["schedule"], voice.lang)
        every = voice.text("schedule.every") if one["schedule"] == "*" else called
        voice.say("schedule.waiting", day=one["day"], schedule=every, hours=one["hours"], style="yellow")


def _place(voice: Voice, names: Names, zone: str) -> str:
    return voice.text("schedule.site") if zone == "*" else names.place("zone", zone, voice.lang)


def _portal_row(voice: Voice, names: Names, zone: ZoneInfo, id: str, rule: Unlocking, found: Posture) -> list[str]:
    because = voice.text("schedule.awaited") if found.awaited else words(found.cause, voice.lang, "cause")
    until = "" if found.until is None else f"{found.until.astimezone(zone):%Y-%m-%d %H:%M}"
    hours = "" if rule.schedule is None else names.place("schedule", rule.schedule.id, voice.lang)
    state = voice.text("schedule.open" if found.open else "schedule.locked")
    return [names.place("portal", id, voice.lang), state, because if found.cause else "", until, hours]


def _day_line(voice: Voice, day: Planned) -> str:
    weekday = voice.text(f"weekday.{day.day.weekday()}")
    hours = " ".join(_span(span) for span in day.spans) or voice.text("schedule.closed")
    why = "" if day.why == WEEKDAY else voice.text(f"schedule.{day.why}")
    called = day.name(voice.lang)
    return f"{day.day} {weekday}  {hours}  {' '.join(part for part in (why, called) if part)}".rstrip()


def _span(span: Span) -> str:
    return f"{span.begin:%H:%M}-{'24:00' if span.end is None else f'{span.end:%H:%M}'}"


def _as_portal(id: str, rule: Unlocking, found: Posture) -> dict[str, Any]:
    return {
        "portal": id, "open": found.open, "cause": found.cause, "awaited": found.awaited,
        "until_at": None if found.until is None else timestamp(found.until),
        "schedule": None if rule.schedule is None else rule.schedule.id,
        "first_card": rule.first_card, "evacuation": rule.evacuation,
    }  # fmt: skip


def _as_schedule(id: str, days: tuple[Planned, ...]) -> dict[str, Any]:
    return {
        "schedule": id,
        "days": [
            {
                "day": day.day.isoformat(), "hours": [_span(span) for span in day.spans], "why": day.why,
                "name_ja": day.name_ja, "name_en": day.name_en, "special_day": day.special_day or None,
            }
            for day in days
        ],
    }  # fmt: skip
