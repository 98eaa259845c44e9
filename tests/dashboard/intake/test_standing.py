"""Online, states, private rows and replies: the site's signed word beside its ledger."""

import msgspec
import pytest
import sqlalchemy as sa
from listener import Listener
from site_peer import Said, SitePeer

from controller.record.keys import KeyPair
from controller.record.topics import Online, State
from dashboard import database as db

ROW = {"portal": "front", "lock": "secure", "leaf": "closed", "status": "secure"}


def test_birth_and_will(listener):
    """Never heard, online, and offline when the broker tells the will."""
    assert (listener.source.online, listener.source.heard_at) == (None, None)
    listener.hear(listener.peer.online())
    assert (listener.source.online, listener.source.boot) == (True, "boot-1")
    listener.hear(listener.peer.online(up=False))
    assert listener.source.online is False


def test_an_old_will_does_not_end_a_newer_connection(following):
    """The will of an earlier connection, or of an earlier run, that comes late is passed over."""
    old = following.peer.online(up=False)
    following.peer.link = 2
    following.hear(following.peer.online(), old)
    assert following.source.online is True
    late = following.peer.online(up=False)
    following.peer.boot, following.peer.link = "boot-2", 1
    following.hear(following.peer.online(), late)
    assert (following.source.online, following.source.boot) == (True, "boot-2")


def test_a_will_from_a_run_that_was_never_seen_counts(following):
    """When the dashboard was away, the newest will says that the site is offline."""
    following.peer.boot = "boot-3"
    following.hear(following.peer.online(up=False), retained=True)
    assert following.source.online is False


def test_a_birth_that_comes_after_its_will_is_old(following):
    """The same connection is not born twice."""
    birth, will = following.peer.online(), following.peer.online(up=False)
    following.hear(will, birth)
    assert following.source.online is False


def test_what_the_broker_had_kept_is_not_heard_now(listener):
    """A retained message does not make the page fresh; a live state, checkpoint, birth or record does."""
    peer = listener.peer
    listener.hear(peer.online(), peer.checkpoint(3), peer.state("portal_state", "front", ROW, 4), retained=True)
    assert listener.source.heard_at is None
    assert listener.rows(db.live_state)[0]["heard_at"] is None
    for said in (peer.online(), peer.checkpoint(3), peer.state("portal_state", "front", ROW, 4), peer.record(1)):
        listener.later(10)
        listener.hear(said)
        assert listener.source.heard_at == listener.now
    listener.later(10)
    listener.hear(peer.online(up=False))
    assert listener.source.heard_at != listener.now, "a will is the broker's word"


def test_the_newest_state_stands(following):
    """A state that is older by seq or epoch than the known one is passed over; the same one again is fresh again."""
    peer = following.peer
    new = peer.state("portal_state", "front", {**ROW, "status": "open"}, 9)
    following.hear(new, peer.state("portal_state", "front", ROW, 8))
    (row,) = following.rows(db.live_state)
    assert (row["row"]["status"], row["seq"], row["heard_at"]) == ("open", 9, following.now)
    following.later(10)
    following.hear(new)
    assert following.rows(db.live_state)[0]["heard_at"] == following.now


def test_a_thing_may_have_slashes_in_its_name(following):
    """The id of a state is all that follows the noun."""
    following.hear(following.peer.state("part", "reader/front-in", {"part": "reader/front-in"}, 3))
    assert following.rows(db.live_state)[0]["id"] == "reader/front-in"


def test_a_private_row_is_opened_and_kept(following):
    """The newest version of a private row that was sealed to this dashboard is kept, in the letters it was typed in."""
    mine = following.keys.public
    following.hear(following.peer.private(mine, "person-1", {"name": "山田 花子"}, version=2))
    following.hear(following.peer.private(mine, "person-1", {"name": "旧姓 花子"}, version=1))
    (row,) = following.rows(db.private_text)
    assert (row["id"], row["version"], row["text"]) == ("person-1", 2, {"name": "山田 花子"})
    with following.engine.connect() as connection:
        found = connection.exec_driver_sql("select id from private_text where text like '%%花子%%'").scalar()
    assert found == "person-1"


def test_an_empty_message_erases_a_private_row(following):
    """An empty private message erases the row; one to another dashboard does not concern us."""
    mine = following.keys.public
    following.hear(following.peer.private(mine, "person-1", {"name": "山田 花子"}))
    following.hear(Said(following.peer.topics.private("0" * 16, "person-1"), b""))
    assert len(following.rows(db.private_text)) == 1
    following.hear(Said(following.peer.topics.private(mine.id, "person-1"), b""))
    assert not any(row["text"] for row in following.rows(db.private_text))


def test_a_private_row_cannot_be_moved(following):
    """A box that was sealed for another place, another dashboard, or carries another id is not kept."""
    peer, mine = following.peer, following.keys.public
    true = peer.private(mine, "person-1", {"name": "山田 花子"})
    sealed = msgspec.json.decode(true.payload)["payload"]
    topic = peer.topics.private(mine.id, "person-2")
    moved = peer.signed(topic, msgspec.convert({**sealed, "id": "person-2"}, type=dict))
    foreign = peer.private(KeyPair.generate().public, "person-3", {"name": "x"})
    other = Said(peer.topics.private(mine.id, "person-3"), foreign.payload)
    following.hear(moved, other, foreign)
    assert following.rows(db.private_text) == []
    assert (following.source.malformed, following.source.forged) == (1, 1)


@pytest.mark.parametrize("what", ["online", "state", "private", "reply", "resent"])
def test_what_the_site_did_not_sign_is_counted_and_ignored(listener: Listener, what):
    """A message signed by another key, or signed for another topic, counts as forged and changes nothing."""
    mine = listener.keys.public
    stranger = SitePeer("factory", records=listener.peer.records)

    def said(peer: SitePeer) -> Said:
        return {
            "online": lambda: peer.online(),
            "state": lambda: peer.state("portal_state", "front", ROW, 3),
            "private": lambda: peer.private(mine, "person-1", {"name": "x"}),
            "reply": lambda: peer.reply(mine, "R1"),
            "resent": lambda: peer.resent(mine, 1, 3),
        }[what]()

    elsewhere = SitePeer("elsewhere", keys=listener.peer.keys, records=listener.peer.records)
    topic = said(listener.peer).topic
    listener.hear(said(stranger), Said(topic, said(elsewhere).payload), Said(topic, b"{}"), Said(topic, b"\xff"))
    assert listener.source.forged == 4
    assert listener.source.online is None and listener.source.epoch == 0
    for table in (db.live_state, db.private_text, db.record):
        assert listener.rows(table) == []


def test_signed_nonsense_is_counted(following):
    """What the site signed but is not what the topic carries is counted, and changes nothing."""
    peer = following.peer
    huge = Online(True, "b", 2**70, 1, peer.now())
    timeless = Online(True, "b", 1, 1, "noon")
    moved = State("portal_state", "back", peer.now(), 1, 1, {})
    following.hear(
        peer.signed(peer.topics.online, huge),
        peer.signed(peer.topics.online, timeless),
        peer.signed(peer.topics.state("portal_state", "front"), moved),
        peer.signed(peer.topics.online, moved),
    )
    assert following.source.malformed == 4
    assert following.rows(db.live_state) == [] and following.source.epoch == 1


def test_messages_of_sites_that_are_not_pinned_are_passed_over(following):
    """A site without a pinned key is not followed, whatever it says."""
    following.hear(SitePeer("other").company().online(), Said("elsewhere/factory/record", b""), Said("sekimori", b""))
    assert [row["ledger_site"] for row in following.rows(db.source)] == ["factory"]


def test_a_failing_database_keeps_nothing_and_goes_back(following):
    """When the database fails in the middle of a batch, nothing of it is kept, and the next connection takes it up again."""
    following.records(1, 2)
    with following.engine.begin() as connection:
        connection.exec_driver_sql("alter table live_state rename to gone")
    with pytest.raises(sa.exc.DBAPIError):
        following.hear(
            following.peer.record(3), following.peer.state("portal_state", "front", ROW, 3), following.peer.record(4)
        )
    with pytest.raises(RuntimeError):
        following.records(3)
    with following.engine.begin() as connection:
        connection.exec_driver_sql("alter table gone rename to live_state")
    following.intake.reconnected()
    assert following.source.applied == 2
    following.hear(following.peer.online())
    following.records(3, 4)
    assert following.source.applied == 4
