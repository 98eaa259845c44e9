"""Portals: how each stands, why, and since when. The site's live word counts before the fold when it is newer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import live_state, projected, record
from dashboard.read.names import Names
from dashboard.read.sites import Site

ALARMS = frozenset({"held", "forced"})
STANDS = frozenset({"standing", "standing_open"})
"""Unlocked until further notice: by their hours, or by an operator's word."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One portal as it stands. Never heard of: everything `unknown`, no time."""

    site: str
    portal: str
    name: str
    inner: str
    outer: str
    status: str
    lock: str
    leaf: str
    cause: str
    who: str
    until_at: str
    """The end of how it stands, where it stands unlocked until then."""
    at: str
    live: bool
    """The site itself said so since the dashboard listens; not a fold of records, nor what the broker had kept."""

    @property
    def alarm(self) -> bool:
        """Whether somebody should go and look."""
        return self.status in ALARMS


@dataclass(frozen=True, slots=True)
class Part:
    """A part that does not answer."""

    part: str
    reason: str
    at: str


def tiles(connection: sa.Connection, names: Names, only: str = "") -> list[Tile]:
    """The site's portals in the order of its settings."""
    site = names.site
    portal = projected["portal"]
    query = sa.select(portal).where(portal.c.ledger_site == site.id, portal.c.epoch == site.epoch)
    if only:
        query = query.where(portal.c.portal == only)
    fixed = connection.execute(query.order_by(portal.c.position)).all()
    states = live_rows(connection, site)
    causes = _causes(connection, site, [state.get("cause_seq") for state, _ in states.values()])
    names.learn((cause.person for cause in causes.values()), (cause.operator for cause in causes.values()))
    return [_tile(row, *states.get(row.portal, ({}, False)), causes, names) for row in fixed]


def live_rows(
    connection: sa.Connection, site: Site, noun: str = "portal_state", key: str = "portal"
) -> dict[str, tuple[dict[str, Any], bool]]:
    """The rows of a noun's table by id, the site's live word before them where it is as new; and whether it is live."""
    state = projected[noun]
    mine = sa.select(state).where(state.c.ledger_site == site.id, state.c.epoch == site.epoch)
    found: dict[str, tuple[dict[str, Any], bool]] = {
        row[key]: (dict(row), False) for row in connection.execute(mine).mappings()
    }
    said = sa.select(live_state).where(
        live_state.c.ledger_site == site.id, live_state.c.epoch == site.epoch, live_state.c.noun == noun
    )
    for row in connection.execute(said):
        known = found.get(row.id)
        if known is None or row.seq >= (known[0].get("seq") or 0):
            found[row.id] = (row.row, row.heard_at is not None)
    return found


def _causes(connection: sa.Connection, site: Site, seqs: list[int | None]) -> dict[int, Any]:
    wanted = [seq for seq in seqs if seq]
    mine = (record.c.ledger_site == site.id, record.c.epoch == site.epoch, record.c.seq.in_(wanted))
    query = sa.select(record.c.seq, record.c.person, record.c.operator).where(*mine)
    return {row.seq: row for row in connection.execute(query)} if wanted else {}


def _tile(fixed: Any, state: dict[str, Any], live: bool, causes: dict[int, Any], names: Names) -> Tile:  # noqa: ANN401
    cause = causes.get(state.get("cause_seq") or 0)
    who = "" if cause is None else names.person(cause.person) or names.operator(cause.operator)
    return Tile(
        site=names.site.id,
        portal=fixed.portal,
        name=names.portals.get(fixed.portal, fixed.portal),
        inner=fixed.inner,
        outer=fixed.outer,
        status=state.get("status") or "unknown",
        lock="standing" if state.get("status") in STANDS else state.get("lock") or "unknown",
        leaf=state.get("leaf") or "unknown",
        cause=state.get("cause") or "",
        who=who if state.get("cause") in ("entry", "operator") else "",
        until_at=state.get("until_at") or "",
        at=state.get("at") or "",
        live=live,
    )


def failed_parts(connection: sa.Connection, site: Site) -> list[Part]:
    """The site's parts that do not answer, by the site's live word: a disk that fails can record nothing of it."""
    rows = (row for row, _ in live_rows(connection, site, "part", "part").values())
    failed = [Part(row["part"], row["reason"] or "", row["at"]) for row in rows if row["state"] == "failed"]
    return sorted(failed, key=lambda part: part.part)


def failed_text(parts: Iterable[Part]) -> str:
    """Which parts have failed, and how, in one text."""
    return " ".join(f"{part.part}={part.reason}" for part in parts)
