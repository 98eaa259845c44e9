"""Things that can be carried away, the assets that they carry, and the stickers on them (C9.1)."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from controller.record.handling import class_of
from controller.record.words import words
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

MOST = 500


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing; `state` as in `controller.record.kinds.thing.STATES`."""

    thing: int
    code: str
    label: str
    medium: str
    medium_words: str
    asset: int | None
    place: str
    allowed: tuple[str, ...]
    state: str
    registered_at: str

    @property
    def called(self) -> str:
        """What is written on it, and what people call it."""
        return f"{self.code} {self.label}".strip()


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset of the catalogue, as far as custody looks at it."""

    asset: int
    title: str
    class_: str
    place: str
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sticker:
    """One sticker on something."""

    sticker: str
    label: str
    attached_at: str


def things(
    connection: sa.Connection, names: Names, wanted: Collection[int] | None = None, active: bool = False
) -> dict[int, Thing]:
    """Things by number: these, or all of them."""
    table = projected["thing"]
    query = sa.select(table).where(*of_site(table, names.site)).order_by(table.c.code, table.c.thing)
    query = query.limit(MOST) if wanted is None else query.where(table.c.thing.in_(sorted(wanted)))
    if active:
        query = query.where(table.c.state == "active")
    rows = connection.execute(query).all()
    texts = names.private(row.private for row in rows)
    return {
        row.thing: Thing(
            row.thing, row.code, texts.get(row.private, {}).get("label", ""),
            row.medium, words(row.medium, names.lang, "medium"), row.asset, row.place, tuple((row.allowed or "").split()),
            row.state, row.registered_at,
        )
        for row in rows
    }  # fmt: skip


def assets(connection: sa.Connection, names: Names, wanted: Collection[int] | None = None) -> dict[int, Asset]:
    """Assets of the catalogue by number: these, or those that are held."""
    table = projected["asset"]
    query = sa.select(table).where(*of_site(table, names.site)).order_by(table.c.asset)
    held = query.where(table.c.state == "held").limit(MOST)
    query = held if wanted is None else query.where(table.c.asset.in_(sorted(wanted)))
    rows = connection.execute(query).all()
    texts = names.private(row.private for row in rows)
    return {
        row.asset: Asset(
            row.asset, texts.get(row.private, {}).get("title", "") or f"#{row.asset}", class_of(row.secrecy, row.marking),
            row.place, tuple((row.allowed or "").split()),
        )
        for row in rows
    }  # fmt: skip


def stickers(connection: sa.Connection, names: Names, thing: str) -> list[Sticker]:
    """The stickers on this (`thing:7`)."""
    table = projected["sticker"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.thing == thing, table.c.state == "attached")
    rows = connection.execute(query.order_by(table.c.sticker)).all()
    return [Sticker(row.sticker, row.label or "", row.attached_at) for row in rows]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a station says of the sticker that a thing is to get: `open`, or `failed` with what was missing."""

    station: str
    state: str
    code: str
    until_at: str


def awaited(connection: sa.Connection, names: Names, thing: str) -> list[Waiting]:
    """The stations at which a sticker for this was waited for last."""
    table = projected["sticker_wait"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.thing == thing)
    return [Waiting(row.station, row.state, row.code or "", row.until_at or "") for row in connection.execute(query)]
