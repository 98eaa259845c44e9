"""The custody ledger as people read it: lines with their words, what they are of, and the numbered copies (C4.1, C4.2)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import timestamp
from controller.record.handling import HANDLING, OFF_SITE, UNCLASSED, Need, class_of, need
from controller.record.words import words
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.read.sites import Site, of_site
from dashboard.read.things import Thing, assets, things

OUT = ("open", "unwitnessed")
BEGUN = (*OUT, "kept", "ended")
WAITING = ("requested", "approved")
WHICH = ("ledger", "out", "late", "waiting", "all")
"""The form's lines, which have begun; what is out; what is overdue; what has not begun; and with what never did."""
MOST = 200
MOST_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: `own` those of a person, and of the places that they answer for."""

    which: str = "ledger"
    act: str = ""
    place: str = ""
    thing: int | None = None
    people: Collection[int] | None = None
    since: str = ""
    until: str = ""
    own: int | None = None
    places: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line, codes beside their words; `row` is the row of the table."""

    row: Any
    subject: str
    thing: Thing | None
    class_: str
    medium: str
    act: str
    handling: str
    where: str
    who: str
    asked_by: str
    decided_by: str
    brought_by: str
    confirmed_by: str
    supervisor: str
    purpose: str
    elsewhere: str
    """Where off the site, as it was written."""
    recipient: str
    remarks: str
    reason: str
    out: int
    """Numbered copies that are out."""
    late: bool
    keepers: tuple[int, ...]

    @property
    def custody(self) -> int:
        """Its number."""
        number: int = self.row.custody
        return number

    @property
    def state(self) -> str:
        """As in `controller.record.kinds.custody.STATES`."""
        state: str = self.row.state
        return state

    @property
    def need(self) -> Need:
        """What its act takes."""
        return need(self.class_, self.row.act, off_site=self.row.place == OFF_SITE)


@dataclass(frozen=True, slots=True)
class Copy:
    """One numbered copy."""

    custody: int
    number: int
    holder: str
    state: str
    out_at: str
    back_at: str
    fate: str


def listed(connection: sa.Connection, names: Names, now: datetime, wanted: Wanted, most: int = MOST) -> tuple[list[Line], int]:
    """The lines that are wanted, the newest first (overdue ones: the longest overdue); and how many there are."""
    table = projected["custody"]
    where = _where(names.site, now, wanted)
    count = connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    order = table.c.due_at if wanted.which == "late" else table.c.custody.desc()
    rows = connection.execute(sa.select(table).where(*where).order_by(order).limit(most)).all()
    return described(connection, names, rows, now), int(count)


def one(connection: sa.Connection, names: Names, id: int, now: datetime) -> Line | None:
    """The line with this number."""
    table = projected["custody"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site), table.c.custody == id)).all()
    return described(connection, names, rows, now)[0] if rows else None


def waiting(connection: sa.Connection, names: Names, now: datetime) -> list[Line]:
    """What waits for somebody's word: requests, later days, destructions without a witness, returns without a second name."""
    table = projected["custody"].c
    unseen = sa.and_(table.state == "ended", table.confirmed_by.is_(None), table.supervisor.is_(None))
    which = sa.or_(table.state.in_(("requested", "unwitnessed")), table.wanted_at.is_not(None), unseen)
    query = sa.select(projected["custody"]).where(*of_site(projected["custody"], names.site), which)
    rows = connection.execute(query.order_by(table.state == "ended", table.begin_by, table.custody.desc()).limit(MOST)).all()
    return described(connection, names, rows, now)


def copies(connection: sa.Connection, names: Names, lines: Iterable[int]) -> list[Copy]:
    """The numbered copies of these lines, in order."""
    table = projected["handout"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.custody.in_(sorted(set(lines))))
    rows = connection.execute(query.order_by(table.c.custody.desc(), table.c.number).limit(MOST_FILE)).all()
    names.learn(row.recipient for row in rows)
    told = names.private(row.name for row in rows if row.name)
    return [
        Copy(
            row.custody, row.number, names.person(row.recipient) or told.get(row.name or "", {}).get("name", ""), row.state,
            row.out_at or "", row.back_at or "", row.fate or "",
        )
        for row in rows
    ]  # fmt: skip


def of_person(connection: sa.Connection, names: Names, person: int, now: datetime) -> list[Line]:
    """What somebody has or asked for, for their own page: the first due first."""
    table = projected["custody"]
    query = sa.select(table).where(
        *of_site(table, names.site), table.c.person == person, table.c.state.in_((*OUT, "requested", "approved"))
    )
    rows = connection.execute(query.order_by(table.c.due_at, table.c.custody).limit(MOST)).all()
    return described(connection, names, rows, now)


def _where(site: Site, now: datetime, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    table = projected["custody"]
    states = {"ledger": BEGUN, "out": OUT, "late": OUT, "waiting": WAITING}.get(wanted.which)
    found = [*of_site(table, site)]
    if states is not None:
        found.append(table.c.state.in_(states))
    if wanted.which == "late":
        found.append(table.c.due_at <= timestamp(now))
    for column, value in ((table.c.act, wanted.act), (table.c.place, wanted.place), (table.c.thing, wanted.thing)):
        if value:
            found.append(column == value)
    if wanted.people is not None:
        found.append(table.c.person.in_(wanted.people) if wanted.people else sa.false())
    if wanted.since:
        found.append(table.c.requested_at >= wanted.since)
    if wanted.until:
        found.append(table.c.requested_at < wanted.until)
    if wanted.own is not None:
        kept = table.c.home.in_(wanted.places) if wanted.places else sa.false()
        found.append(sa.or_(table.c.person == wanted.own, kept))
    return found


def described(connection: sa.Connection, names: Names, rows: Sequence[Any], now: datetime) -> list[Line]:
    """These rows with their words; people, things and texts looked up once."""
    names.learn(
        (one for row in rows for one in (row.person, row.brought_by, row.supervisor)),
        (one for row in rows for one in (row.requested_by, row.decided_by, row.confirmed_by)),
    )
    texts = names.private(id for row in rows for id in (row.purpose, row.remarks, row.reason) if id)
    known = things(connection, names, {row.thing for row in rows if row.thing is not None})
    catalogue = assets(connection, names, {row.asset for row in rows if row.asset is not None})
    out = _out(connection, names.site, [row.custody for row in rows if row.copies])
    responsible = Responsible(connection, names.site) if rows else None
    found = []
    for row in rows:
        thing, asset = known.get(row.thing), catalogue.get(row.asset)
        told = texts.get(row.purpose or "", {})
        found.append(
            Line(
                row,
                " ".join(part for part in ("" if thing is None else thing.called, "" if asset is None else asset.title) if part)
                or f"#{row.thing or row.asset}",
                thing,
                UNCLASSED if row.asset is None else class_of("", "") if asset is None else asset.class_,
                words(row.medium, names.lang, "medium") if row.medium else "",
                words(row.act, names.lang, "act"),
                words(HANDLING.get(row.act, row.act), names.lang, "handling"),
                place_name(names, row.place),
                names.person(row.person),
                names.operator(row.requested_by),
                names.operator(row.decided_by),
                names.person(row.brought_by),
                names.operator(row.confirmed_by),
                names.person(row.supervisor),
                told.get("purpose", ""),
                told.get("where", ""),
                told.get("recipient", ""),
                _joined(told.get("remarks", ""), texts.get(row.remarks or "", {}).get("remarks", "")),
                texts.get(row.reason or "", {}).get("reason", ""),
                out.get(row.custody, 0),
                row.state in OUT and row.due_at is not None and row.due_at <= timestamp(now),
                () if responsible is None else responsible.of(row.home),
            )
        )
    return found


def _joined(*parts: str) -> str:
    return " / ".join(part for part in parts if part)


def place_name(names: Names, place: str) -> str:
    """A place in words; also the one that is off the site."""
    return words(OFF_SITE, names.lang, "off_site") if place == OFF_SITE else names.place(place)


def _out(connection: sa.Connection, site: Site, lines: list[int]) -> dict[int, int]:
    table = projected["handout"]
    query = (
        sa.select(table.c.custody, sa.func.count())
        .where(*of_site(table, site), table.c.custody.in_(lines), table.c.state == "out")
        .group_by(table.c.custody)
    )
    return {custody: count for custody, count in connection.execute(query)}
