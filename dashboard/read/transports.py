"""Transports, as people see them: who carries what whither, how far it is, who confirmed, what is late (C8.6, C8.14)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import moment, timestamp
from dashboard.database import projected
from dashboard.read import carriers
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site

OPEN = ("ordered", "approved", "packed", "dispatched", "arrived", "delivered", "lost")
WAY = {"ordered": "dispatch_by", "approved": "dispatch_by", "packed": "dispatch_by", "dispatched": "arrive_by",
       "arrived": "arrive_by", "delivered": "receipt_by"}  # fmt: skip
"""By which deadline a state has to be over."""
WHICH = ("open", "late", "all")
MOST = 200


@dataclass(frozen=True, slots=True)
class Content:
    """One line of what is carried."""

    number: int
    what: str
    """What names it: `asset:3`, the code of a thing, or empty."""
    pieces: int
    description: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal, and how it was found."""

    seal: str
    state: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One side that has confirmed."""

    stage: str
    side: str
    who: str
    how: str
    at: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link by which somebody outside may confirm."""

    stage: str
    side: str
    token_sha256: str
    until_at: str
    operator: int
    state: str


@dataclass(frozen=True, slots=True)
class Transport:
    """One transport in words."""

    site: Site
    transport: int
    state: str
    from_place: str
    to_place: str
    origin: str
    target: str
    """Names of its places; an address where it goes outside."""
    person: int | None
    carrier: int | None
    carried_by: str
    recipient: int | None
    received_by: str
    contents_sha256: str
    packing: int
    differs: bool
    dispatch_by: str
    arrive_by: str
    receipt_by: str
    requested_by: int
    times: dict[str, tuple[str, str]]
    """By step (`ordered`, `approved`, `packed` …) when it was and who did it."""
    note: str = ""
    reason: str = ""
    contents: list[Content] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    photos: dict[str, list[str]] = field(default_factory=dict)
    confirmed: list[Confirmation] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def outside(self) -> bool:
        """Whether it goes to an address and not to a place."""
        return not self.to_place

    @property
    def due_at(self) -> str:
        """By when the present state has to be over; empty for an end."""
        return str(getattr(self, WAY[self.state])) if self.state in WAY else ""

    def late(self, now: datetime) -> bool:
        """Whether that is past."""
        return bool(self.due_at) and moment(self.due_at) <= now

    @property
    def stage(self) -> str:
        """The handover that it waits for; empty for none."""
        return {"packed": "dispatch", "arrived": "arrival"}.get(self.state, "")

    def has(self, stage: str, side: str) -> bool:
        """Whether this side has confirmed."""
        return any((one.stage, one.side) == (stage, side) for one in self.confirmed)

    def link(self, stage: str, side: str) -> Link | None:
        """The newest link of this side."""
        return next((one for one in self.links if (one.stage, one.side) == (stage, side)), None)


def listed(
    connection: sa.Connection, names: Names, which: str, now: datetime, own: int | None = None
) -> tuple[list[Transport], int]:
    """The newest first, so many at most, and how many there are: those under way, those that are late, or all.

    `own`: only what this person carries or is to receive.
    """
    table = projected["transport"]
    conditions = [*of_site(table, names.site)]
    if own is not None:
        conditions.append(sa.or_(table.c.person == own, table.c.recipient == own))
    if which == "open":
        conditions.append(table.c.state.in_(OPEN))
    elif which == "late":
        text = timestamp(now)
        conditions.append(
            sa.or_(*(sa.and_(table.c.state == state, table.c[until] <= text) for state, until in WAY.items()))
        )
    count = connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one()
    query = sa.select(table).where(*conditions).order_by(table.c.transport.desc()).limit(MOST)
    return _transports(connection, names, connection.execute(query).all()), count


def late_count(connection: sa.Connection, names: Names, now: datetime) -> int:
    """How many are late."""
    return listed(connection, names, "late", now)[1]


def one(connection: sa.Connection, names: Names, number: int) -> Transport | None:
    """One transport with everything about it."""
    table = projected["transport"]
    row = connection.execute(sa.select(table).where(*of_site(table, names.site), table.c.transport == number)).first()
    if row is None:
        return None
    found, texts = _transports(connection, names, [row])[0], names.private([row.private, row.reason or ""])
    text = texts.get(row.private, {})
    found.contents.extend(_contents(connection, names, number, text))
    found.seals.extend(_seals(connection, names, number, row.packing))
    found.photos.update(_photos(connection, names, number, row.packing))
    found.confirmed.extend(_confirmed(connection, names, number, row.packing))
    found.links.extend(_links(connection, names, number, row.packing))
    return found


def has_photo(connection: sa.Connection, site: Site, sha256: str) -> bool:
    """Whether a transport of the site has this photo."""
    table = projected["transport_photo"]
    query = sa.select(table.c.transport).where(*of_site(table, site), table.c.sha256 == sha256).limit(1)
    return connection.execute(query).first() is not None


def _transports(connection: sa.Connection, names: Names, rows: Sequence[Any]) -> list[Transport]:
    names.learn(
        (id for row in rows for id in (row.person, row.recipient, row.packed_by, row.arrived_by, row.delivered_to)),
        (id for row in rows for id in (row.requested_by, row.decided_by, row.received_by, row.ended_by)),
    )
    companies = carriers.called(connection, names, (row.carrier for row in rows))
    texts = names.private(id for row in rows for id in (row.private, row.reason) if id)
    return [_transport(row, names, companies, texts) for row in rows]


def _transport(
    row: Any,  # noqa: ANN401 - a row of the table
    names: Names,
    companies: dict[int, str],
    texts: dict[str, dict[str, str]],
) -> Transport:
    text = texts.get(row.private, {})
    target = names.places.get(row.to_place, row.to_place) if row.to_place else text.get("address", "")
    received = names.person(row.delivered_to if row.delivered_to is not None else row.recipient)
    return Transport(
        names.site, row.transport, row.state, row.from_place, row.to_place,
        names.places.get(row.from_place, row.from_place), target,
        row.person, row.carrier, companies.get(row.carrier, "") if row.carrier else names.person(row.person),
        row.recipient, received, row.contents_sha256, row.packing, bool(row.differs),
        row.dispatch_by, row.arrive_by, row.receipt_by, row.requested_by, _times(row, names),
        text.get("note", ""), texts.get(row.reason or "", {}).get("reason", ""),
    )  # fmt: skip


def _times(row: Any, names: Names) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - a row of the table
    said = {
        "ordered": (row.requested_at, names.operator(row.requested_by)),
        "approved": (row.decided_at, names.operator(row.decided_by)),
        "packed": (row.packed_at, names.person(row.packed_by)),
        "dispatched": (row.dispatched_at, ""),
        "arrived": (row.arrived_at, names.person(row.arrived_by)),
        "delivered": (row.delivered_at, names.person(row.delivered_to)),
        "received": (row.received_at, names.operator(row.received_by)),
        "ended": (row.ended_at, names.operator(row.ended_by)),
    }
    return {step: (at, who) for step, (at, who) in said.items() if at}


def _of(table: sa.Table, names: Names, number: int) -> list[sa.ColumnElement[bool]]:
    return [*of_site(table, names.site), table.c.transport == number]


def _contents(connection: sa.Connection, names: Names, number: int, text: dict[str, str]) -> list[Content]:
    table = projected["transport_content"]
    rows = connection.execute(sa.select(table).where(*_of(table, names, number)).order_by(table.c.position)).all()
    codes = _codes(connection, names, [int(r.what[6:]) for r in rows if r.what.startswith("thing:")])
    return [
        Content(r.position + 1, codes.get(r.what, r.what), r.pieces, text.get(f"description.{r.position}", "")) for r in rows
    ]


def _codes(connection: sa.Connection, names: Names, things: Sequence[int]) -> dict[str, str]:
    """By `thing:7` the code that stands on it."""
    table = projected["thing"]
    query = sa.select(table.c.thing, table.c.code).where(*of_site(table, names.site), table.c.thing.in_(things))
    return {f"thing:{number}": code for number, code in connection.execute(query)} if things else {}


def _seals(connection: sa.Connection, names: Names, number: int, packing: int) -> list[Seal]:
    table = projected["transport_seal"]
    query = sa.select(table).where(*_of(table, names, number), table.c.packing == packing)
    rows = connection.execute(query.order_by(table.c.position.is_(None), table.c.position, table.c.seal))
    return [Seal(r.seal, r.state) for r in rows]


def _photos(connection: sa.Connection, names: Names, number: int, packing: int) -> dict[str, list[str]]:
    table = projected["transport_photo"]
    query = sa.select(table).where(*_of(table, names, number), table.c.packing == packing).order_by(table.c.position)
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.stage, []).append(row.sha256)
    return found


def _confirmed(connection: sa.Connection, names: Names, number: int, packing: int) -> list[Confirmation]:
    table = projected["transport_confirmation"]
    query = sa.select(table).where(*_of(table, names, number), table.c.packing == packing).order_by(table.c.seq)
    rows = connection.execute(query).all()
    names.learn((row.person for row in rows), (row.operator for row in rows))
    return [
        Confirmation(r.stage, r.side, names.person(r.person) or names.operator(r.operator), r.how, r.at) for r in rows
    ]


def _links(connection: sa.Connection, names: Names, number: int, packing: int) -> list[Link]:
    table = projected["transport_link"]
    query = sa.select(table).where(*_of(table, names, number), table.c.packing == packing)
    return [Link(r.stage, r.side, r.token_sha256, r.until_at, r.operator, r.state) for r in connection.execute(query)]
