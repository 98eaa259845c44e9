"""Records: stored when they come, folded in order, never twice."""

import sqlalchemy as sa
from site_peer import Said

from controller.record.asks import QueryResend
from controller.record.kinds import door, request, site
from controller.record.kinds.site import PartFailed
from controller.record.requests import read_body, read_envelope
from dashboard import database as db
from dashboard.intake.resend import AGAIN_S, STILL_S, Resend


def test_records_in_order_are_folded(following):
    """Records that come in order are in the tables at once."""
    following.records(*range(1, len(following.peer.records) + 1))
    assert following.source.applied == len(following.peer.records) == following.source.highest
    assert [row["person"] for row in following.rows(db.projected["person"])] == [1, 2, 3, 4]
    assert {row["name_ja"] for row in following.rows(db.projected["zone"])} == {"試作室", "保管庫"}


def test_a_record_is_kept_verbatim_with_its_facets(following):
    """The stored bytes are the site's, and the facets beside them are those of the record."""
    seq = len(following.peer.visits(1).records) - 2
    following.records(seq)
    (row,) = following.rows(db.record)
    assert row["bytes"] == following.peer.records[seq - 1]
    assert (row["kind"], row["portal"], row["zone"], row["person"], row["result"]) == (
        "entry.granted",
        "front",
        "lab",
        1,
        "granted",
    )


def test_before_the_site_said_its_epoch_records_are_left_alone(listener):
    """Records do not name their epoch, so none is stored before the site said it, on each connection anew."""
    listener.records(1, 2)
    assert listener.rows(db.record) == []
    listener.hear(listener.peer.online())
    listener.records(1, 2)
    listener.intake.reconnected()
    listener.records(3)
    assert listener.source.applied == 2
    listener.hear(listener.peer.checkpoint())
    assert listener.source.highest == len(listener.peer.records)


def test_the_same_record_twice_is_one(following):
    """A record that comes again, in the same batch or a later one, changes nothing."""
    following.records(1, 1, 2)
    following.records(2, 1)
    assert [row["seq"] for row in following.rows(db.record)] == [1, 2]
    assert following.source.broken is None


def test_beyond_a_hole_records_are_shown_but_not_folded(following):
    """A record beyond a hole is stored at once; its rows come when the hole closes, in order of seq."""
    last = len(following.peer.records)
    following.records(1, 2, 3, *range(5, last + 1))
    assert len(following.rows(db.record)) == last - 1
    assert following.source.applied == 3 and following.source.highest == last
    assert following.rows(db.projected["person"]) == []
    following.records(4)
    assert following.source.applied == last
    assert len(following.rows(db.projected["person"])) == 4


def test_the_order_of_arrival_is_kept(following):
    """`arrival` counts in the order in which records came, so that a live page can go on where it was."""
    following.records(1, 3)
    following.records(2)
    assert [row["seq"] for row in following.rows(db.record)] == [1, 3, 2]


def test_two_records_with_one_number_break_the_ledger(following):
    """A different record with a known seq is a fork: shown, kept as evidence, and nothing after it is folded."""
    following.records(1, 2, 3)
    other = following.peer.records[1].replace(b"0.1.0", b"6.6.6")
    following.hear(Said(following.peer.topics.record, other))
    assert (following.source.broken, following.source.broken_place) == ("fork", "seq 2")
    (row,) = following.rows(db.broken)
    assert (row["code"], row["evidence"], row["applied"]) == ("fork", other, 3)
    following.records(4, 5)
    assert following.source.applied == 3
    assert len(following.rows(db.record)) == 5
    following.hear(following.peer.online(), following.peer.checkpoint())
    assert following.source.broken == "fork"


def test_bytes_that_are_no_record_are_counted(following):
    """Malformed bytes are counted and passed over, and the next record is stored all the same."""
    nonsense = [b"", b"\xff", b"[" * 9000, b"{}", b'{"seq":1}', b"x" * 20_000, b"y" * 300_000]
    true = following.peer.records[0]
    nonsense += [true.replace(b'"seq":1', b'"seq":0'), true.replace(b'"seq":1', b'"seq":99999999999999999999')]
    nonsense += [true.replace(b"2026-11-22T", b"yesterday  "), true.replace(b'"seq":1', b'"seq":-1')]
    following.hear([Said(following.peer.topics.record, data) for data in nonsense])
    assert following.source.malformed == len(nonsense)
    following.records(1)
    assert following.source.applied == 1


def test_unknown_kinds_are_stored_and_change_no_table(following):
    """A kind, a version, a table or a number that this program cannot hold is kept and shown, and the fold goes on."""
    peer = following.peer
    known = peer.write(PartFailed("reader/front-in", "usb"))
    peer.records[known - 1] = peer.records[known - 1].replace(b'"kind":"part.failed"', b'"kind":"part.vanished"')
    peer.write(
        site.SiteConfigured("factory", "本社", "HQ", "Asia/Tokyo", (), (), (), (("account", "1"), ("zone", "x")))
    )
    peer.write(door.DoorHeld("front", "held", 30))
    peer.write(door.DoorOpened("front", 2**80, "entry", "open"))
    last = peer.write(door.DoorClosed("front", "secure"))
    following.records(*range(1, last + 1))
    assert following.source.applied == last and following.source.broken is None
    assert following.rows(db.projected["part"]) == []
    assert following.rows(db.projected["portal_state"])[0]["seq"] == last


def test_a_record_far_beyond_everything_known_is_left_alone(following):
    """One invented record cannot make the dashboard wait for millions of others."""
    far = following.peer.records[0].replace(b'"seq":1', b'"seq":900000')
    following.hear(Said(following.peer.topics.record, far))
    assert following.source.highest == 0 and following.source.malformed == 1


def test_a_restart_goes_on_where_it_was(following):
    """A new process on the same database has the same tree, holes and counts, and folds on."""
    following.peer.visits(100)
    last = len(following.peer.records)
    following.records(*range(1, 100), *range(101, last + 1))
    following.started()
    assert (following.source.applied, following.source.beyond, following.source.highest) == (99, last, last)
    following.hear(following.peer.online())
    following.records(100)
    following.hear(following.peer.checkpoint())
    assert following.source.applied == last == following.source.checkpoint_size
    assert following.source.broken is None


def test_what_became_of_a_request_is_read_from_the_ledger_too(following):
    """When the reply was lost, the record of it answers the request: as soon as the site has signed for it, and not before.

    Who can publish a record could else make the dashboard believe that a revocation was accepted, and send it no more.
    """
    row = {
        "id": "R1",
        "ledger_site": "factory",
        "kind": "right.revoke",
        "bytes": b"",
        "operator": 1,
        "state": "waiting",
    }
    with db.write(following.engine) as connection:
        connection.execute(sa.insert(db.outbox), {**row, "created_at": following.now})
        connection.execute(sa.insert(db.outbox), {**row, "id": "R2", "created_at": following.now})
    mine = following.keys.public.id
    following.peer.write(request.RequestAccepted("R1", "right.revoke", mine, 1, 5, 6))
    last = following.peer.write(request.RequestRefused("R2", "right.revoke", mine, 1, "role", "operator"))
    following.records(*range(1, last + 1))
    assert following.source.applied == last
    assert [row["state"] for row in following.rows(db.outbox)] == ["waiting", "waiting"]
    following.hear(following.peer.checkpoint())
    one, two = following.rows(db.outbox)
    assert (one["state"], one["first_seq"], one["last_seq"]) == ("accepted", 5, 6)
    assert (two["state"], two["reply_code"], two["reply_place"]) == ("refused", "role", "operator")


# Asking again ----------------------------------------------------------------------------------------------------------


def asked(resend, listener, monotonic, answered=()):
    """First and last of the request that is due, or None."""
    due = resend.due(listener.intake.sources, set(answered), monotonic)
    if not due:
        return None
    ((topic, data),) = due
    assert topic == listener.peer.topics.request
    body = read_body(read_envelope(data))
    assert isinstance(body, QueryResend) and body.epoch == listener.peer.epoch
    assert list(listener.peer.answer(data, listener.keys.public))
    return body.first, body.last


def test_a_hole_that_stands_still_is_asked_for_once_at_a_time(following):
    """A hole is asked for after a moment, up to the next record that is here, and again only when no answer came."""
    resend = Resend(following.engine, following.keys, lambda: following.at)
    following.records(1, 2, 9)
    assert asked(resend, following, 0.0) is None
    assert asked(resend, following, STILL_S) == (3, 8)
    assert asked(resend, following, STILL_S + 1) is None
    assert asked(resend, following, STILL_S + AGAIN_S) == (3, 8)


def test_a_long_backlog_is_asked_for_in_batches(following):
    """What a checkpoint says is there and is not here is asked for 200 at a time, each batch right after the one before."""
    resend = Resend(following.engine, following.keys, lambda: following.at)
    following.peer.visits(200)
    last = len(following.peer.records)
    following.hear(following.peer.checkpoint())
    assert asked(resend, following, 0.0) is None
    monotonic, wanted = STILL_S, (1, 200)
    assert asked(resend, following, monotonic) == wanted
    while wanted is not None:
        following.hear(following.peer.resent(following.keys.public, *wanted))
        assert following.intake.resent == {"factory"}
        wanted = asked(resend, following, monotonic, answered=["factory"])
    assert following.source.applied == last == following.source.checkpoint_size


def test_an_answer_that_brings_nothing_does_not_hurry(following):
    """A site that answers with nothing is not asked again before the time."""
    resend = Resend(following.engine, following.keys, lambda: following.at)
    following.records(2)
    resend.due(following.intake.sources, set(), 0.0)
    assert asked(resend, following, STILL_S) == (1, 1)
    assert asked(resend, following, STILL_S + 0.1, answered=["factory"]) is None
    assert asked(resend, following, STILL_S + AGAIN_S) == (1, 1)


def test_nobody_is_asked_in_vain(following):
    """A site that is offline, and a ledger that contradicts itself, are not asked."""
    resend = Resend(following.engine, following.keys, lambda: following.at)
    following.records(1, 3)
    following.hear(following.peer.online(up=False))
    resend.due(following.intake.sources, set(), 0.0)
    assert asked(resend, following, 1.0) is None
    following.peer.link += 1
    following.hear(following.peer.online(), Said(following.peer.topics.record, following.peer.records[0] + b" "))
    assert following.source.broken == "fork"
    assert asked(resend, following, 100.0) is None


def test_a_resent_batch_of_another_epoch_is_passed_over(following):
    """Records resent for an epoch that is not the present one are not stored."""
    following.records(1)
    following.peer.epoch = 0
    following.hear(following.peer.resent(following.keys.public, 1, 5))
    assert following.source.applied == 1


def test_a_forged_record_of_a_request_answers_nothing(following):
    """A record that the site never signed for says a revocation was accepted: it stays in the outbox, found out or not."""
    row = {"id": "R1", "ledger_site": "factory", "kind": "badge.retire", "bytes": b"signed", "operator": 1, "state": "waiting"}
    with db.write(following.engine) as connection:
        connection.execute(sa.insert(db.outbox), {**row, "created_at": following.now})
    before = len(following.peer.records)
    accepted = request.RequestAccepted("R1", "badge.retire", following.keys.public.id, 1, before, before)
    forged = following.peer.records[following.peer.write(accepted) - 1]
    del following.peer.records[before:]
    following.records(*range(1, before + 1))
    following.hear(following.peer.checkpoint(), Said(following.peer.topics.record, forged))
    following.peer.visits(1)
    following.hear(following.peer.checkpoint())
    following.records(*range(before + 1, len(following.peer.records) + 1))
    assert following.source.broken == "fork"
    (held,) = following.rows(db.outbox)
    assert (held["state"], held["bytes"]) == ("waiting", b"signed")
