"""Where a site's ledger was broken off and went on in a new epoch: what both histories share, and what only the old one has."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from controller.record.note import BadNote, Checkpoint
from dashboard.database import broken, node, projected, record
from dashboard.read.sites import Site

_LEVELS = (18, 12, 6)
"""Kept subtrees are compared from the large ones to the small: a few rows each, whatever the histories' length."""
_STEP = 64
_MOST = 20
"""Breaks that a page shows; the ledger has them all."""


@dataclass(frozen=True, slots=True)
class Break:
    """One break. Of the new epoch's records those up to `shared` are the old one's, as far as they are here."""

    old: int
    new: int
    noticed_at: str
    opened: int | None
    """The new epoch's first record; None while it is not here."""
    opened_at: str
    reason: str
    signed: int | None
    """How many records the checkpoint covers with which it breaks."""
    shared: int
    only_old: int
    """Records that only the old epoch has."""
    last_old: int
    requests: int
    """Accepted requests among them: what they did does not hold any more."""
    differs: bool
    """Both epochs have a record behind `shared`, and it is not the same one."""

    @property
    def rewritten(self) -> bool:
        """Whether the new epoch has other records in the place of old ones, before its own beginning."""
        return self.differs and self.opened is not None and self.shared < self.opened - 1

    @property
    def arriving(self) -> bool:
        """Whether what it shares with the old epoch is not all here yet, so that nothing can be said of it."""
        return self.opened is None or (not self.differs and self.shared < self.opened - 1)

    @property
    def begins(self) -> int:
        """The first record that differs."""
        return self.shared + 1


def breaks(connection: sa.Connection, site: Site) -> list[Break]:
    """The breaks of a site's ledger, the newest first."""
    past = broken.c
    query = (
        sa.select(past.epoch, past.at, past.place)
        .where(past.ledger_site == site.id, past.code == "epoch", past.epoch < site.epoch)
        .order_by(past.epoch.desc())
        .limit(_MOST)
    )
    found: list[Break] = []
    later = site.epoch
    for old, at, _place in connection.execute(query).all():
        found.append(_break(connection, site.id, old, later, at))
        later = old
    return found


def _break(connection: sa.Connection, site: str, old: int, new: int, at: str) -> Break:
    opening = projected["opening"].c
    mine = (opening.ledger_site == site, opening.epoch == new, opening.opening == new)
    opened = connection.execute(
        sa.select(opening.seq, opening.at, opening.reason, opening.previous).where(*mine)
    ).first()
    shared = _shared(connection, site, old, new)
    table = record.c
    beyond = (table.ledger_site == site, table.epoch == old, table.seq > shared)
    only, last = connection.execute(sa.select(sa.func.count(), sa.func.max(table.seq)).where(*beyond)).one()
    accepted = sa.select(sa.func.count()).where(*beyond, table.kind == "request.accepted")
    return Break(
        old,
        new,
        at,
        opened.seq if opened else None,
        opened.at if opened else "",
        (opened.reason or "") if opened else "",
        _covered(opened.previous if opened else ""),
        shared,
        int(only),
        int(last or shared),
        int(connection.execute(accepted).scalar_one()),
        _both(connection, site, (old, new), shared + 1),
    )


def _both(connection: sa.Connection, site: str, epochs: tuple[int, int], seq: int) -> bool:
    table = record.c
    mine = (table.ledger_site == site, table.epoch.in_(epochs), table.seq == seq)
    return bool(connection.execute(sa.select(sa.func.count()).select_from(record).where(*mine)).scalar_one() == 2)


def _covered(note: str) -> int | None:
    try:
        return Checkpoint.parse(note).size
    except BadNote:
        return None


def _shared(connection: sa.Connection, site: str, old: int, new: int) -> int:
    """How many records from the first on are the same in both epochs, as far as they are here."""
    at = 0
    for level in _LEVELS:
        begin = at >> level
        for position in _same(connection, site, old, new, level, begin):
            if position != at >> level:
                break
            at += 1 << level
    table, other = record.alias("old"), record.alias("new")
    query = (
        sa.select(table.c.seq, table.c.bytes, other.c.bytes)
        .join(other, sa.and_(other.c.ledger_site == site, other.c.epoch == new, other.c.seq == table.c.seq))
        .where(table.c.ledger_site == site, table.c.epoch == old, table.c.seq > at)
        .order_by(table.c.seq)
        .limit(_STEP)
    )
    while rows := connection.execute(query.where(table.c.seq > at)).all():
        for seq, ours, theirs in rows:
            if seq != at + 1 or bytes(ours) != bytes(theirs):
                return at
            at = seq
    return at


def _same(connection: sa.Connection, site: str, old: int, new: int, level: int, begin: int) -> Iterator[int]:
    """Positions of complete subtrees that both epochs have alike, from this one on."""
    one, other = node.alias("old"), node.alias("new")
    query = (
        sa.select(one.c.position, one.c.hash, other.c.hash)
        .join(
            other,
            sa.and_(
                other.c.ledger_site == site,
                other.c.epoch == new,
                other.c.level == level,
                other.c.position == one.c.position,
            ),
        )
        .where(one.c.ledger_site == site, one.c.epoch == old, one.c.level == level, one.c.position >= begin)
        .order_by(one.c.position)
    )
    for position, ours, theirs in connection.execute(query):
        if bytes(ours) != bytes(theirs):
            return
        yield position
