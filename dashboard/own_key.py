"""The change of this dashboard's own key, so that no request and no private row is lost on the way.

The next key is made beside the present one and carried to the sites' consoles; the switch waits until every followed site has
recorded that it trusts it. From then on both keys count there, and each site seals its private rows to the new one. Requests
that still wait are signed again at the next start (`Outbox.sign_again`). Only then is the old key revoked at the sites.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from controller.record.keys import KeyPair, PublicKeys, sync_folder
from dashboard import database as db

KEY_FILE = "dashboard.key"
NEXT_FILE = "dashboard.key.next"


class NotTrusted(ValueError):
    """These sites have not recorded that they trust the next key."""

    def __init__(self, sites: list[str]) -> None:
        super().__init__(", ".join(sites))
        self.sites = sites


class NoNextKey(LookupError):
    """None was prepared."""


def prepare(data: Path) -> PublicKeys:
    """The next key, made now if there is none. Raises BadKey, OSError."""
    return KeyPair.load_or_create(data / NEXT_FILE).public


def switch(data: Path, engine: sa.Engine, sites: Iterable[str]) -> PublicKeys:
    """The next key takes the present one's place. Raises NoNextKey, NotTrusted, BadKey, OSError."""
    if not (data / NEXT_FILE).exists():
        raise NoNextKey
    fresh = KeyPair.load(data / NEXT_FILE).public
    with engine.connect() as connection:
        missing = [site for site in sites if _state(connection, site, fresh.id) != "trusted"]
    if missing:
        raise NotTrusted(missing)
    os.replace(data / NEXT_FILE, data / KEY_FILE)
    sync_folder(data)
    return fresh


def _state(connection: sa.Connection, site: str, id: str) -> str | None:
    """How a site, by its records here, holds a dashboard's key: `trusted`, `revoked`, or None."""
    dashboard, source = db.projected["dashboard"].c, db.source.c
    query = (
        sa.select(dashboard.state)
        .join(db.source, sa.and_(source.ledger_site == dashboard.ledger_site, source.epoch == dashboard.epoch))
        .where(dashboard.ledger_site == site, dashboard.dashboard == id)
    )
    return connection.execute(query).scalar()


def revoked_at(connection: sa.Connection, site: str, id: str) -> bool:
    """Whether the site has said that it trusts this dashboard no more."""
    return _state(connection, site, id) == "revoked"
