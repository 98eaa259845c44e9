"""What a file would change: its rows against what the site knows. Every mistake with its line; nothing is done with one.

The site's rules decide again, row by row; what can be known before is said before.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from controller.record.asks.importing import MOST_ROWS, ImportPeople, ImportRow
from controller.record.canonical import canonical, timestamp
from controller.record.kinds.right import MANNERS, OWN
from controller.record.private import Text
from controller.record.words import words
from dashboard.database import private_text, projected
from dashboard.importing.reading import Mistake, Row
from dashboard.plain import is_plain
from dashboard.read.accounts import Operator
from dashboard.read.names import Names
from dashboard.web.language import local_moment

LONGEST_NAME = 100
LONGEST = timedelta(days=3 * 366)
"""A right ends within this, as the site's rule has it."""
_ROOM = 12_000
"""Bytes of one request's rows and texts: a whole request is smaller than the site takes, with the envelope around it."""
_DETAILS = ("name", "kana", "title", "department")


@dataclass(frozen=True, slots=True)
class Change:
    """What one line does: `registers` somebody, asks for a right (`row.zone` not empty), or both."""

    line: int
    row: ImportRow
    text: Text
    whose: int
    """The line that registers the person; this one for one who is known."""
    who: str
    registers: bool
    zone: str
    schedule: str
    purpose: str
    namesake: int | None
    """Somebody of this name is registered already; it may be another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a file would do, or everything that is wrong with it."""

    changes: tuple[Change, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    @property
    def digest(self) -> str:
        """Stands for the plan: another one has another."""
        said = [[change.line, change.row, change.text] for change in self.changes]
        return hashlib.sha256(canonical(said)).hexdigest()

    @property
    def people(self) -> int:
        """How many people it registers."""
        return sum(change.registers for change in self.changes)

    @property
    def rights(self) -> int:
        """How many rights it asks for."""
        return sum(bool(change.row.zone) for change in self.changes)

    def requests(self) -> list[tuple[ImportPeople, Text]]:
        """The requests that do it, each whole or not at all, with their texts. A new person is in one with their rights."""
        return [_request(part) for part in _parts(self.changes)]


@dataclass(slots=True)
class _Known:
    """What the rows are compared with; `new` grows with them."""

    timezone: str
    operator: Operator
    now: datetime
    zones: dict[str, tuple[str, str]]
    """By what a zone may be called: its id, and its name for the reader."""
    schedules: dict[str, tuple[str, str]]
    manners: dict[str, str]
    people: dict[int, tuple[str, str, str | None]]
    """By number: name, state, and when they leave."""
    called: dict[str, int]
    """By name, somebody who is registered."""
    new: dict[tuple[str, ...], list[int]]
    """By all that is written about a new person, the lines that are about them."""
    containers: frozenset[str] = frozenset()
    """The zones that are containers on record: whose scope they are in, the site knows."""


def plan(connection: sa.Connection, names: Names, operator: Operator, rows: Sequence[Row], now: datetime) -> Plan:
    """What these rows would do for this operator at this site."""
    known = _known(connection, names, operator, rows, now)
    changes: list[Change] = []
    mistakes: list[Mistake] = []
    for row in rows:
        wrong = [*_who_is_wrong(row, known), *_right_is_wrong(row, known)]
        mistakes += wrong
        changes += [] if wrong else [_change(row, known)]
    mistakes += [
        Mistake(group[0].line, "name", "too_many_rights", str(MOST_ROWS))
        for group in _groups(changes)
        if len(group) > MOST_ROWS or _weight(group) > _ROOM
    ]
    return Plan(() if mistakes else tuple(changes), tuple(mistakes))


# What the site knows ------------------------------------------------------------------------------------------------------


def _known(
    connection: sa.Connection, names: Names, operator: Operator, rows: Sequence[Row], now: datetime
) -> _Known:
    numbers = [int(row.cell("person")) for row in rows if _is_number(row.cell("person"))]
    table = projected["person"].c
    here = (table.ledger_site == names.site.id, table.epoch == names.site.epoch)
    names.learn(numbers)
    query = sa.select(table.person, table.state, table.leaves_at).where(*here, table.person.in_(numbers))
    people = {id: (names.text(id).get("name", ""), state, leaves) for id, state, leaves in connection.execute(query)}
    written = {row.cell("name") for row in rows if row.cell("name") and not row.cell("person")}
    manners = {said: manner for manner in MANNERS for said in (manner, words(manner, "ja", "manner"), _english(manner))}
    return _Known(
        names.site.timezone,
        operator,
        now,
        _by_name(connection, names, "zone", names.zones) | _containers(names),
        _by_name(connection, names, "schedule", names.schedules),
        {said.lower(): manner for said, manner in manners.items()},
        people,
        _called(connection, names, sorted(written)),
        {},
        frozenset(names.containers),
    )


def _called(connection: sa.Connection, names: Names, written: list[str]) -> dict[str, int]:
    """The people who are called exactly so, by name; of several, one."""
    person, name = projected["person"].c, private_text.c.text["name"].as_string()
    same = sa.and_(private_text.c.ledger_site == person.ledger_site, private_text.c.id == person.private)
    query = (
        sa.select(name, person.person)
        .join_from(projected["person"], private_text, same)
        .where(person.ledger_site == names.site.id, person.epoch == names.site.epoch, name.in_(written))
    )
    return {called: id for called, id in connection.execute(query)}


def _english(manner: str) -> str:
    return words(manner, "en", "manner")


def _by_name(
    connection: sa.Connection, names: Names, noun: str, shown: dict[str, str]
) -> dict[str, tuple[str, str]]:
    """By id and by name in either language."""
    table = projected[noun].c
    query = sa.select(table[noun], table.name_ja, table.name_en).where(
        table.ledger_site == names.site.id, table.epoch == names.site.epoch
    )
    return {
        said.lower(): (row[0], shown.get(row[0], row[0]))
        for row in connection.execute(query)
        for said in (row[2] or "", row[1] or "", row[0])
        if said
    }


def _containers(names: Names) -> dict[str, tuple[str, str]]:
    """By id and by name."""
    return {said.lower(): (id, called) for id, called in names.containers.items() for said in (called, id) if said}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


# Mistakes -----------------------------------------------------------------------------------------------------------------


def _who_is_wrong(row: Row, known: _Known) -> Iterator[Mistake]:
    """What is wrong with whom the row is about."""
    for column in (*_DETAILS, "purpose"):
        text = row.cell(column)
        if not is_plain(text):
            yield Mistake(row.line, column, "unseen")
        elif column != "purpose" and len(text) > LONGEST_NAME:
            yield Mistake(row.line, column, "long", text[:40])
    number, name = row.cell("person"), row.cell("name")
    if not number:
        if not name:
            yield Mistake(row.line, "name", "name")
        return
    found = known.people.get(int(number)) if _is_number(number) else None
    if found is None:
        yield Mistake(row.line, "person", "unknown", number[:40])
    elif found[1] != "active":
        yield Mistake(row.line, "person", "inactive", number)
    elif name and name != found[0]:
        yield Mistake(row.line, "name", "other_name", found[0])
    elif not row.cell("zone"):
        yield Mistake(row.line, "zone", "nothing")


def _right_is_wrong(row: Row, known: _Known) -> Iterator[Mistake]:
    """What is wrong with the right that the row asks for, if it asks for one."""
    if not row.cell("zone"):
        if any(row.cell(column) for column in ("schedule", "from", "until", "purpose", "manner")):
            yield Mistake(row.line, "zone", "zone")
        return
    zone = known.zones.get(row.cell("zone").lower())
    if zone is None:
        yield Mistake(row.line, "zone", "zone_unknown", row.cell("zone")[:40])
    elif zone[0] not in known.containers and not known.operator.covers(zone[0]):
        yield Mistake(row.line, "zone", "scope", zone[1])
    if row.cell("schedule").lower() not in known.schedules:
        yield Mistake(row.line, "schedule", "schedule", row.cell("schedule")[:40])
    if row.cell("manner") and row.cell("manner").lower() not in known.manners:
        yield Mistake(row.line, "manner", "manner", row.cell("manner")[:40])
    if not row.cell("purpose"):
        yield Mistake(row.line, "purpose", "purpose")
    yield from _span_is_wrong(row, known)


def _span_is_wrong(row: Row, known: _Known) -> Iterator[Mistake]:
    begin, end = _begin(row, known), _day(row.cell("until"), known.timezone, end=True)
    if begin is None:
        yield Mistake(row.line, "from", "date", row.cell("from")[:40])
    if end is None:
        yield Mistake(row.line, "until", "date" if row.cell("until") else "end", row.cell("until")[:40])
    if begin is None or end is None:
        return
    found = known.people.get(int(row.cell("person"))) if _is_number(row.cell("person")) else None
    if end <= begin or end <= known.now:
        yield Mistake(row.line, "until", "order", row.cell("until"))
    elif end - max(begin, known.now) > LONGEST:
        yield Mistake(row.line, "until", "too_long", row.cell("until"))
    elif found is not None and found[2] is not None and timestamp(end) > found[2]:
        yield Mistake(row.line, "until", "leaving", row.cell("until"))


def _begin(row: Row, known: _Known) -> datetime | None:
    """The beginning that is written; without one, that of today."""
    today = known.now.astimezone(ZoneInfo(known.timezone)).date().isoformat()
    return _day(row.cell("from") or today, known.timezone)


def _day(text: str, timezone: str, *, end: bool = False) -> datetime | None:
    try:
        return local_moment(text, timezone, end_of_day=end)
    except (ValueError, OverflowError):
        return None


# Changes ------------------------------------------------------------------------------------------------------------------


def _change(row: Row, known: _Known) -> Change:
    """What a good row does."""
    number, texts = row.cell("person"), {name: row.cell(name) for name in _DETAILS if row.cell(name)}
    lines = [row.line] if number else known.new.setdefault(tuple(row.cell(name) for name in _DETAILS), [])
    if not number:
        lines.append(row.line)
    registers = not number and lines[0] == row.line
    zone = known.zones.get(row.cell("zone").lower(), ("", ""))
    schedule = known.schedules.get(row.cell("schedule").lower(), ("", ""))
    purpose = {"purpose": row.cell("purpose")} if zone[0] else {}
    return Change(
        row.line,
        _asked(row, known, int(number) if number else None, zone[0], schedule[0]),
        (texts if registers else {}) | purpose,
        lines[0],
        known.people[int(number)][0] if number else row.cell("name"),
        registers,
        zone[1],
        schedule[1],
        row.cell("purpose"),
        known.called.get(row.cell("name")) if registers else None,
    )


def _asked(row: Row, known: _Known, person: int | None, zone: str, schedule: str) -> ImportRow:
    begin, end = _begin(row, known), _day(row.cell("until"), known.timezone, end=True)
    if not zone or begin is None or end is None:
        return ImportRow(person)
    manner = known.manners.get(row.cell("manner").lower(), OWN)
    return ImportRow(person, None, zone, schedule, timestamp(begin), timestamp(end), manner)


def _parts(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes in as few parts as fit requests; those about one new person are in one part."""
    part: list[Change] = []
    for group in _groups(changes):
        if part and (len(part) + len(group) > MOST_ROWS or _weight(part) + _weight(group) > _ROOM):
            yield part
            part = []
        part = part + group
    if part:
        yield part


def _groups(changes: Iterable[Change]) -> list[list[Change]]:
    """The changes by the new person that they are about; each other one by itself."""
    groups: dict[int, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.whose, []).append(change)
    return list(groups.values())


def _weight(changes: Iterable[Change]) -> int:
    return sum(len(canonical(change.row)) + 2 * len(canonical(change.text)) for change in changes)


def _request(part: Sequence[Change]) -> tuple[ImportPeople, Text]:
    places = {change.line: n for n, change in enumerate(part)}
    rows: list[ImportRow] = []
    text: Text = {}
    for n, change in enumerate(part):
        same = None if change.row.person is not None or change.registers else places[change.whose]
        rows.append(msgspec.structs.replace(change.row, same=same))
        text |= {f"{name}.{n}": value for name, value in change.text.items()}
    return ImportPeople(tuple(rows)), text
