"""Sites that one operator has begun alone: which wait for their review, and what was done there meanwhile."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected, record, source
from dashboard.read.lines import COLUMNS, Line, lines
from dashboard.read.names import Names
from dashboard.read.sites import Site, sites

MOST = 50
"""Records of one group that the page lists; the ledger lists the others."""

GROUPS: dict[str, tuple[str, ...]] = {
    "trust": ("start", "operator", "dashboard"),
    "people": (
        "person", "badge", "enrolment", "pin", "pin_enrolment", "pledge", "training", "presence.corrected",
        "presence.forgiven", "entry.noted", "entry.confirmed", "entry.declined",
    ),
    "rights": ("right", "review", "group", "membership"),
    "storage": (
        "container", "keeper", "asset", "label", "carrier", "transport", "combination", "knower",
        "tether.registered", "tether.retired", "tether.round_begun", "tether.deviated", "tether.round_ended",
    ),
    "custody": ("custody", "thing", "sticker"),
    "doors": ("portal.released", "portal.overridden", "override", "lockdown", "evacuation", "special_day"),
    "keys": ("key", "key_audit"),
    "site": ("site", "clock", "ledger"),
    "refused": ("request.refused", "requests"),
}
"""What people did, by the noun of the kind (or the whole kind), in the order of the page. All other kinds are counted."""


@dataclass(frozen=True, slots=True)
class Start:
    """A single-person start that waits for its review. `person` is the same human as a badge holder, if known."""

    site: Site
    start: int
    operator: int
    person: int | None
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one sort that were made alone: the first `MOST`, oldest first, and all of them by kind."""

    name: str
    lines: list[Line]
    kinds: dict[str, int]

    @property
    def count(self) -> int:
        """How many there are in all."""
        return sum(self.kinds.values())


def waiting(connection: sa.Connection, among: Collection[str], lang: str) -> list[Start]:
    """The starts that wait at these sites."""
    start, operator = projected["start"].c, projected["operator"].c
    mine = sa.and_(start.ledger_site == source.c.ledger_site, start.epoch == source.c.epoch)
    who = sa.and_(
        operator.ledger_site == start.ledger_site, operator.epoch == start.epoch, operator.operator == start.operator
    )
    query = (
        sa.select(start.ledger_site, start.start, start.operator, start.at, operator.person)
        .join_from(source, projected["start"], mine)
        .outerjoin(projected["operator"], who)
        .where(start.state == "single", start.ledger_site.in_(among))
    )
    found = {row.ledger_site: row for row in connection.execute(query)}
    return [_start(connection, site, found[site.id], lang) for site in sites(connection, found)] if found else []


def _start(connection: sa.Connection, site: Site, row: Any, lang: str) -> Start:  # noqa: ANN401 - a row of the query above
    names = Names(connection, site, lang)
    names.learn(operators=[row.operator])
    return Start(site, row.start, row.operator, row.person, row.at, names.operator(row.operator))


def applied(connection: sa.Connection, site: str) -> int:
    """Up to which record the site's ledger is here without a hole."""
    return int(connection.execute(sa.select(source.c.applied).where(source.c.ledger_site == site)).scalar_one())


def done_alone(connection: sa.Connection, names: Names, upto: int) -> list[Group]:
    """The marked records up to this one: what people did in groups, and last the rest, counted by kind."""
    table = record.c
    mine = (
        table.ledger_site == names.site.id,
        table.epoch == names.site.epoch,
        table.mark.is_not(None),
        table.seq <= upto,
    )
    counted = sa.select(table.kind, sa.func.count()).where(*mine).group_by(table.kind).order_by(table.kind)
    kinds = {kind: int(number) for kind, number in connection.execute(counted)}
    groups = []
    for name, nouns in GROUPS.items():
        held = {kind: number for kind, number in kinds.items() if kind in nouns or kind.partition(".")[0] in nouns}
        if held:
            query = sa.select(*COLUMNS).where(*mine, table.kind.in_(held)).order_by(table.seq).limit(MOST)
            groups.append(Group(name, lines(connection.execute(query).all(), names), held))
    rest = _without(kinds, groups)
    return [*groups, Group("rest", [], rest)] if rest else groups


def _without(kinds: dict[str, int], groups: Iterable[Group]) -> dict[str, int]:
    listed = {kind for group in groups for kind in group.kinds}
    return {kind: number for kind, number in kinds.items() if kind not in listed}
