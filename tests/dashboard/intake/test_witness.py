"""Checkpoints: compared with the records that are here, and what contradicts them stays on the page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listener import listening
from site_peer import Said, SitePeer

from controller.record.keys import KeyPair
from controller.record.kinds import door
from controller.record.tree import leaf_hash, root_of
from dashboard import database as db
from dashboard.intake.witness import MOST_PENDING, Tree


def everything(following):
    following.records(*range(1, len(following.peer.records) + 1))


def test_a_checkpoint_that_agrees_is_witnessed(following):
    """The newest checkpoint that agrees with the records stands in the source, with the time it was compared."""
    everything(following)
    said = following.peer.checkpoint()
    following.hear(said)
    source = following.source
    assert source.checkpoint_note == said.payload.decode()
    assert (source.checkpoint_size, source.checkpoint_at) == (len(following.peer.records), following.now)
    assert source.broken is None


def test_a_checkpoint_ahead_of_the_records_waits_for_them(following):
    """A checkpoint of records that are not here yet says how many are missing, and is compared when they are."""
    last = len(following.peer.records)
    following.hear(following.peer.checkpoint(5), following.peer.checkpoint())
    assert (following.source.highest, following.source.checkpoint_size) == (last, None)
    following.records(*range(1, 7))
    assert following.source.checkpoint_size == 5
    following.started()
    following.hear(following.peer.online())
    following.records(*range(7, last + 1))
    assert following.source.checkpoint_size == last
    assert following.rows(db.checkpoint) == []


@pytest.mark.parametrize("early", [True, False])
def test_a_root_that_is_not_ours_is_a_fork(following, early):
    """A signed checkpoint with another root than the records have is a fork, whichever came first; the note is kept."""
    wrong = following.peer.checkpoint(5, root=b"\x07" * 32)
    if early:
        following.hear(wrong)
    everything(following)
    if not early:
        following.hear(wrong)
    assert (following.source.broken, following.source.broken_place) == ("fork", "size 5")
    (row,) = following.rows(db.broken)
    assert row["evidence"] == wrong.payload
    assert following.source.applied == (5 if early else len(following.peer.records))


def test_two_checkpoints_of_one_size_are_a_fork_at_once(following):
    """Two signed checkpoints of one size with different roots are a fork before any record is here."""
    following.hear(following.peer.checkpoint(5), following.peer.checkpoint(5, root=b"\x07" * 32))
    assert following.source.broken == "fork"


def test_a_changed_record_is_found_by_the_next_checkpoint(following):
    """A record that the broker changed is folded at first, and contradicted by the next checkpoint."""
    changed = following.peer.records[3].replace(b"*", b"lab")
    following.records(1, 2, 3)
    following.hear(Said(following.peer.topics.record, changed))
    following.records(*range(5, len(following.peer.records) + 1))
    assert following.source.broken is None
    following.hear(following.peer.checkpoint())
    assert following.source.broken == "fork"


def test_an_older_checkpoint_that_agrees_is_old_news(following):
    """A smaller checkpoint with the right root changes nothing: brokers keep and repeat."""
    everything(following)
    following.hear(following.peer.checkpoint())
    newest = following.source.checkpoint_note
    following.hear(following.peer.checkpoint(3), retained=True)
    following.hear(following.peer.checkpoint(4))
    assert (following.source.broken, following.source.checkpoint_note) == (None, newest)


def test_a_smaller_checkpoint_that_disagrees_is_a_shrunk_ledger(following):
    """A checkpoint below the newest one with another root says that the past was rewritten."""
    everything(following)
    following.hear(following.peer.checkpoint(), following.peer.checkpoint(4, root=b"\x07" * 32))
    assert (following.source.broken, following.source.broken_place) == ("shrunk", "size 4")


def test_a_site_that_lost_its_tail_is_found(following):
    """After a restart the site itself says a smaller checkpoint than before: its ledger shrank, though the root agrees."""
    everything(following)
    following.hear(following.peer.checkpoint())
    following.peer.boot, following.peer.link = "boot-2", 1
    following.hear(following.peer.online(), following.peer.checkpoint(4), retained=True)
    assert following.source.broken is None
    following.hear(following.peer.checkpoint(4))
    assert following.source.broken == "shrunk"


def test_a_site_that_went_on_after_its_lost_tail_is_found(following):
    """A site that lost records and wrote others in their place contradicts the copies here."""
    everything(following)
    del following.peer.records[-2:]
    seq = following.peer.write(door.DoorForced("front", "forced"))
    following.records(seq)
    assert (following.source.broken, following.source.broken_place) == ("fork", f"seq {seq}")


@pytest.mark.parametrize("broken", ["signature", "origin", "text", "epoch"])
def test_a_checkpoint_that_the_site_did_not_sign_is_counted(following, broken):
    """Forged, foreign and malformed notes are counted and change nothing."""
    everything(following)
    peer = following.peer
    said = {
        "signature": SitePeer(peer.name, keys=KeyPair.generate(), records=peer.records[:3]).checkpoint(),
        "origin": SitePeer("other", keys=peer.keys, records=peer.records[:3]).checkpoint(),
        "text": Said(peer.topics.checkpoint, b"\xff\xfe not a note"),
        "epoch": SitePeer(peer.name, epoch=0, keys=peer.keys, records=peer.records[:3]).checkpoint(),
    }[broken]
    following.hear(Said(peer.topics.checkpoint, said.payload))
    assert (following.source.forged, following.source.broken, following.source.checkpoint_size) == (1, None, None)


def test_waiting_checkpoints_are_bounded(following):
    """A site cannot fill the disk with checkpoints of records that it never sends."""
    following.peer.visits(100)
    following.hear([following.peer.checkpoint(size) for size in range(1, MOST_PENDING + 20)])
    kept = [row["size"] for row in following.rows(db.checkpoint)]
    assert len(kept) == MOST_PENDING and kept[0] == 1 and kept[-1] == MOST_PENDING + 19


def test_a_new_epoch_is_followed_beside_the_old_one(following):
    """A greater epoch, signed, begins anew: the old rows stay, the break shows, and the new ledger is folded."""
    everything(following)
    following.hear(following.peer.checkpoint())
    second = SitePeer(epoch=2, boot="boot-2", keys=following.peer.keys).company().visits(3)
    following.hear(second.online(), [second.record(seq) for seq in range(1, len(second.records) + 1)])
    following.hear(second.checkpoint())
    source = following.source
    assert (source.epoch, source.broken, source.broken_place) == (2, "epoch", "epoch 2")
    assert source.applied == source.checkpoint_size == len(second.records)
    assert {row["epoch"] for row in following.rows(db.projected["person"])} == {1, 2}
    following.hear(following.peer.online(), following.peer.checkpoint())
    assert (source.epoch, source.applied) == (2, len(second.records))


def test_a_fork_of_the_old_epoch_stays_in_evidence(following):
    """What broke an old epoch stays in evidence after the new one began."""
    everything(following)
    following.hear(following.peer.checkpoint(5, root=b"\x07" * 32))
    following.hear(SitePeer(epoch=2, keys=following.peer.keys).company().online())
    assert [(row["epoch"], row["code"]) for row in following.rows(db.broken)] == [(1, "epoch"), (1, "fork")]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A dashboard with 400 records."""
    with listening(tmp_path_factory.mktemp("long")) as listener:
        listener.peer.visits(150)
        listener.hear(listener.peer.online())
        listener.records(*range(1, 401))
        yield listener


@settings(max_examples=100, deadline=None)
@given(size=st.integers(0, 400))
def test_any_root_is_that_of_rfc_6962(long, size):
    """The root of any size, from kept subtrees and stored bytes, is the one over all leaves."""
    with long.engine.connect() as connection:
        tree = Tree(connection, "factory", 1)
        expected = root_of(map(leaf_hash, long.peer.records[:size]))
        assert tree.root(size) == tree.frontier(size).root() == expected
