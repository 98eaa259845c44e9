"""Places: zones and containers, with what they hold, who answers for them, and what is missing (C1.2, C3.1, C8.1, C8.7)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.asset import HELD
from controller.record.kinds.container import BADGE, COMBINATION, KEY
from controller.record.kinds.keeper import DEPUTY, DUTIES, MANAGER
from controller.record.measures import Demand, holders, strictest
from controller.record.nesting import around
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

ROOM = "room"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Somebody who answers for a place. `stands_in`: for a place that has none of its own, the one around whose it is."""

    duty: str
    person: int
    name: str
    stands_in: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One place as it stands now."""

    id: str
    name: str
    sort: str
    """`room`, `container` (one that a badge opens), or of a container on record its own sort."""
    registered: bool
    lock: str
    """`badge`, `key` or `combination`."""
    inside: str
    inside_name: str
    secrecy: str
    """The strictest class of what it holds; empty for none."""
    markings: tuple[str, ...]
    assets: int
    """How many are kept in it, and in containers within."""
    keepers: Mapping[str, Keeper | None]
    missing: tuple[str, ...]
    """What is incomplete: `manager`, `deputy` (C3.1), `portal`, `lock` (C8.7, C8.1)."""
    demands: tuple[Demand, ...] = ()

    @property
    def manager(self) -> Keeper | None:
        """Whoever answers for it, its own or who stands in."""
        return self.keepers[MANAGER]

    @property
    def deputy(self) -> Keeper | None:
        """The second one."""
        return self.keepers[DEPUTY]

    @property
    def container(self) -> bool:
        """Whether it is a cupboard or a safe."""
        return self.sort != ROOM


@dataclass
class Plan:
    """How the places of one site lie in each other, read once for a page: some thousands at most."""

    connection: sa.Connection
    names: Names
    inside: dict[str, str] = field(default_factory=dict)
    sorts: dict[str, str] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        zone, container = projected["zone"], projected["container"]
        zones = sa.select(zone.c.zone, zone.c.inside, zone.c.zone_kind).where(*of_site(zone, self.names.site))
        for id, inside, sort in self.connection.execute(zones.order_by(zone.c.position)):
            self.inside[id], self.sorts[id], self.locks[id] = inside or "", sort or ROOM, BADGE
        query = sa.select(container.c.container, container.c.zone, container.c.container_sort, container.c.lock)
        query = query.where(*of_site(container, self.names.site), container.c.state == "in_use")
        for id, inside, sort, lock in self.connection.execute(query.order_by(container.c.container)):
            if id not in self.inside:
                self.registered.add(id)
                self.inside[id], self.sorts[id], self.locks[id] = inside or "", sort, lock

    @cached_property
    def stands_in(self) -> dict[str, str]:
        """By container of either sort, what it stands in."""
        return {id: inside for id, inside in self.inside.items() if self.sorts[id] != ROOM and inside}

    @cached_property
    def _assets(self) -> dict[str, list[Any]]:
        """By place, the assets that count for it."""
        asset = projected["asset"]
        columns = (asset.c.asset, asset.c.place, asset.c.secrecy, asset.c.marking, asset.c.measures, asset.c.seq)
        query = sa.select(*columns).where(*of_site(asset, self.names.site), asset.c.state == HELD).order_by(asset.c.asset)
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self.connection.execute(query):
            for holder in holders(row.place, self.stands_in):
                found[holder].append(row)
        return found

    @cached_property
    def _kept(self) -> dict[tuple[str, str], int]:
        """By place and duty, whoever was named and is here."""
        keeper, person = projected["keeper"], projected["person"]
        here = sa.and_(
            person.c.ledger_site == keeper.c.ledger_site,
            person.c.epoch == keeper.c.epoch,
            person.c.person == keeper.c.person,
        )
        query = sa.select(keeper.c.place, keeper.c.duty, keeper.c.person).join(person, here)
        active = (keeper.c.state == "active", person.c.state == "active")
        rows = self.connection.execute(query.where(*of_site(keeper, self.names.site), *active)).all()
        self.names.learn(row.person for row in rows)
        return {(row.place, row.duty): row.person for row in rows}

    def keepers(self, place: str) -> dict[str, Keeper | None]:
        """Who answers for it, by duty: its own, else of the nearest place around that has one."""
        found: dict[str, Keeper | None] = dict.fromkeys(DUTIES)
        for duty in DUTIES:
            for at in (place, *around(place, self.inside)):
                if (person := self._kept.get((at, duty))) is not None:
                    found[duty] = Keeper(duty, person, self.names.person(person), "" if at == place else at)
                    break
        return found

    @cached_property
    def _entered(self) -> set[str]:
        """The zones that a portal leads into."""
        portal = projected["portal"]
        return set(self.connection.execute(sa.select(portal.c.inner).where(*of_site(portal, self.names.site))).scalars())

    @cached_property
    def _opened_by(self) -> set[tuple[str, str]]:
        """Places with the lock that something on record opens: `key` and `combination`."""
        found: set[tuple[str, str]] = set()
        for lock, noun, column in ((KEY, "lock_key", "opens"), (COMBINATION, "combination", "place")):
            if noun in projected and column in projected[noun].c:
                table = projected[noun]
                query = sa.select(table.c[column]).where(*of_site(table, self.names.site)).distinct()
                found |= {(place, lock) for place in self.connection.execute(query).scalars()}
        return found

    def _missing(self, place: str) -> tuple[str, ...]:
        missing = [duty for duty in DUTIES if (place, duty) not in self._kept]
        if place not in self.registered:
            missing += [] if place in self._entered else ["portal"]
        elif self.locks[place] == BADGE or (place, self.locks[place]) not in self._opened_by:
            missing.append("lock")
        return tuple(missing)

    def unkept(self) -> list[str]:
        """The places without a manager or a deputy of their own: none may be without one (C3.1)."""
        return [id for id in self.inside if any((id, duty) not in self._kept for duty in DUTIES)]

    def place(self, id: str) -> Place | None:
        """One place; None for none that there is now."""
        if id not in self.inside:
            return None
        held = self._assets.get(id, [])
        return Place(
            id,
            self.names.place(id),
            self.sorts[id],
            id in self.registered,
            self.locks[id],
            self.inside[id],
            self.names.place(self.inside[id]),
            strictest(row.secrecy for row in held),
            tuple(sorted({row.marking for row in held if row.marking})),
            len(held),
            self.keepers(id),
            self._missing(id),
            tuple(Demand(code, row.asset, row.seq) for row in held for code in (row.measures or "").split()),
        )

    def every(self) -> list[Place]:
        """All places: rooms in their order, behind each the containers that stand in it."""
        return [found for id in self._in_order() if (found := self.place(id)) is not None]

    def _in_order(self) -> list[str]:
        children: dict[str, list[str]] = defaultdict(list)
        for id in self.inside:
            children[self.stands_in.get(id, "")].append(id)
        order: list[str] = []

        def visit(ids: Iterable[str]) -> None:
            for id in ids:
                if id not in order:
                    order.append(id)
                    visit(children.get(id, ()))

        visit(children[""])
        return [*order, *(id for id in self.inside if id not in order)]

    def within(self, id: str) -> list[str]:
        """The containers that stand in this place, at any depth."""
        return [other for other in self.stands_in if other != id and id in holders(other, self.stands_in)]
