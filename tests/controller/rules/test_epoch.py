"""Which word a witnessed checkpoint has against the ledger as it is, and the epoch that is begun on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.keys import KeyPair
from controller.record.kinds.site import LedgerReopened
from controller.record.note import Checkpoint, origin
from controller.rules.epoch import LedgerFact, Word, answer, reopen, weigh
from controller.rules.outcome import Outcome

OWN = LedgerFact("works", 3, 100)
OURS, THEIRS = b"\x01" * 32, b"\x02" * 32


@pytest.mark.parametrize(
    ("expected", "epoch", "size", "root"),
    [
        (Word.AGREES, 3, 100, OURS),
        (Word.AGREES, 3, 7, OURS),
        (Word.FORK, 3, 100, THEIRS),
        (Word.FORK, 3, 7, THEIRS),
        (Word.LOST, 3, 101, OURS),
        (Word.LOST, 3, 101, THEIRS),
        (Word.LOST, 4, 5, OURS),
        (Word.LOST, 4, 500, THEIRS),
        (Word.OLD, 2, 100, THEIRS),
        (Word.OLD, 1, 9999, THEIRS),
    ],
)
def test_the_word_of_a_checkpoint(expected: Word, epoch: int, size: int, root: bytes) -> None:
    """By epoch, size and root, and by nothing else; what the ledger has broken with already breaks nothing again."""
    witnessed = Checkpoint(origin("works", epoch), size, root)
    assert weigh(witnessed, OWN, OURS if size <= OWN.size else None) is expected


@given(st.integers(1, 9), st.integers(1, 200), st.integers(1, 9), st.integers(1, 200), st.booleans())
def test_a_new_epoch_is_later_than_both_and_ends_the_matter(
    own_epoch: int, own_size: int, epoch: int, size: int, same: bool
) -> None:
    """Whatever is shown, an epoch begun on it is later than ours and its own, names it, and makes it old."""
    own = LedgerFact("works", own_epoch, own_size)
    witnessed = Checkpoint(origin("works", epoch), size, OURS if same else THEIRS)
    root = OURS if size <= own_size else None
    outcome = answer(witnessed, witnessed.sign(KeyPair.generate()), own, root)
    word = weigh(witnessed, own, root)
    if word in (Word.AGREES, Word.OLD):
        assert outcome == Outcome()
        return
    (opened,) = outcome.records
    assert isinstance(opened, LedgerReopened) and opened.reason == word
    assert opened.epoch > max(own_epoch, epoch) and Checkpoint.parse(opened.previous) == witnessed
    assert weigh(witnessed, LedgerFact("works", opened.epoch, own_size + 1), root) is Word.OLD


def test_a_break_with_nothing_known_is_the_next_epoch() -> None:
    """A restored ledger that never had a checkpoint goes on in the next epoch and names none."""
    assert reopen(OWN, "", "restored").records == (LedgerReopened("works", 4, "", "restored"),)
