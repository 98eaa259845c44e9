"""Epochs: a site that lost records it had published goes on in a new one, and says so (design §4).

Records do not name their epoch, so the site's signed word does: online, state or checkpoint. The new epoch's ledger begins
with what the site kept of the old one. It is followed from record 1 beside the old one, whose rows stay; the break stays on
the page.
"""

import sqlalchemy as sa

from controller.record.tree import Frontier
from dashboard.intake import witness
from dashboard.intake.source import Source


def says(connection: sa.Connection, source: Source, epoch: int, evidence: bytes, now: str) -> bool:
    """The site said its epoch; whether it is the present one. A greater one becomes the present one."""
    if epoch < 1:
        return False
    if epoch > source.epoch:
        _begin(connection, source, epoch, evidence, now)
    source.confirmed = source.confirmed or epoch == source.epoch
    return epoch == source.epoch


def _begin(connection: sa.Connection, source: Source, epoch: int, evidence: bytes, now: str) -> None:
    if source.epoch:
        witness.stop(connection, source, "epoch", f"epoch {epoch}", evidence, now)
    source.epoch = epoch
    source.applied = source.highest = source.beyond = source.promised = 0
    source.checkpoint_note = source.checkpoint_size = source.checkpoint_root = None
    source.checkpoint_at = source.checkpoint_boot = None
    source.frontier, source.pending, source.dirty = Frontier(), None, True
