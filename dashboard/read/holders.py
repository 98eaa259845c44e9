"""The register of right holders at a site, of now by its tables, and of a past day by the records until then (C7.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.envelope import MalformedRecord, Record, decode
from controller.record.register import NOUNS, SOURCES, Holder, Tables, fold, holders
from dashboard.database import private_text, projected, record
from dashboard.read.names import Names
from dashboard.read.sites import Site

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the register, in words."""

    holder: Holder
    name: str
    title: str
    department: str
    zone: str
    schedule: str
    requested_by: str
    set_by: str
    training: tuple[tuple[str, str], ...]
    """Course and day."""
    newer: bool
    """Name and title are those of now: the person had others then, which are not here any more."""


def register(connection: sa.Connection, names: Names, at: str, past: bool, zone: str) -> list[Line]:
    """The register at that time (as in records); `past`: by the records until then. Empty zone: of all."""
    tables = _past(connection, names.site, at) if past else _present(connection, names.site)
    found = holders(tables, at, zone)
    names.learn((one.person for one in found), (id for one in found for id in (one.requested_by, one.set_by)))
    versions = _versions(connection, names.site, {one.private for one in found})
    courses = _courses(connection, names)
    return [_line(one, names, versions, courses) for one in found]


def began(connection: sa.Connection, site: Site) -> str:
    """When the site's ledger began, as far as it is here; empty before its first record."""
    query = sa.select(sa.func.min(record.c.at)).where(record.c.ledger_site == site.id, record.c.epoch == site.epoch)
    return connection.execute(query).scalar() or ""


def _line(one: Holder, names: Names, versions: dict[str, int], courses: dict[str, str]) -> Line:
    text = names.text(one.person)
    return Line(
        one,
        names.person(one.person),
        text.get("title", ""),
        text.get("department", ""),
        names.place(one.zone),
        names.schedules.get(one.schedule, one.schedule),
        names.operator(one.requested_by),
        names.operator(one.set_by),
        tuple((courses.get(taken.course, taken.course), taken.on_day) for taken in one.training),
        versions.get(one.private, one.version) != one.version,
    )


def _present(connection: sa.Connection, site: Site) -> Tables:
    found = {}
    for name in SOURCES:
        table = projected[name]
        query = sa.select(table).where(table.c.ledger_site == site.id, table.c.epoch == site.epoch)
        found[name] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def _past(connection: sa.Connection, site: Site, at: str) -> Tables:
    """Order is `seq`: all records up to the last that was written by then, whatever their own time."""
    mine = (record.c.ledger_site == site.id, record.c.epoch == site.epoch)
    last = connection.execute(sa.select(sa.func.max(record.c.seq)).where(*mine, record.c.at <= at)).scalar() or 0
    return fold(_records(connection, mine, last))


def _records(connection: sa.Connection, mine: tuple[sa.ColumnElement[bool], ...], last: int) -> Iterator[Record]:
    kinds = sa.or_(*(record.c.kind.startswith(f"{noun}.") for noun in NOUNS))
    after = 0
    while True:
        query = sa.select(record.c.seq, record.c.bytes).where(*mine, record.c.seq > after, record.c.seq <= last, kinds)
        rows = connection.execute(query.order_by(record.c.seq).limit(_CHUNK)).all()
        for _, data in rows:
            if (found := _decoded(data)) is not None:
                yield found
        if len(rows) < _CHUNK:
            return
        after = rows[-1].seq


def _decoded(data: bytes) -> Record | None:
    try:
        return decode(bytes(data))
    except MalformedRecord:  # the husk of a dropped record
        return None


def _versions(connection: sa.Connection, site: Site, ids: set[str]) -> dict[str, int]:
    """Which version of these private rows is here."""
    found: dict[str, int] = {}
    wanted: list[Any] = sorted(ids)
    for start in range(0, len(wanted), 500):
        query = sa.select(private_text.c.id, private_text.c.version).where(
            private_text.c.ledger_site == site.id, private_text.c.id.in_(wanted[start : start + 500])
        )
        found |= {id: version for id, version in connection.execute(query)}
    return found


def _courses(connection: sa.Connection, names: Names) -> dict[str, str]:
    table = projected["condition"].c
    name = table.name_ja if names.lang == "ja" else table.name_en
    query = sa.select(table.condition, name).where(
        table.ledger_site == names.site.id, table.epoch == names.site.epoch
    )
    return {id.removeprefix("training:"): called or id for id, called in connection.execute(query)}
