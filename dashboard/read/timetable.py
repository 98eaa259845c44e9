"""What stands open when at a site in the coming days, and why: drawn from its rows by the arithmetic of its rules (C8.8)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import sqlalchemy as sa

from controller.record.canonical import moment
from controller.record.schedule import ALWAYS, Schedule, Span
from controller.record.timetable import Planned, Sources, plan, read_schedules
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.orders import Order, overrides
from dashboard.read.portals import Tile
from dashboard.read.sites import of_site

DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a day's bar: from minute `x` on, `width` minutes; `sort` is `hours`, `open` or `locked`."""

    x: int
    width: int
    sort: str


@dataclass(frozen=True, slots=True)
class Row:
    """One day of the picture, and the same in words."""

    planned: Planned
    blocks: tuple[Block, ...]
    hours: tuple[str, ...]
    overridden: tuple[tuple[str, str], ...]
    """Of an operator's override on this day: `open` or `locked`, and from when to when."""
    now: int | None
    """The present minute, on today's row."""
    reason: str
    """Of a special day that an operator set."""


@dataclass(frozen=True, slots=True)
class Section:
    """Doors that stand open alike, and their days. Without a schedule: those that only an override opens."""

    doors: list[Tile]
    schedule: str
    name: str
    first_card: bool
    order: Order | None
    rows: list[Row]

    @property
    def id(self) -> str:
        """What it is called in the page."""
        return f"{self.schedule or 'none'}-{self.doors[0].portal if self.doors else 'rights'}"


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What the settings say of a door."""

    schedule: str = ""
    first_card: bool = False
    evacuation: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """The whole picture. `unreadable`: the site's rows say hours that cannot be read, and nothing is drawn."""

    sections: list[Section] = field(default_factory=list)
    unreadable: bool = False


def unlocking(connection: sa.Connection, names: Names) -> dict[str, Unlocking]:
    """By portal, what the settings say of when it stands open."""
    rows = _rows(connection, names, "unlocking")
    return {row.portal: Unlocking(row.schedule or "", bool(row.first_card), bool(row.evacuation)) for row in rows}


def schedules(connection: sa.Connection, names: Names) -> dict[str, Schedule] | None:
    """The site's schedules as they hold; None where its rows cannot be read."""
    calendar = [dict(row._mapping) for row in _rows(connection, names, "calendar")]
    table = projected["special_day"]
    holding = sorted(
        (row for row in _rows(connection, names, "special_day") if row.state == "set"), key=lambda row: row.special_day
    )
    sources = Sources(
        names.site.timezone,
        [dict(row._mapping) for row in _rows(connection, names, "schedule", projected["schedule"].c.position)],
        calendar[0] if calendar else None,
        [dict(row._mapping) for row in _rows(connection, names, "configured_day")],
        [{column.name: getattr(row, column.name) for column in table.columns} for row in holding],
    )
    try:
        found = read_schedules(sources)
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return found if ALWAYS in found else None


def timetable(
    connection: sa.Connection, names: Names, tiles: Sequence[Tile], first: date, days: int, now: datetime
) -> Timetable:
    """So many days from the first on: a section for every way in which doors stand open, then the hours of rights alone."""
    known = schedules(connection, names)
    if known is None:
        return Timetable(unreadable=True)
    settings, local = unlocking(connection, names), now.astimezone(known[ALWAYS].zone)
    reasons = _reasons(connection, names)
    sections: list[Section] = []
    for doors, rule, order in _alike(connection, names, tiles, settings):
        schedule = known.get(rule.schedule)
        rows = [_row(planned, order, local, reasons) for planned in _planned(schedule, first, days)]
        name = names.schedules.get(rule.schedule, rule.schedule)
        sections.append(Section(doors, rule.schedule, name, rule.first_card, order, rows))
    used = {section.schedule for section in sections} | {ALWAYS}
    for id, schedule in known.items():
        if id not in used:
            rows = [_row(planned, None, local, reasons) for planned in plan(schedule, first, days)]
            sections.append(Section([], id, names.schedules.get(id, id), False, None, rows))
    return Timetable(sections)


def _alike(
    connection: sa.Connection, names: Names, tiles: Sequence[Tile], settings: dict[str, Unlocking]
) -> list[tuple[list[Tile], Unlocking, Order | None]]:
    """Doors that stand open in the same hours, together; one that an operator has overridden by itself."""
    found: dict[object, tuple[list[Tile], Unlocking, Order | None]] = {}
    ordered = overrides(connection, names)
    for tile in tiles:
        rule, order = settings.get(tile.portal, Unlocking()), ordered.get(tile.portal)
        if rule.schedule or order is not None:
            key = tile.portal if order is not None else (rule.schedule, rule.first_card)
            found.setdefault(key, ([], rule, order))[0].append(tile)
    return list(found.values())


def _planned(schedule: Schedule | None, first: date, days: int) -> tuple[Planned, ...]:
    if schedule is not None:
        return plan(schedule, first, days)
    return tuple(Planned(first + timedelta(days=n), (), "weekday") for n in range(days))


def _row(planned: Planned, order: Order | None, local: datetime, reasons: dict[int, str]) -> Row:
    blocks = [_block(span) for span in planned.spans]
    overridden: list[tuple[str, str]] = []
    if order is not None and (part := _part(order, planned.day, local.tzinfo)) is not None:
        blocks.append(Block(part[0], max(1, part[1] - part[0]), order.posture))
        overridden.append((order.posture, f"{_wall(part[0])}–{_wall(part[1])}"))
    minute = local.hour * 60 + local.minute if local.date() == planned.day else None
    hours = tuple(f"{span.begin:%H:%M}–{_end(span)}" for span in planned.spans)
    return Row(planned, tuple(blocks), hours, tuple(overridden), minute, reasons.get(planned.special_day, ""))


def _block(span: Span) -> Block:
    begin = span.begin.hour * 60 + span.begin.minute
    end = DAY_MINUTES if span.end is None else span.end.hour * 60 + span.end.minute
    return Block(begin, end - begin, "hours")


def _part(order: Order, day: date, zone: tzinfo | None) -> tuple[int, int] | None:
    """The minutes of this day, on the wall, in which the override holds."""
    begin, end = moment(order.at).astimezone(zone), moment(order.until_at).astimezone(zone)
    if end.date() < day or begin.date() > day:
        return None
    first = begin.hour * 60 + begin.minute if begin.date() == day else 0
    last = end.hour * 60 + end.minute if end.date() == day else DAY_MINUTES
    return (first, last) if last > first else None


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _end(span: Span) -> str:
    return "24:00" if span.end is None else f"{span.end:%H:%M}"


def _reasons(connection: sa.Connection, names: Names) -> dict[int, str]:
    rows = [row for row in _rows(connection, names, "special_day") if row.state == "set" and row.reason]
    texts = names.private(row.reason for row in rows)
    return {row.special_day: texts.get(row.reason, {}).get("reason", "") for row in rows}


def _rows(connection: sa.Connection, names: Names, noun: str, order: Any = None) -> Sequence[Any]:  # noqa: ANN401
    table = projected[noun]
    query = sa.select(table).where(*of_site(table, names.site))
    return connection.execute(query if order is None else query.order_by(order)).all()
