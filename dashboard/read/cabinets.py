"""Electronic key cabinets: what hangs in each slot, who stands there at which step, and what they may take (C8.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.cabinet import OVER
from controller.record.kinds.key import IN_PLACE, MISPLACED
from controller.record.kinds.key_loan import CABINET, RETURNED
from dashboard.database import projected
from dashboard.read import keys
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.read.portals import live_rows
from dashboard.read.sites import of_site

_STAYS = frozenset({"lost", "suspect"})
"""Keys of a ring that are not lent with it."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A key cabinet as the site configured it."""

    cabinet: str
    name: str
    zone: str
    zone_name: str
    take_s: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot: the keys that belong there, those that hang there though they belong elsewhere, and what nobody knows."""

    slot: int
    own: tuple[Key, ...]
    guests: tuple[Key, ...]
    stray_since: str

    @property
    def key(self) -> Key | None:
        """What a person chooses there: the key that leads its ring."""
        return next((one for one in self.own if not one.ring), next(iter(self.own), None))

    @property
    def lendable(self) -> bool:
        """Whether a key hangs there that goes by a loan alone."""
        return any(one.state in (IN_PLACE, "released") for one in self.own)

    @property
    def free(self) -> bool:
        """Whether all that belong there hang there, or in a wrong slot from which they can be put right."""
        lent = [one for one in self.own if one.state not in _STAYS]
        return bool(lent) and all(one.state == IN_PLACE or (one.state == MISPLACED and one.at_slot) for one in lent)

    @property
    def places(self) -> set[str]:
        """The places that whoever borrows it has to have a right to."""
        return {one.opens or one.home for one in self.own if one.state not in _STAYS}


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands at a cabinet. `person` None: nobody; then `code` is why the last session ended."""

    person: int | None
    name: str
    step: str
    key: int
    slot: int
    loan: int
    options: tuple[str, ...]
    """The purposes that can be chosen by their place, in words."""
    code: str
    place: str
    until_at: str
    at: str
    seq: int
    agreed: int
    needed: int


@dataclass(frozen=True, slots=True)
class Return:
    """A key that came back to a cabinet."""

    loan: int
    label: str
    name: str
    by: str
    """Who brought it, where somebody's badge was held there before."""
    at: str


def cabinets(connection: sa.Connection, names: Names) -> list[Cabinet]:
    """The site's cabinets in the order of its settings."""
    table = projected["cabinet"]
    called = table.c.name_ja if names.lang == "ja" else table.c.name_en
    query = sa.select(table.c.cabinet, called.label("name"), table.c.zone, table.c.take_s)
    rows = connection.execute(query.where(*of_site(table, names.site)).order_by(table.c.position)).all()
    return [Cabinet(row.cabinet, row.name or row.cabinet, row.zone, names.place(row.zone), row.take_s) for row in rows]


def slots(connection: sa.Connection, names: Names, cabinet: str) -> list[Slot]:
    """Its slots in the order of its settings."""
    table = projected["cabinet_slot"]
    query = sa.select(table.c.slot, table.c.stray_since).where(*of_site(table, names.site), table.c.cabinet == cabinet)
    known = keys.listed(connection, names)
    own = _by_slot((one.slot, one) for one in known if one.cabinet == cabinet and one.state != "sealed")
    guests = _by_slot((one.at_slot, one) for one in known if one.at_cabinet == cabinet and one.state == MISPLACED)
    rows = connection.execute(query.order_by(table.c.position)).all()
    return [Slot(row.slot, own.get(row.slot, ()), guests.get(row.slot, ()), row.stray_since or "") for row in rows]


def _by_slot(found: Iterable[tuple[int, Key]]) -> dict[int, tuple[Key, ...]]:
    by_slot: dict[int, tuple[Key, ...]] = {}
    for slot, key in found:
        by_slot[slot] = (*by_slot.get(slot, ()), key)
    return by_slot


def standing(connection: sa.Connection, names: Names, cabinet: str) -> Standing:
    """Who stands there, by the site's live word where that is newer."""
    row, _ = live_rows(connection, names.site, "cabinet_session", "cabinet").get(cabinet, ({}, False))
    person = row.get("person")
    names.learn([person])
    options = str(row.get("options") or "").split()
    texts = names.private(options) if options else {}
    agreed, needed = _agreed(connection, names, row.get("loan") or 0)
    return Standing(
        person,
        names.person(person),
        row.get("step") or OVER,
        row.get("lock_key") or 0,
        row.get("slot") or 0,
        row.get("loan") or 0,
        tuple(texts.get(id, {}).get("purpose", "") for id in options),
        row.get("code") or "",
        row.get("place") or "",
        row.get("until_at") or "",
        row.get("at") or "",
        row.get("seq") or 0,
        agreed,
        needed,
    )


def _agreed(connection: sa.Connection, names: Names, loan: int) -> tuple[int, int]:
    """How many have agreed to a loan, and how many have to."""
    row = _loan(connection, names, projected["key_loan"].c.key_loan == loan) if loan else None
    return (0, 0) if row is None else (len((row.authorisers or "").split()), row.needed or 0)


def _loan(connection: sa.Connection, names: Names, wanted: sa.ColumnElement[bool]) -> Any:  # noqa: ANN401 - a row or None
    table = projected["key_loan"]
    query = sa.select(table).where(*of_site(table, names.site), wanted)
    return connection.execute(query.order_by(table.c.seq.desc()).limit(1)).first()


def last_return(connection: sa.Connection, names: Names, among: Iterable[int], after: str) -> Return | None:
    """The last of these keys that came back to a cabinet, if that was after this time."""
    table = projected["key_loan"].c
    back = sa.and_(
        table.state == RETURNED, table.returned_how == CABINET, table.returned_at > after, table.lock_key.in_(list(among))
    )
    row = _loan(connection, names, back)
    if row is None:
        return None
    names.learn([row.person, row.returned_by])
    by = names.person(row.returned_by) if row.returned_by not in (None, row.person) else ""
    return Return(row.key_loan, row.label, names.person(row.person), by, row.returned_at)


def entitled(connection: sa.Connection, names: Names, person: int) -> set[str]:
    """The places to which somebody has a right, of their own or a group's; whether it holds at this hour the site says."""
    right, member = projected["access_right"], projected["membership"]
    teams = sa.select(member.c.team).where(
        *of_site(member, names.site), member.c.person == person, member.c.state == "active"
    )
    own = sa.or_(right.c.person == person, right.c.team.in_(teams))
    query = sa.select(right.c.zone).where(*of_site(right, names.site), own, right.c.state == "active")
    return set(connection.execute(query.distinct()).scalars())
