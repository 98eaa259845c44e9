"""No record goes out before a checkpoint that covers it, whatever is committed meanwhile (design §4)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noting_broker import NotingBroker
from sites import TestSite, make_site, people, tap

from controller.covering import Cover
from controller.inbox import CheckpointShown
from controller.ledger.database import open_reader
from controller.ledger.verify import verify_file
from controller.outgoing import Outgoing
from controller.record.envelope import decode
from controller.record.keys import KeyPair
from controller.record.kinds.site import LedgerReopened
from controller.record.note import Checkpoint, open_checkpoint
from controller.record.topics import Topics


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> TestSite:
    return people(make_site(tmp_path_factory.mktemp("cover")))


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 40))
def test_every_record_is_covered_before_it_goes_out(site: TestSite, taps: list[int], window: int) -> None:
    """The newest checkpoint that went out before a record covers it; each has the root of the ledger's tree at its size."""
    broker, topics = NotingBroker(), Topics("works")
    outgoing = Outgoing(open_reader(site.path), site.facility, site.key)
    outgoing.renew()
    sent = max(0, site.ledger.size - 20)
    for count in taps:
        for _ in range(count):
            site.turn(tap("lab-door/in", "card:9"))
        rows = list(outgoing.records(sent, window))
        outgoing.cover(broker, rows[-1][0] if rows else 0)  # type: ignore[arg-type]
        for seq, data in rows:
            broker.publish(topics.record, data)
            sent = seq
    covered = 0
    for topic, payload, retained in broker.published:
        if topic == topics.checkpoint:
            checkpoint = open_checkpoint(payload.decode(), site.vkey)
            assert retained and checkpoint.size > covered and checkpoint.root == site.facts.root(checkpoint.size)
            covered = checkpoint.size
        else:
            assert decode(payload).seq <= covered
    outgoing.close()


def test_far_behind_or_near_the_root_is_the_same(site: TestSite) -> None:
    """The tree's edge brought up record by record, and the one taken from kept nodes, sign the same."""
    cover, other = Cover(site.ledger.connection, "works", site.key), Cover(site.ledger.connection, "works", site.key)
    cover.note(1)
    for _ in range(40):
        site.turn(*[tap("lab-door/in", "card:9")] * 30)
        assert cover.note(1) == Cover(site.ledger.connection, "works", site.key).note(1)
    assert other.note(1) == cover.note(1) and other.note(2) is None


def test_a_reconnect_says_the_newest_word_first(site: TestSite) -> None:
    """After a connect the checkpoint that goes out covers everything, also what no kept checkpoint does: none looks shrunk."""
    broker = NotingBroker()
    outgoing = Outgoing(open_reader(site.path), site.facility, site.key)
    site.turn(tap("lab-door/in", "card:9"))
    outgoing.renew()
    outgoing.publish_urgent(broker, "")  # type: ignore[arg-type]
    (note,) = [payload for topic, payload, _ in broker.published if topic.endswith("/checkpoint")]
    assert Checkpoint.parse(note.decode()).size == site.ledger.size
    outgoing.close()


def shown(site: TestSite, epoch: int, size: int, root: bytes, key: KeyPair | None = None) -> CheckpointShown:
    return CheckpointShown(Checkpoint(f"sekimori/works/{epoch}", size, root).sign(key or site.key).encode())


def test_a_checkpoint_that_holds_leaves_nothing(tmp_path: Path) -> None:
    """Our own checkpoints, old and new, kept or not, are no news; what nobody signed is counted."""
    site = people(make_site(tmp_path))
    site.loop.sign()
    size = site.ledger.size
    note = site.ledger.checkpoint().sign(site.key).encode()
    root = site.facts.root(5)
    assert root is not None
    assert site.turn(CheckpointShown(note), shown(site, 1, 5, root)) == []
    (record,) = site.turn(shown(site, 1, size + 50, b"\x07" * 32, KeyPair.generate()), CheckpointShown(b"\xff junk"))
    assert (record.kind, record.body.code) == ("requests.rejected", "signature")
    site.close()


@pytest.mark.parametrize(("ahead", "reason"), [(5, "lost"), (-3, "fork")])
def test_a_checkpoint_that_does_not_hold_begins_an_epoch(tmp_path: Path, ahead: int, reason: str) -> None:
    """Shown more than it has, or another history, a running site goes on in a new epoch: doors work, one break, verifiable."""
    site = people(make_site(tmp_path))
    before = site.ledger.size
    item = shown(site, 1, before + ahead, b"\x07" * 32)
    (record,) = site.turn(item)
    assert record.body == LedgerReopened("works", 2, item.note.decode(), reason)
    assert site.ledger.epoch == 2 and site.facts.ledger("works").epoch == 2
    assert site.turn(item, shown(site, 1, before + 99, b"\x09" * 32)) == []
    granted = site.turn(tap("front/in", "card:1"))
    assert {record.kind for record in granted} & {"entry.granted", "entry.refused"}
    site.loop.sign()
    site.ledger.connection.execute("pragma wal_checkpoint(truncate)")
    report = verify_file(site.path, key=site.vkey)
    assert report.ok and [found.first for found in report.breaks] == [before + 1]
    outgoing = Outgoing(open_reader(site.path), site.facility, site.key)
    assert (outgoing.epoch, outgoing.follow(), outgoing.has_moved()) == (2, before, False)
    outgoing.close()
    site.close()
