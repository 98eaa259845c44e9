"""What a start costs when nobody can be asked, and what it believes; on real stacks: `faults/test_lost_tail.py`."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from broker import free_port
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import TestSite, make_site, people

from controller.desk import Desk
from controller.facility import BrokerForm
from controller.facts import Facts
from controller.inbox import ContactSeen, CredentialPresented, Inbox
from controller.ledger.adoption import Adoption, Refused
from controller.ledger.ledger import Ledger, Stamp
from controller.record.keys import KeyPair
from controller.record.kinds.site import LedgerReopened, PartFailed
from controller.record.note import Checkpoint
from controller.record.private import PrivateRow
from controller.record.signed import sign_message
from controller.record.topics import Recovered, Topics
from controller.record.tree import leaf_hash, root_of
from controller.recovery import BRIEF_S, RESTORED, Around, Recovery
from controller.witnesses import Answer, Witnesses, read_answer
from hardware.protocols import Assurance, CardRead

STAMP = Stamp("2026-11-24T00:00:00.000000Z", "boot-2", "declared")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = people(make_site(tmp_path))
    made.loop.sign()
    yield made
    made.close()


def start(site: TestSite, data: Path, broker: BrokerForm | None, stopping: threading.Event | None = None) -> float:
    """Runs a start's comparison; the seconds it took."""
    stopping = stopping or threading.Event()
    around = Around(lambda: STAMP, monotonic, lambda: None, lambda: None, stopping)
    desk = Desk(site.facility, site.facts, site.key)
    begun = monotonic()
    recovery = Recovery(data, site.ledger, desk, site.key, around, broker.recovery_s if broker else 0)
    recovery.run(None if broker is None else Witnesses(broker, Topics("works"), site.key, stopping))
    return monotonic() - begun


@contextmanager
def silent_broker() -> Iterator[BrokerForm]:
    """A port where connections are taken, and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield BrokerForm("127.0.0.1", listening.getsockname()[1], recovery_s=2)


def test_without_a_broker_a_start_changes_nothing(site: TestSite, tmp_path: Path) -> None:
    """No broker configured, or none at its address: the ledger is as it was, and no door waited."""
    size = site.ledger.size
    assert start(site, tmp_path, None) < 0.5
    assert start(site, tmp_path, BrokerForm("127.0.0.1", free_port())) < BRIEF_S
    assert (site.ledger.size, site.ledger.epoch) == (size, 1)


def test_a_broker_that_swallows_everything_costs_a_second(site: TestSite, tmp_path: Path) -> None:
    """A broker that takes the connection and never answers is waited for no longer than a brief look."""
    size = site.ledger.size
    with silent_broker() as broker:
        assert start(site, tmp_path, broker) < BRIEF_S + 0.7
    assert site.ledger.size == size


@pytest.mark.parametrize("has_broker", [True, False])
def test_a_restored_ledger_that_nobody_saw_begins_an_epoch(site: TestSite, tmp_path: Path, has_broker: bool) -> None:
    """With the restore's marker and no witness within the wait: always a new epoch, once, and the marker is gone."""
    size = site.ledger.size
    (newest,) = site.ledger.connection.execute("select note from checkpoint order by size desc limit 1").fetchone()
    (tmp_path / RESTORED).write_text("{}")
    with silent_broker() as broker:
        took = start(site, tmp_path, broker if has_broker else None)
    assert site.records()[-1].body == LedgerReopened("works", 2, newest, "restored")
    assert (site.ledger.size, site.ledger.epoch) == (size + 1, 2) and took < 4
    assert not (tmp_path / RESTORED).exists()
    start(site, tmp_path, None)
    assert site.ledger.size == size + 1


@pytest.mark.parametrize(("epoch", "ahead", "lost"), [(1, 1, True), (1, 0, False), (2, 50, False)])
def test_a_broker_that_acknowledged_more_is_suspicion(
    site: TestSite, tmp_path: Path, epoch: int, ahead: int, lost: bool
) -> None:
    """The link's own note that the broker has more records of this epoch than there are says that some are lost."""
    size = site.ledger.size
    (tmp_path / "link.json").write_text(json.dumps({"epoch": epoch, "seq": size + ahead}))
    with silent_broker() as broker:
        start(site, tmp_path, broker)
    assert site.ledger.epoch == (2 if lost else 1)
    if lost:
        assert site.records()[-1].body.reason == "lost"


def test_a_start_that_is_to_end_decides_nothing(site: TestSite, tmp_path: Path) -> None:
    """Told to stop while it waits, a start leaves ledger and marker for the next."""
    (tmp_path / RESTORED).write_text("{}")
    stopping, size = threading.Event(), site.ledger.size
    threading.Timer(0.3, stopping.set).start()
    with silent_broker() as broker:
        assert start(site, tmp_path, broker, stopping) < 1.9
    assert site.ledger.size == size and (tmp_path / RESTORED).exists()


# What is believed -------------------------------------------------------------------------------------------------------


def tail(site: TestSite, kept: int, tmp_path: Path) -> tuple[Ledger, list[bytes], list[PrivateRow], Checkpoint]:
    """Another ledger with the first `kept` records, the others, the private rows, and the checkpoint over all."""
    datas = [data for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]
    rows = [
        PrivateRow(id, version, json.loads(text), salt)
        for id, version, text, salt in site.ledger.connection.execute("select id, version, text, salt from private")
    ]
    short = Ledger(tmp_path / f"short-{kept}-{monotonic()}.sqlite3", "works")
    with short.transaction():
        for data in datas[:kept]:
            short.extend(data)
        short.fold_behind(0)
    return short, datas[kept:], rows, Checkpoint("sekimori/works/1", len(datas), root_of(map(leaf_hash, datas)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    """A site whose ledger is whole."""
    made = people(make_site(tmp_path_factory.mktemp("whole")))
    yield made
    made.close()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_only_the_very_tail_is_adopted(whole: TestSite, data: st.DataObject) -> None:
    """However a tail is cut, doubled, reordered or changed: either it is the one that was signed, or nothing of it was."""
    site = whole
    kept = data.draw(st.integers(0, site.ledger.size - 1))
    short, lost, rows, target = tail(site, kept, site.path.parent)
    offered = list(lost)
    for _ in range(data.draw(st.integers(0, 2))):
        n, m = data.draw(st.integers(0, len(offered))), data.draw(st.integers(0, len(offered)))
        match data.draw(st.sampled_from(["cut", "double", "swap", "change"])):
            case "cut":
                offered = offered[:n]
            case "double":
                offered = offered[:n] + offered[m:]
            case "swap" if offered:
                n, m = n % len(offered), m % len(offered)
                offered[n], offered[m] = offered[m], offered[n]
            case "change" if offered:
                n %= len(offered)
                offered[n] = offered[n].replace(b'"boot":"', b'"boot":"x')
    same = offered[: len(lost)] == lost
    try:
        with short.transaction():
            adoption = Adoption(short, target)
            adoption.take(offered, rows)
            adoption.conclude("note", "0011223344556677", STAMP)
        assert same
        assert short.size == target.size + 1 and short.checkpoint().size == target.size + 1
        held = "select id, version from private order by id, version"
        assert short.connection.execute(held).fetchall() == [
            (row.id, row.version) for row in sorted(rows, key=lambda r: (r.id, r.version)) if refers(lost, row)
        ]
    except Refused:
        assert not same and short.size == kept
        assert short.connection.execute("select count(*) from private").fetchone() == (0,)
    short.close()


def refers(records: list[bytes], row: PrivateRow) -> bool:
    return any(row.ref().digest.encode() in data for data in records)


@given(st.binary(max_size=300))
def test_bytes_are_no_answer(data: bytes) -> None:
    """Random bytes on a dashboard's topic are no answer, and stop nothing."""
    assert read_answer("sekimori/works/recovered/0011223344556677", "0011223344556677", data) is None


def test_an_answer_counts_in_its_own_place_alone(site: TestSite) -> None:
    """An answer is believed to be a dashboard's only when the keys that it names have the topic's id and signed it there."""
    topics, key, other = Topics("works"), site.dashboard, site.key
    own = topics.recovered(key.public.id)
    said = Recovered("q", key.public.text(), "", 1, 0, (), ())
    answer = read_answer(own, key.public.id, sign_message(key, own, said))
    assert answer is not None and answer.said == said
    elsewhere = topics.recovered(other.public.id)
    for topic, id, data in (
        (own, key.public.id, sign_message(other, own, said)),
        (own, key.public.id, sign_message(key, elsewhere, said)),
        (elsewhere, other.public.id, sign_message(key, elsewhere, said)),
    ):
        assert read_answer(topic, id, data) is None


class Asked(Witnesses):
    """Dashboards in memory, which answer in their order: each the records of the one epoch that it followed, and its note."""

    def __init__(self, site: TestSite, told: list[tuple[KeyPair, int, list[bytes]]]) -> None:
        super().__init__(BrokerForm("127.0.0.1", 1), Topics("works"), site.key, threading.Event())
        self._held = {key.public.id: (key, epoch, records) for key, epoch, records in told}
        self._note = {
            key.public.id: Checkpoint(f"sekimori/works/{epoch}", len(held), root_of(map(leaf_hash, held))).sign(site.key)
            for key, epoch, held in told
        }
        self._coming: list[Answer] = []

    def __enter__(self) -> "Asked":
        return self

    @property
    def connected(self) -> bool:
        return True

    def hello(self) -> None:
        for dashboard in self._held:
            self._say(dashboard, "", 0, 0)

    def ask(self, dashboard: str, epoch: int, first: int) -> str:
        self._say(dashboard, "q", epoch, first)
        return "q"

    def _say(self, dashboard: str, request: str, epoch: int, first: int) -> None:
        key, own, held = self._held[dashboard]
        records = tuple(data.decode() for data in held[first - 1 :]) if first and epoch == own else ()
        said = Recovered(request, key.public.text(), self._note[dashboard], epoch, first, records, ())
        self._coming.append(Answer(dashboard, said))

    def wait(self, seconds: float) -> bool:
        """One answer at a time: who is quicker is heard before the others."""
        if not self._coming:
            return self._stopping.wait(seconds)
        answer = self._coming.pop(0)
        self.answers[answer.dashboard] = answer
        return True


def test_of_two_dashboards_the_one_with_the_newer_epoch_is_believed(site: TestSite, tmp_path: Path) -> None:
    """A tail is lost back to before an epoch: not the quicker dashboard's old history comes back, but the one that went on."""
    short, old, _, _ = tail(site, site.ledger.size - 2, tmp_path)
    other, _, _, _ = tail(site, site.ledger.size - 2, tmp_path)
    with other.transaction():
        for body in (LedgerReopened("works", 2, "", "lost"), PartFailed("a", "x"), PartFailed("b", "x"), PartFailed("c", "x")):
            other.append(body, "controller", STAMP)
    datas = [[data for (data,) in one.connection.execute("select bytes from record order by seq")] for one in (short, other)]
    behind, ahead = site.dashboard, KeyPair.generate()
    asked = Asked(site, [(behind, 1, datas[0] + old), (ahead, 2, datas[1])])
    around = Around(lambda: STAMP, monotonic, lambda: None, lambda: None, threading.Event())
    desk = Desk(site.facility, Facts(short.connection), site.key)
    asked.hello()
    Recovery(tmp_path, short, desk, site.key, around, 5).run(asked)
    held = [data for (data,) in short.connection.execute("select bytes from record order by seq")]
    assert held[: len(datas[1])] == datas[1]
    assert (short.epoch, short.size) == (2, len(datas[1]) + 1)
    short.close()
    other.close()


def test_held_taps_are_counted_and_nothing_else_is() -> None:
    """While taps are held each is turned away, also those that wait; contacts and the rest wait for the loop."""
    inbox = Inbox()
    card = CredentialPresented("lab-door/in", CardRead("card:1", Assurance.MUTUAL, "07:08"))
    assert inbox.put(card) and inbox.put(ContactSeen("lab-door", "leaf", True))
    inbox.hold_taps(True)
    assert not inbox.put(card) and inbox.put(ContactSeen("lab-door", "leaf", False))
    assert inbox.dropped() == {"CredentialPresented": 2}
    assert [type(item) for item in inbox.take(9, 0)] == [ContactSeen, ContactSeen]
    inbox.hold_taps(False)
    assert inbox.put(card)
