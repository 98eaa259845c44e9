"""What a dashboard tells a site of its own ledger: which checkpoint it holds, and what the site lost."""

import msgspec
import pytest
from listener import Listener
from site_peer import Said, SitePeer

from controller.record.keys import KeyPair, PublicKeys
from controller.record.private import PrivateRow
from controller.record.sealed import Unreadable, unseal
from controller.record.signed import open_message
from controller.record.topics import RESEND_BATCH, Recover, Recovered
from dashboard import database as db
from dashboard.intake import recovery
from dashboard.intake.intake import Message
from dashboard.intake.witnessed import EVERY_S, Witnessed


def everything(following: Listener) -> None:
    following.records(*range(1, len(following.peer.records) + 1))


def ask(following: Listener, asked: Recover, key: KeyPair | None = None) -> Said:
    signer = SitePeer(following.peer.name, keys=key or following.peer.keys)
    return signer.signed(following.peer.topics.recover, asked, retain=False)


def answered(following: Listener, asked: Recover) -> tuple[str, Recovered]:
    topic, data = recovery.answer(following.engine, following.keys, following.source, asked)
    said = msgspec.json.decode(open_message(following.keys.public.signing, topic, data), type=Recovered)
    assert PublicKeys.parse(said.keys).id == following.keys.public.id
    return topic, said


def test_a_witnessed_checkpoint_is_said_once_and_on_each_connection(following: Listener) -> None:
    """Each site hears of its newest checkpoint that is held in full: when it is new, not more often than once a second."""
    witnessed = Witnessed(following.keys.public.id)
    topic = following.peer.topics.witnessed(following.keys.public.id)
    following.hear(following.peer.checkpoint(5))
    assert witnessed.due(following.intake.sources, 0.0) == []
    everything(following)
    held = following.peer.checkpoint(5).payload
    assert witnessed.due(following.intake.sources, 0.0) == [(topic, held)]
    following.hear(following.peer.checkpoint())
    assert witnessed.due(following.intake.sources, EVERY_S / 2) == []
    assert witnessed.due(following.intake.sources, EVERY_S) == [(topic, following.peer.checkpoint().payload)]
    assert witnessed.due(following.intake.sources, 9 * EVERY_S) == []
    witnessed.connected()
    assert witnessed.due(following.intake.sources, 9 * EVERY_S) != []


def test_what_is_lost_is_given_back_with_its_private_rows(following: Listener) -> None:
    """The records asked for come verbatim, with the newest checkpoint, and the rows they refer to sealed to the site alone."""
    everything(following)
    for n in range(1, 5):
        following.hear(following.peer.private(following.keys.public, f"person-{n}", {"name": f"山田 {n}"}))
    following.hear(following.peer.checkpoint())
    topic, said = answered(following, Recover("q1", following.keys.public.id, 1, 3))
    assert [text.encode() for text in said.records] == following.peer.records[2:]
    assert (said.request, said.first, said.note) == ("q1", 3, following.peer.checkpoint().payload.decode())
    boxes = [bytes.fromhex(box) for box in said.private]
    rows = [msgspec.json.decode(unseal(following.peer.keys.sealing, topic.encode(), b), type=PrivateRow) for b in boxes]
    assert {row.id for row in rows} == {f"person-{n}" for n in range(1, 5)}
    with pytest.raises(Unreadable):
        unseal(KeyPair.generate().sealing, topic.encode(), boxes[0])


def test_an_answer_is_one_message(following: Listener) -> None:
    """A long tail comes in pieces that continue each other; a question for the checkpoint alone brings no record."""
    following.peer.visits(200)
    everything(following)
    got: list[bytes] = []
    while len(got) < len(following.peer.records):
        _, said = answered(following, Recover("q", "", 1, len(got) + 1))
        assert 0 < len(said.records) <= RESEND_BATCH
        got += [text.encode() for text in said.records]
    assert got == following.peer.records
    assert answered(following, Recover("q", "", 1, 0))[1].records == ()
    assert answered(following, Recover("q", "", 7, 1))[1].records == ()


def test_no_record_is_given_behind_a_hole(following: Listener) -> None:
    """What is not here ends the answer: the site is not given other places than it asked for."""
    following.records(1, 2, 3, 5, 6)
    assert len(answered(following, Recover("q", "", 1, 2))[1].records) == 2
    assert answered(following, Recover("q", "", 1, 4))[1].records == ()


def test_only_the_site_may_ask_and_only_now(following: Listener) -> None:
    """A question that the site signed, live, and to this dashboard or to all, waits for its answer; others do not."""
    everything(following)
    own = following.keys.public.id
    following.hear(ask(following, Recover("1", own, 1, 1), KeyPair.generate()))
    following.hear(ask(following, Recover("2", "0011223344556677", 1, 1)))
    following.hear(ask(following, Recover("3", own, 1, 1)), retained=True)
    assert following.intake.recover == {} and following.source.forged == 1
    following.hear(ask(following, Recover("4", "", 1, 1)), ask(following, Recover("5", own, 1, 2)))
    assert following.intake.recover == {following.peer.name: Recover("5", own, 1, 2)}


def test_a_new_epoch_begins_with_the_kept_records_of_the_old(following: Listener) -> None:
    """The new ledger has the old one's records up to the break, its own behind it, and is folded from record 1."""
    everything(following)
    following.hear(following.peer.checkpoint())
    second = following.peer.reopened(kept=15).visits(3)
    following.peer, first = second, following.peer
    following.hear(second.online(), second.checkpoint())
    following.records(*range(16, len(second.records) + 1))
    assert (following.source.epoch, following.source.applied, following.source.broken) == (2, 0, "epoch")
    following.hear(second.resent(following.keys.public, 1, 15))
    source = following.source
    assert source.applied == source.checkpoint_size == len(second.records)
    assert [row["opening"] for row in following.rows(db.projected["opening"]) if row["epoch"] == 2] == [1, 2]
    assert sum(row["epoch"] == 1 for row in following.rows(db.record)) == len(first.records)


def test_a_forged_beginning_of_a_new_epoch_is_refused_by_its_own_checkpoint(following: Listener) -> None:
    """Records that a broker changed under way contradict the new epoch's signed checkpoint: a fork, as in any epoch."""
    everything(following)
    second = following.peer.reopened(kept=15)
    following.peer = second
    following.hear(second.online(), second.checkpoint())
    second.records[4] = second.records[4].replace(b'"by":"', b'"by":"x')
    following.records(*range(1, len(second.records) + 1))
    assert (following.source.epoch, following.source.broken) == (2, "fork")


def test_an_opening_of_an_epoch_that_the_site_has_not_said_is_left_alone(following: Listener) -> None:
    """A record that opens a later epoch does not get into the present one."""
    everything(following)
    second = following.peer.reopened(kept=len(following.peer.records))
    following.hear(second.record(len(second.records)))
    assert (following.source.epoch, following.source.applied) == (1, len(following.peer.records))


def test_records_right_behind_their_checkpoint_are_not_missed(following: Listener) -> None:
    """A live checkpoint comes before its records; they are missing only when they have not come in a moment."""
    everything(following)
    last = len(following.peer.records)
    following.peer.visits(1)
    following.intake.take([_message(following.peer.checkpoint())])
    following.intake.settle(0.0)
    assert (following.source.highest, following.source.promised) == (last, len(following.peer.records))
    assert following.intake.settle(1.0)
    assert following.source.highest == len(following.peer.records)
    following.records(*range(last + 1, len(following.peer.records) + 1))
    assert not following.still() and following.source.checkpoint_size == len(following.peer.records)


def test_what_was_promised_is_missing_after_a_restart(following: Listener) -> None:
    """A process that starts with a checkpoint of records that never came misses them at once."""
    everything(following)
    following.peer.visits(1)
    following.intake.take([_message(following.peer.checkpoint())])
    following.started()
    assert following.source.highest == len(following.peer.records)


def _message(said: Said) -> Message:
    return Message(said.topic, said.payload)
