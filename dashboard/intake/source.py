"""How far the dashboard has followed one site: the row of `source`, and what is derived from the stored records."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from controller.record.keys import PublicKeys
from controller.record.tree import Frontier
from dashboard import database as db
from dashboard.intake.batch import Batch
from dashboard.keyring import accepted

STOPPED = frozenset({"fork", "shrunk"})
"""Contradictions after which nothing more of the ledger is folded."""


@dataclass(slots=True)
class Source:
    """One pinned site. Belongs to the intake's thread; the fields up to `malformed` are the columns of its row."""

    ledger_site: str
    keys: PublicKeys
    epoch: int = 0
    """0: the site has not said it yet."""
    applied: int = 0
    highest: int = 0
    checkpoint_note: str | None = None
    checkpoint_size: int | None = None
    checkpoint_root: bytes | None = None
    checkpoint_at: str | None = None
    checkpoint_boot: str | None = None
    online: bool | None = None
    boot: str | None = None
    link: int | None = None
    online_at: str | None = None
    heard_at: str | None = None
    broken: str | None = None
    broken_place: str | None = None
    broken_at: str | None = None
    forged: int = 0
    malformed: int = 0

    beyond: int = 0
    """The highest stored record, folded or not."""
    frontier: Frontier = field(default_factory=Frontier)
    """Of the records up to `applied`."""
    promised: int = 0
    """Records of which the site's live word has come. They are right behind it; what still misses after a moment is a gap."""
    promised_s: float | None = None
    """When it was first looked at, of the steady clock."""
    pending: int | None = None
    """The size of the smallest checkpoint that waits for its records."""
    confirmed: bool = False
    """The site has said its epoch on this connection. Until then its records, which do not name theirs, are left alone."""
    dirty: bool = True
    batch: Batch = field(default_factory=Batch)
    """Rows that this transaction has still to write; one for all sites, so that records keep the order of their coming."""
    pinned: PublicKeys | None = None
    """The key set at the console; `keys` may be one that followed it."""
    former: tuple[PublicKeys, ...] = ()
    """Keys between the two."""

    @property
    def stopped(self) -> bool:
        """Whether the history contradicts itself."""
        return self.broken in STOPPED

    def save(self, connection: sa.Connection) -> None:
        """Writes the row if something changed."""
        if self.dirty:
            row = {name: getattr(self, name) for name in _COLUMNS}
            db.upsert(connection, db.source, {**row, "public": self.keys.text()})
            self.dirty = False


_COLUMNS = tuple(column.name for column in db.source.columns if column.name != "public")


def load_sources(connection: sa.Connection, sites: Mapping[str, PublicKeys]) -> dict[str, Source]:
    """The pinned sites as their rows say; a new site is where nothing was heard. The witness completes them."""
    batch = Batch()
    sources = {name: Source(name, keys, batch=batch, pinned=keys) for name, keys in sites.items()}
    for name, keys in sites.items():
        known = accepted(connection, name, keys)
        sources[name].keys, sources[name].former = known.keys, known.former
    for row in connection.execute(sa.select(db.source)).mappings():
        source = sources.get(row["ledger_site"])
        if source is None:
            continue
        for name in _COLUMNS:
            setattr(source, name, row[name])
        source.dirty = source.keys.text() != row["public"]
    for source in sources.values():
        of_epoch = (db.record.c.ledger_site == source.ledger_site, db.record.c.epoch == source.epoch)
        source.beyond = connection.execute(sa.select(sa.func.max(db.record.c.seq)).where(*of_epoch)).scalar() or 0
    return sources
