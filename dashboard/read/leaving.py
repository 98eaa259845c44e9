"""Leaving: what a person holds that will end, who else may be the same human, and what became of it at each site (C7.4)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from controller.record.kinds.key import OUT
from controller.record.leaving import ENDINGS, Ending
from controller.record.requests import MalformedRequest, read_envelope
from controller.record.words import words
from dashboard.database import outbox, private_text, projected, record
from dashboard.read import requests
from dashboard.read.names import Names
from dashboard.read.requests import Asked
from dashboard.read.sites import Site, of_site, sites

KIND = "person.leave"
MOST_OF_ONE = 500
"""Things of one sort that the preview names."""
MOST_NAMESAKES = 20


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that ends; `to_do` is what people have to do about it, or empty."""

    what: str
    id: str
    which: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody of the same name at another site. Whether it is the same human, only people know."""

    site: Site
    person: int
    name: str
    department: str
    held: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of one request: when it took effect there, or on which day it will."""

    asked: Asked
    site: Site
    person: int | None
    name: str
    left_at: str
    leaves_on: str
    to_hand_in: tuple[str, ...]
    silent: bool
    """The site has not been heard of lately."""

    @property
    def done(self) -> bool:
        """Whether everything has ended there."""
        return bool(self.left_at)


def held(connection: sa.Connection, names: Names, person: int) -> list[Held]:
    """Everything that ends when this person leaves, in that order."""
    found = []
    for ending in ENDINGS:
        table = projected[ending.table].c
        query = (
            sa.select(table[ending.key], table[ending.shown])
            .where(*of_site(projected[ending.table], names.site), table.person == person, table.state.in_(ending.states))
            .order_by(table[ending.key])
            .limit(MOST_OF_ONE)
        )
        for id, shown in connection.execute(query):
            found.append(Held(ending.table, str(id), _which(ending, str(shown or ""), names), ending.to_do))
    return found


def _which(ending: Ending, shown: str, names: Names) -> str:
    """What tells it from others, as people call it."""
    if ending.shown in ("zone", "place"):
        return names.place(shown)
    if ending.shown == "combination":
        row = f"combination-{shown}"
        return names.private([row]).get(row, {}).get("name") or f"#{shown}"
    return shown


def namesakes(connection: sa.Connection, others: Collection[str], name: str, lang: str) -> list[Namesake]:
    """People of exactly this name, who have not left, at these sites. Nothing links people across sites but their names."""
    found: list[Namesake] = []
    for site in sites(connection, others):
        person, text = projected["person"].c, private_text.c
        query = (
            sa.select(person.person)
            .join(private_text, sa.and_(text.ledger_site == person.ledger_site, text.id == person.private))
            .where(*of_site(projected["person"], site), person.state.in_(("active", "suspended")))
            .where(text.text["name"].as_string() == name)
            .order_by(person.person)
            .limit(MOST_NAMESAKES)
        )
        names = Names(connection, site, lang)
        ids = list(connection.execute(query).scalars())
        names.learn(ids)
        found += [
            Namesake(site, id, names.person(id), names.text(id).get("department", ""), len(held(connection, names, id)))
            for id in ids
        ]
    return found


def waiting(connection: sa.Connection, site: str, person: int) -> list[Asked]:
    """The requests that this person leaves which the site has not answered."""
    table = outbox.c
    query = sa.select(table.id, table.bytes).where(
        table.ledger_site == site, table.kind == KIND, table.state == "waiting"
    )
    mine = [id for id, data in connection.execute(query) if _person_in(bytes(data)) == person]
    return [asked for id in mine if (asked := requests.one(connection, id)) is not None]


def effects(connection: sa.Connection, asked: Iterable[Asked], lang: str, now: datetime) -> list[Effect]:
    """What became of these requests, at the sites that they went to."""
    return [_effect(connection, one, lang, now) for one in asked]


def _effect(connection: sa.Connection, asked: Asked, lang: str, now: datetime) -> Effect:
    (site,) = sites(connection, [asked.site])
    number = _person(connection, site, asked)
    names = Names(connection, site, lang)
    names.learn([number])
    person, row = projected["person"].c, None
    if number is not None and asked.state == "accepted":
        query = sa.select(person.left_at, person.leaves_on).where(*of_site(projected["person"], site), person.person == number)
        row = connection.execute(query).first()
    left_at, leaves_on = (row.left_at or "", row.leaves_on or "") if row is not None else ("", "")
    hand_in = _handed_in(connection, site, number, asked) if left_at else ()
    return Effect(asked, site, number, names.person(number), left_at, leaves_on, hand_in, site.stale(now))


def _person(connection: sa.Connection, site: Site, asked: Asked) -> int | None:
    """Whom the request is about: it says so while it waits, and its records do afterwards."""
    data = connection.execute(sa.select(outbox.c.bytes).where(outbox.c.id == asked.id)).scalar()
    if data:
        return _person_in(bytes(data))
    if asked.first is None or asked.last is None:
        return None
    query = sa.select(record.c.person).where(
        record.c.ledger_site == site.id,
        record.c.epoch == site.epoch,
        record.c.seq.between(asked.first, asked.last),
        record.c.kind.in_(("person.left", "person.changed")),
    )
    found: int | None = connection.execute(query).scalar()
    return found


def _person_in(data: bytes) -> int | None:
    try:
        person = read_envelope(data).body.get("person")
    except MalformedRequest:
        return None
    return person if isinstance(person, int) else None


def _handed_in(connection: sa.Connection, site: Site, person: int | None, asked: Asked) -> tuple[str, ...]:
    """The badges that ended by this request, and the keys that are still out: both have to be given back."""
    badge = projected["badge"].c
    query = (
        sa.select(badge.badge, badge.label)
        .where(*of_site(projected["badge"], site), badge.person == person, badge.seq.between(asked.first, asked.last))
        .order_by(badge.badge)
    )
    key = projected["lock_key"].c
    out = (
        sa.select(key.label)
        .where(*of_site(projected["lock_key"], site), key.person == person, key.state.in_(sorted(OUT)))
        .order_by(key.label)
    )
    badges = (f"{label} (#{number})" for number, label in connection.execute(query))
    return (*badges, *connection.execute(out).scalars())


def counted(things: Iterable[Held], lang: str) -> list[tuple[str, int]]:
    """How many of each sort, in words."""
    counts: dict[str, int] = {}
    for thing in things:
        counts[thing.what] = counts.get(thing.what, 0) + 1
    return [(words(what, lang, "held"), number) for what, number in counts.items()]
