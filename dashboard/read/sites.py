"""Sites: what they are called, and how far what is shown of them can be relied on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from controller.record.canonical import moment
from controller.record.keys import BadKey, PublicKeys
from dashboard.database import accepted_key, projected, record, source

FRESH = timedelta(seconds=30)
"""A site that has said nothing for longer may stand otherwise than shown; it speaks at least every ten seconds."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site. `missing` records are known to exist and are not here; `broken` is a contradiction in its history."""

    id: str
    epoch: int
    name_ja: str
    name_en: str
    timezone: str
    online: bool | None
    heard_at: str | None
    missing: int
    broken: str
    broken_place: str
    checkpoint_at: str | None
    checkpoint_size: int
    key: str = ""
    """The id of the key by which it is known now."""
    key_since: str | None = None
    """When it followed the pinned key; None for that one itself."""

    def name(self, lang: str) -> str:
        """What it is called."""
        return (self.name_ja if lang == "ja" else self.name_en) or self.id

    def age_s(self, now: datetime) -> int | None:
        """Seconds since it was last heard; None when it never was."""
        return None if not self.heard_at else max(0, int((now - moment(self.heard_at)).total_seconds()))

    def stale(self, now: datetime) -> bool:
        """Whether what is shown may be old. So is what was heard in the future: then this clock was set back."""
        if self.online is not True or not self.heard_at:
            return True
        return not -FRESH <= now - moment(self.heard_at) <= FRESH


def of_site(table: sa.Table, site: Site) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition that a row of a folded table is of this site, in its present epoch."""
    return (table.c.ledger_site == site.id, table.c.epoch == site.epoch)


def sites(connection: sa.Connection, ids: Collection[str]) -> list[Site]:
    """These sites, as far as they are followed, by id."""
    site = projected["site"].c
    here = source.c
    query = (
        sa.select(source, site.name_ja, site.name_en, site.timezone)
        .outerjoin(
            projected["site"],
            sa.and_(site.ledger_site == here.ledger_site, site.epoch == here.epoch, site.site == here.ledger_site),
        )
        .where(here.ledger_site.in_(ids))
        .order_by(here.ledger_site)
    )
    return [
        Site(
            row.ledger_site,
            row.epoch,
            row.name_ja or "",
            row.name_en or "",
            row.timezone or "UTC",
            row.online,
            row.heard_at,
            _missing(connection, row),
            row.broken or "",
            row.broken_place or "",
            row.checkpoint_at,
            row.checkpoint_size or 0,
            _key_id(row.public),
            _followed_at(connection, row),
        )
        for row in connection.execute(query)
    ]


def site_called(connection: sa.Connection, id: str) -> Site | None:
    """The site with this id, if it is followed."""
    found = sites(connection, [id])
    return found[0] if found else None


def _key_id(text: str) -> str:
    try:
        return PublicKeys.parse(text).id
    except BadKey:
        return ""


def _followed_at(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> str | None:
    """When the present key was accepted by a chain, if it was."""
    table = accepted_key.c
    query = sa.select(table.at).where(table.ledger_site == row.ledger_site, table.public == row.public)
    return connection.execute(query.where(table.pinned != table.public)).scalar()


def _missing(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> int:
    if row.highest <= row.applied:
        return 0
    beyond = sa.and_(record.c.ledger_site == row.ledger_site, record.c.epoch == row.epoch, record.c.seq > row.applied)
    stored = connection.execute(sa.select(sa.func.count()).select_from(record).where(beyond)).scalar_one()
    return max(0, int(row.highest - row.applied - stored))
