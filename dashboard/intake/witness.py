"""The witness: compares each checkpoint that the site signed with the records that are here (RFC 6962, C2SP tlog-checkpoint).

For each site it keeps the larger complete subtrees (`node`), so that a checkpoint of any size costs O(log n); the hashes
below `KEPT_LEVEL` are computed from the stored bytes. A checkpoint of records that are not here yet waits for them.

A contradiction ends the fold (`stop`): `fork` when two things cannot both be this ledger, `shrunk` when the site's word is
of fewer records than it once was. The bytes that show it stay in `broken`. A smaller checkpoint with the right root is old
news, unless the site says it live after a restart: then it has lost its tail.
"""

import sqlalchemy as sa
import structlog

from controller.record.husk import leaf_of
from controller.record.note import Checkpoint, epoch_of, origin, read_note
from controller.record.tree import Frontier, complete_subtrees, range_hash, root_of
from dashboard import database as db
from dashboard.intake import answered
from dashboard.intake.source import Source

KEPT_LEVEL = 6
MOST_PENDING = 128
STILL_S = 0.3
"""How long records may be on their way behind the checkpoint that covers them before they are missed."""

log = structlog.get_logger()


class Tree:
    """The Merkle tree over the stored records of one epoch, as far as they are without holes."""

    def __init__(self, connection: sa.Connection, site: str, epoch: int) -> None:
        self._connection = connection
        self._site = site
        self._epoch = epoch

    def subtree(self, level: int, position: int) -> bytes:
        """The hash over 2**level leaves from leaf position * 2**level on; they must be here."""
        if level >= KEPT_LEVEL:
            place = (self._site, self._epoch, level, position)
            columns = (db.node.c.ledger_site, db.node.c.epoch, db.node.c.level, db.node.c.position)
            query = sa.select(db.node.c.hash).where(*(c == value for c, value in zip(columns, place, strict=True)))
            return bytes(self._connection.execute(query).scalar_one())
        begin = position << level
        table = db.record.c
        query = (
            sa.select(table.bytes)
            .where(table.ledger_site == self._site, table.epoch == self._epoch)
            .where(table.seq > begin, table.seq <= begin + (1 << level))
            .order_by(table.seq)
        )
        return root_of(leaf_of(bytes(data)) for data in self._connection.execute(query).scalars())

    def root(self, size: int) -> bytes:
        """The root of the first `size` records."""
        return range_hash(0, size, self.subtree)

    def frontier(self, size: int) -> Frontier:
        """The right edge of the tree over the first `size` records."""
        return Frontier(size, [self.subtree(*tile) for tile in complete_subtrees(0, size)])


def resume(connection: sa.Connection, source: Source) -> None:
    """Completes a source that was loaded: the tree's edge and the checkpoint that waits."""
    source.frontier = Tree(connection, source.ledger_site, source.epoch).frontier(source.applied)
    table = db.checkpoint.c
    mine = (table.ledger_site == source.ledger_site, table.epoch == source.epoch)
    source.highest = max(source.highest, connection.execute(sa.select(sa.func.max(table.size)).where(*mine)).scalar() or 0)
    _next_pending(connection, source)


def settle(source: Source, monotonic: float) -> bool:
    """Whether records that the site has spoken of are missing now: not yet for a moment, they may be right behind its word."""
    if source.stopped or max(source.highest, source.applied) >= source.promised:
        source.promised_s = None
        return False
    if source.promised_s is None:
        source.promised_s = monotonic
    if monotonic - source.promised_s < STILL_S:
        return False
    source.highest, source.promised_s, source.dirty = source.promised, None, True
    return True


def grow(connection: sa.Connection, source: Source, data: bytes) -> None:
    """The next record in order is here: the tree grows, and a checkpoint that waited for it is compared."""
    for level, position, hashed in source.frontier.append(leaf_of(data)):
        if level >= KEPT_LEVEL:
            place = {"ledger_site": source.ledger_site, "epoch": source.epoch, "level": level, "position": position}
            source.batch.upsert(db.node, {**place, "hash": hashed})
    if source.pending == source.frontier.size:
        _compare_pending(connection, source)


def read(source: Source, payload: bytes) -> tuple[int, Checkpoint] | None:
    """Epoch and checkpoint of a note that this site signed; None if it did not."""
    checkpoint = read_note(payload, source.ledger_site, source.keys.signing)
    return None if checkpoint is None else (epoch_of(checkpoint.origin, source.ledger_site), checkpoint)


def witness(
    connection: sa.Connection, source: Source, checkpoint: Checkpoint, note: str, *, live: bool, now: str
) -> None:
    """Compares a checkpoint of the source's epoch, or keeps it until its records are here."""
    if source.stopped:
        return
    if live:
        source.promised = max(source.promised, checkpoint.size)
    else:
        source.highest = max(source.highest, checkpoint.size)
    source.dirty = True
    if checkpoint.size > source.applied:
        _keep(connection, source, checkpoint, note, now)
        return
    if checkpoint.size == source.applied:
        root = source.frontier.root()
    else:
        source.batch.write(connection)
        root = Tree(connection, source.ledger_site, source.epoch).root(checkpoint.size)
    _compare(connection, source, checkpoint, root, note, now)
    newest = source.checkpoint_size or 0
    if live and not source.stopped and checkpoint.size < newest and source.boot != source.checkpoint_boot:
        stop(connection, source, "shrunk", f"size {checkpoint.size} after {newest}", note.encode(), now)


def _compare(
    connection: sa.Connection, source: Source, checkpoint: Checkpoint, root: bytes, note: str, now: str
) -> None:
    newest = source.checkpoint_size or 0
    if checkpoint.root != root:
        code = "shrunk" if checkpoint.size < newest else "fork"
        stop(connection, source, code, f"size {checkpoint.size}", note.encode(), now)
    elif checkpoint.size >= newest:
        source.checkpoint_note, source.checkpoint_size, source.checkpoint_root = note, checkpoint.size, checkpoint.root
        source.checkpoint_at, source.checkpoint_boot = now, source.boot
        answered.covered(connection, source, newest, checkpoint.size)


def _keep(connection: sa.Connection, source: Source, checkpoint: Checkpoint, note: str, now: str) -> None:
    table = db.checkpoint.c
    mine = (table.ledger_site == source.ledger_site, table.epoch == source.epoch)
    kept = connection.execute(sa.select(table.root).where(*mine, table.size == checkpoint.size)).scalar()
    if kept is not None:
        if bytes(kept) != checkpoint.root:
            stop(connection, source, "fork", f"size {checkpoint.size}", note.encode(), now)
        return
    sizes = list(connection.execute(sa.select(table.size).where(*mine).order_by(table.size)).scalars())
    if len(sizes) >= MOST_PENDING:
        middle = sizes[len(sizes) // 2]
        connection.execute(sa.delete(db.checkpoint).where(*mine, table.size == middle))
    place = {"ledger_site": source.ledger_site, "epoch": source.epoch, "size": checkpoint.size}
    connection.execute(sa.insert(db.checkpoint), {**place, "root": checkpoint.root, "note": note, "at": now})
    _next_pending(connection, source)


def _compare_pending(connection: sa.Connection, source: Source) -> None:
    table = db.checkpoint.c
    size = source.frontier.size
    of_size = (table.ledger_site == source.ledger_site, table.epoch == source.epoch, table.size == size)
    row = connection.execute(sa.select(db.checkpoint).where(*of_size)).one()
    checkpoint = Checkpoint(origin(source.ledger_site, source.epoch), row.size, bytes(row.root))
    _compare(connection, source, checkpoint, source.frontier.root(), row.note, row.at)
    connection.execute(sa.delete(db.checkpoint).where(*of_size))
    _next_pending(connection, source)


def _next_pending(connection: sa.Connection, source: Source) -> None:
    table = db.checkpoint.c
    mine = (table.ledger_site == source.ledger_site, table.epoch == source.epoch)
    source.pending = connection.execute(sa.select(sa.func.min(table.size)).where(*mine)).scalar()


def stop(connection: sa.Connection, source: Source, code: str, place: str, evidence: bytes, now: str) -> None:
    """Marks the source broken and keeps what shows it; the first of each sort stands."""
    log.error("the site's history is broken", site=source.ledger_site, epoch=source.epoch, code=code, place=place)
    of_code = {"ledger_site": source.ledger_site, "epoch": source.epoch, "code": code}
    if connection.execute(sa.select(db.broken.c.at).filter_by(**of_code)).first() is None:
        row = {**of_code, "applied": source.applied, "place": place, "evidence": evidence, "at": now}
        connection.execute(sa.insert(db.broken), row)
    source.broken, source.broken_place, source.broken_at, source.dirty = code, place, now, True
