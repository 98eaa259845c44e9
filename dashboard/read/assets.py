"""The catalogue (目録) of information assets, in the form that it is asked for in (C1.1, C1.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.asset import HELD, TEXTS
from controller.record.measures import SECRECIES
from dashboard.database import private_text, projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

PAGE = 100
MOST = 20_000
"""Of one file: as many as a site takes."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset. `text` has the fields of `controller.record.kinds.asset.TEXTS`, those that somebody wrote."""

    asset: int
    text: dict[str, str]
    secrecy: str
    marking: str
    place: str
    place_name: str
    measures: tuple[str, ...]
    allowed: tuple[str, ...]
    allowed_names: tuple[str, ...]
    personal: tuple[str, ...]
    retain_until: str | None
    registered_on: str
    state: str
    operator_name: str
    seq: int

    @property
    def title(self) -> str:
        """What it is called; its number where nobody can say any more."""
        return self.text.get("title") or f"#{self.asset}"

    def over(self, today: str) -> bool:
        """Whether its retention is over on this day."""
        return self.retain_until is not None and self.state == HELD and self.retain_until < today


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which assets: each field empty means any."""

    state: str = HELD
    secrecy: str = ""
    places: frozenset[str] = frozenset()
    entrusted: bool = False
    """Only those that another company entrusted."""
    over_by: str = ""
    """Only those whose retention ends on this day or before."""
    text: str = ""
    after: int = 0


def listed(connection: sa.Connection, names: Names, wanted: Wanted, most: int = PAGE) -> tuple[list[Asset], bool]:
    """The assets by number, and whether there are more behind them."""
    table = projected["asset"]
    private = sa.and_(private_text.c.ledger_site == table.c.ledger_site, private_text.c.id == table.c.private)
    query = sa.select(table).outerjoin(private_text, private).where(*of_site(table, names.site))
    query = query.where(table.c.asset > wanted.after, *_conditions(wanted)).order_by(table.c.asset).limit(most + 1)
    rows = connection.execute(query).all()
    return named(rows[:most], names), len(rows) > most


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    table = projected["asset"].c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state:
        found.append(table.state == wanted.state)
    if wanted.secrecy in SECRECIES:
        found.append(table.secrecy == wanted.secrecy)
    if wanted.places:
        found.append(table.place.in_(sorted(wanted.places)))
    if wanted.over_by:
        found.append(table.retain_until <= wanted.over_by)
    if wanted.entrusted:
        found.append(private_text.c.text["owner"].as_string() != "")
    if wanted.text:
        like = f"%{wanted.text.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        fields = ("business", "title", "note", "department", "owner")
        found.append(sa.or_(*(private_text.c.text[name].as_string().like(like, escape="!") for name in fields)))
    return found


def one(connection: sa.Connection, names: Names, id: int) -> Asset | None:
    """One asset, withdrawn or not."""
    table = projected["asset"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site), table.c.asset == id)).all()
    found = named(rows, names)
    return found[0] if found else None


def named(rows: Sequence[Any], names: Names) -> list[Asset]:
    """Rows of the catalogue with what people wrote, and everything called by name."""
    texts = names.private(row.private for row in rows if row.private)
    names.learn((), (row.operator for row in rows))
    return [_asset(row, texts.get(row.private, {}), names) for row in rows]


def _asset(row: Any, text: dict[str, str], names: Names) -> Asset:  # noqa: ANN401 - a row of asset
    allowed = tuple((row.allowed or "").split())
    return Asset(
        row.asset,
        {name: text[name] for name in TEXTS if name in text},
        row.secrecy,
        row.marking,
        row.place,
        names.place(row.place),
        tuple((row.measures or "").split()),
        allowed,
        tuple(map(names.place, allowed)),
        tuple((row.personal or "").split()),
        row.retain_until,
        row.registered_on,
        row.state,
        names.operator(row.operator),
        row.seq,
    )
