"""A dashboard drops a site's old record bytes by the site's own rule, and witnesses on; a later one gets the hashes."""

from pathlib import Path

import pytest
from listener import Listener, listening

from controller.record.envelope import PASSING, decode
from controller.record.husk import husk, husk_seq, leaf_of
from controller.record.kinds.retention import RecordsDropped, digest_of
from controller.record.tree import root_of
from dashboard import database as db
from dashboard.intake.rebuild import rebuild


@pytest.fixture
def dropped(following: Listener) -> Listener:
    """A site's company and 60 visits, all here, and then the rule by which the older half of the taps is dropped."""
    peer = following.peer.visits(60)
    following.hear([peer.record(seq) for seq in range(1, len(peer.records) + 1)], peer.checkpoint())
    following.hear(peer.record(peer.write(rule(following))), peer.checkpoint())
    return following


def rule(listener: Listener) -> RecordsDropped:
    """Of the records up to the 120th, the newest of each portal kept."""
    rows = listener.rows(db.projected["portal_state"])
    kept = {row[name] for row in rows for name in ("seq", "cause_seq", "release_seq")}
    passing = [record for record in map(decode, listener.peer.records[:120]) if record.kind in PASSING]
    gone = [record.seq for record in passing if record.seq not in kept]
    kinds = tuple(sorted({record.kind for record in passing}))
    keeps = tuple(record.seq for record in passing if record.seq in kept)
    return RecordsDropped(1, 120, kinds, keeps, len(gone), digest_of(gone))


def husks(listener: Listener) -> list[int]:
    return [row["seq"] for row in listener.rows(db.record) if husk_seq(bytes(row["bytes"])) is not None]


def test_the_rule_drops_bytes_and_facets(dropped: Listener) -> None:
    """The same records that the site dropped are husks here; the hash is the record's, and nothing else of it is left."""
    gone = husks(dropped)

    assert digest_of(gone) == rule(dropped).digest and len(gone) > 50
    for row in dropped.rows(db.record):
        if row["seq"] in gone:
            assert leaf_of(bytes(row["bytes"])) == leaf_of(dropped.peer.records[row["seq"] - 1])
            assert (row["at"], row["kind"], row["portal"], row["person"], row["result"]) == ("", "", "", None, "")
        else:
            assert bytes(row["bytes"]) == dropped.peer.records[row["seq"] - 1] and row["kind"]


def test_the_witness_goes_on(dropped: Listener) -> None:
    """Checkpoints agree, old and new; bytes that come late again are known by their hash, and others are a fork."""
    peer = dropped.peer
    peer.visits(10)
    dropped.hear([peer.record(seq) for seq in range(len(peer.records) - 40, len(peer.records) + 1)])
    dropped.hear(peer.checkpoint(), peer.checkpoint(100))
    gone = husks(dropped)[0]
    dropped.hear(peer.record(gone))
    assert dropped.source.broken is None and dropped.source.checkpoint_size == len(peer.records)
    assert gone in husks(dropped), "what was dropped does not come back"

    peer.records[gone - 1] = peer.records[gone - 1].replace(b'"boot":"boot-1"', b'"boot":"boot-9"')
    dropped.hear(peer.record(gone))

    assert dropped.source.broken == "fork"


def test_a_later_dashboard_has_the_same(dropped: Listener, tmp_path: Path) -> None:
    """One that asks for everything gets husks in their places: the same tables, the same rows, the same root."""
    peer = dropped.peer
    stored = list(peer.records)
    for seq in husks(dropped):
        peer.records[seq - 1] = husk(seq, leaf_of(stored[seq - 1]))
    (tmp_path / "second").mkdir()
    with listening(tmp_path / "second") as second:
        second.peer, second.keys = peer, dropped.keys
        second.started()
        size = len(peer.records)
        checkpoint = peer.checkpoint(size, root_of(map(leaf_of, stored)))
        second.hear(peer.online(), checkpoint)
        for first in range(1, size + 1, 200):
            second.hear(peer.resent(second.keys.public, first, min(size, first + 199)))

        assert second.source.applied == second.source.checkpoint_size == size and second.source.broken is None
        assert second.folded() == dropped.folded()


def test_the_broker_cannot_make_a_husk(following: Listener) -> None:
    """On the record topic a husk would hide a record behind its true hash; there it is malformed."""
    peer = following.peer
    true = peer.records[4]
    peer.records[4] = husk(5, leaf_of(true))
    following.hear([peer.record(seq) for seq in range(1, 9)])

    assert following.source.applied == 4 and following.source.malformed == 1
    peer.records[4] = true
    following.hear(peer.record(5))
    assert following.source.applied == 8


def test_a_rebuild_drops_nothing_more(dropped: Listener) -> None:
    """Folded anew, with or without the bytes, it is what it was."""
    before = dropped.folded()

    rebuild(dropped.engine)

    assert dropped.folded() == before
