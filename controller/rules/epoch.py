"""Whether a checkpoint that the site once signed still holds, and what to do when it does not (design §4).

Whoever shows it: a signature of ours over records that are not here proves that they were. The site does not choose between
two histories then. It keeps what it has, says where and with which checkpoint it breaks, and goes on in a new epoch.
"""

from dataclasses import dataclass
from enum import StrEnum

from controller.record.kinds.site import LedgerReopened
from controller.record.note import Checkpoint, epoch_of
from controller.rules.outcome import Outcome


class Word(StrEnum):
    """What a checkpoint says of the ledger as it is."""

    AGREES = "agrees"
    OLD = "old"
    """It is of an epoch that the ledger has broken with already."""
    LOST = "lost"
    """It covers more records than are here, or a later epoch."""
    FORK = "fork"
    """It covers other records than those that are here."""


@dataclass(frozen=True, slots=True)
class LedgerFact:
    """The ledger as it is."""

    site: str
    epoch: int
    size: int


def weigh(witnessed: Checkpoint, own: LedgerFact, root: bytes | None) -> Word:
    """The word of a checkpoint that the site's key signed. `root`: over its number of records, None where there are fewer."""
    epoch = epoch_of(witnessed.origin, own.site)
    if epoch < own.epoch:
        return Word.OLD
    if epoch > own.epoch or witnessed.size > own.size or root is None:
        return Word.LOST
    return Word.AGREES if witnessed.root == root else Word.FORK


def reopen(own: LedgerFact, previous: str, reason: str) -> Outcome:
    """The new epoch: later than ours and than that of `previous`, the signed note with which the ledger breaks."""
    known = epoch_of(previous.partition("\n")[0], own.site)
    return Outcome((LedgerReopened(own.site, max(own.epoch, known) + 1, previous, reason),))


def answer(witnessed: Checkpoint, note: str, own: LedgerFact, root: bytes | None) -> Outcome:
    """What becomes of a checkpoint that somebody shows to a running site: nothing, or a new epoch."""
    word = weigh(witnessed, own, root)
    return reopen(own, note, word) if word in (Word.LOST, Word.FORK) else Outcome()
