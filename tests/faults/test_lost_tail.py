"""A card that lost its tail, a backup put back: recovered from the dashboard's copy, or a new epoch that says so (design §4).

What must hold whatever happens: what the site takes back is what it once signed; what cannot be had back is named; nothing
that was forged gets in; doors work.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from followed_site import FollowedSite
from lying_dashboard import Lie, LyingDashboard, on_air
from site_process import SITE, until

from controller.record.keys import KeyPair
from controller.record.note import Checkpoint
from controller.record.private import PrivateRow
from controller.record.topics import Recover, Recovered, Topics

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("killed_controller.py")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FollowedSite]:
    """A followed site, the dashboard up to date."""
    with FollowedSite(tmp_path) as house:
        yield house


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[FollowedSite]:
    """The same, whose controller waits for as long as a dashboard may take to come back."""
    with FollowedSite(tmp_path, recovery_s=60) as house:
        yield house


def taps(house: FollowedSite, count: int) -> None:
    for _ in range(count):
        house.site.building.tap("yamada", "front/in", walk=False, timeout_s=0.5)


def opens(house: FollowedSite) -> None:
    """A right holder is let in."""
    before = house.size()
    house.site.building.tap("yamada", "front/in", walk=False, timeout_s=2.0)
    house.site.wait_record("entry.granted", before, person=house.yamada)


def lose_tail(house: FollowedSite) -> tuple[Path, int, list[bytes]]:
    """Records with a name among them, all at the dashboard, and then a power cut; the ledger from before, who, and all."""
    old = house.snapshot()
    guard = house.operator("守 次郎")
    taps(house, 3)
    house.caught_up()
    house.site.kill()
    return old, guard, house.records()


def whole(house: FollowedSite) -> None:
    """Stopped in order, the ledger verifies with the dashboard's checkpoint, and its tables are its fold."""
    house.caught_up()
    assert house.site.stop() == 0
    house.caught_up()
    report = house.verified()
    assert report.ok and report.covered == report.count, report.findings
    assert house.fold_is_live()


@pytest.mark.parametrize("cursor", [True, False])
def test_a_lost_tail_comes_back(house: FollowedSite, cursor: bool) -> None:
    """The records of a lost tail come back verbatim in the same epoch, names too, and the dashboard shows no break."""
    old, guard, before = lose_tail(house)
    house.put_back(old, cursor=cursor)
    assert house.name(guard) == ""

    house.site.start()

    recovered = house.site.wait_record("ledger.recovered")
    assert house.records()[: len(before)] == before
    assert (recovered.body.last, recovered.seq, recovered.body.texts) == (len(before), len(before) + 1, 1)
    assert recovered.body.dashboard == house.site.dashboard.public.id
    assert house.name(guard) == "守 次郎"
    opens(house)
    whole(house)
    assert house.broken() is None and house.history(1) == house.records()
    assert house.dashboard("select epoch, forged, malformed from source") == [(1, 0, 0)]


def test_a_whole_ledger_that_was_lost_comes_back(house: FollowedSite) -> None:
    """Not one record is left, only the site's keys and settings: all of it comes back, people, badges and rights."""
    _, guard, before = lose_tail(house)
    for path in house.site.data.glob("ledger.sqlite3*"):
        path.unlink()
    (house.site.data / "link.json").unlink(missing_ok=True)

    house.site.start()

    house.site.wait_record("ledger.recovered", first=1, last=len(before))
    assert house.records()[: len(before)] == before and house.name(guard) == "守 次郎"
    opens(house)
    whole(house)
    assert house.broken() is None


def test_a_restored_backup_is_brought_up_to_date(house: FollowedSite) -> None:
    """A backup put back by its command is compared with the dashboard, and takes from it what came after it."""
    identity, archive = str(house.folder / "identity"), str(house.folder / "old.age")
    made = house.site.sekimori("backup", "--new-key", identity, "--json")
    assert made.returncode == 0, made.stderr
    saved = house.site.sekimori("backup", "-o", archive, "--to", json.loads(made.stdout)["recipient"])
    assert saved.returncode == 0, saved.stderr
    _, guard, before = lose_tail(house)
    restored = house.site.sekimori("restore", archive, "--identity", identity, "--replace", "--json")
    assert restored.returncode == 0, restored.stderr
    assert house.size() < len(before) and (house.site.data / "restored.json").exists()

    house.site.start()

    house.site.wait_record("ledger.recovered", last=len(before))
    assert not (house.site.data / "restored.json").exists()
    assert house.records()[: len(before)] == before and house.name(guard) == "守 次郎"
    whole(house)
    assert house.broken() is None


def test_a_restored_backup_that_misses_nothing_goes_on(house: FollowedSite) -> None:
    """A backup after which nothing happened is confirmed by the dashboard, live, and the same epoch goes on."""
    assert house.site.stop() == 0
    house.caught_up()
    house.mark_restored()
    size = house.size()

    house.site.start()

    assert house.size() > size and not (house.site.data / "restored.json").exists()
    assert not {"ledger.recovered", "ledger.opened"} & {record.kind for record in house.site.records(size)}
    whole(house)
    assert house.broken() is None


def test_a_restored_backup_with_nobody_to_ask_begins_an_epoch(house: FollowedSite) -> None:
    """Without any witness a restored ledger goes on in a new epoch that names its last checkpoint; doors work at once."""
    until("the loop kept a checkpoint", lambda: house.site.query("select 1 from checkpoint") or None)
    old, _, before = lose_tail(house)
    house.broker.stop()
    house.put_back(old, cursor=False)
    house.mark_restored()
    kept = house.size()

    house.site.start()

    opened = house.site.wait_record("ledger.opened", kept)
    assert (opened.seq, opened.body.epoch, opened.body.reason) == (kept + 1, 2, "restored")
    assert Checkpoint.parse(opened.body.previous).origin == "sekimori/works/1"
    assert not (house.site.data / "restored.json").exists()
    opens(house)
    house.broker.start()
    whole(house)
    assert house.broken() == "epoch"
    assert house.history(1) == before and house.history(2) == house.records()
    assert house.history(2)[:kept] == before[:kept]


def test_what_no_dashboard_can_give_back_is_named(house: FollowedSite) -> None:
    """The broker still keeps the site's word on lost records and nobody has them: an epoch that names that checkpoint."""
    old, _, before = lose_tail(house)
    said = house.witnessed()
    house.stop_dashboard()
    house.put_back(old)
    kept = house.size()

    house.site.start()

    opened = house.site.wait_record("ledger.opened", kept)
    assert (opened.body.epoch, opened.body.reason) == (2, "lost")
    assert Checkpoint.parse(opened.body.previous) == said and said.size == len(before)
    house.start_dashboard()
    whole(house)
    assert house.broken() == "epoch" and house.history(1) == before


def test_a_fork_made_offline_is_found_at_the_reconnect(house: FollowedSite) -> None:
    """A tail lost while no network is there costs no door anything; once somebody shows what was signed, an epoch begins."""
    old, _, before = lose_tail(house)
    house.broker.stop()
    house.put_back(old, cursor=False)
    kept = house.size()
    house.site.start()
    opens(house)
    assert "ledger.opened" not in {record.kind for record in house.site.records(kept)}

    house.broker.start()

    opened = house.site.wait_record("ledger.opened", kept)
    assert (opened.body.epoch, Checkpoint.parse(opened.body.previous).size) == (2, len(before))
    opens(house)
    whole(house)
    assert house.broken() == "epoch"
    assert house.history(1)[: len(before)] == before and house.history(2) == house.records()


def changed(liar: LyingDashboard, asked: Recover) -> Recovered:
    """Another record in the middle."""
    said = liar.truth(asked)
    texts = [text.replace('"by":"', '"by":"x') if n == 1 else text for n, text in enumerate(said.records)]
    return msgspec.structs.replace(said, records=tuple(texts))


def invented(liar: LyingDashboard, asked: Recover) -> Recovered:
    """True records, and a name that is not the one they refer to."""
    said = liar.truth(asked)
    rows = [PrivateRow(f"operator-{n}", 1, {"name": "盗 三郎"}, "00" * 16) for n in range(9)]
    return msgspec.structs.replace(said, private=tuple(map(liar.sealed, rows)))


def unreadable(liar: LyingDashboard, asked: Recover) -> Recovered:
    """True records, and boxes that were not sealed to the site for this place."""
    return msgspec.structs.replace(liar.truth(asked), private=("00" * 60,))


def half(liar: LyingDashboard, asked: Recover) -> Recovered | None:
    """One record, and nothing more."""
    return liar.truth(asked, most=1) if len(liar.asked) == 1 else None


def empty(liar: LyingDashboard, asked: Recover) -> Recovered:
    """An answer with no record in it."""
    return liar.truth(asked, most=0)


def elsewhere(liar: LyingDashboard, asked: Recover) -> Recovered:
    """True records, but not those that were asked for."""
    said = liar.truth(msgspec.structs.replace(asked, first=2))
    return msgspec.structs.replace(said, first=asked.first)


@pytest.mark.parametrize("lie", [changed, invented, unreadable, half, empty, elsewhere])
def test_a_forged_tail_gets_in_nowhere(patient: FollowedSite, lie: Lie) -> None:
    """A dashboard in other hands gives back what was not lost, or stops half-way: all of it is refused, an epoch begins."""
    house = patient
    old, guard, before = lose_tail(house)
    house.stop_dashboard()
    house.put_back(old)
    kept = house.size()
    note = house.dashboard("select checkpoint_note from source")[0][0]
    keys = house.site.dashboard
    liar = LyingDashboard(keys, house.site.keys.site.public, Topics(SITE), note, before, lie)

    with on_air(liar, house.broker.host, house.broker.port):
        house.site.start()

    opened = house.site.wait_record("ledger.opened", kept)
    assert (opened.seq, opened.body.reason, opened.body.previous) == (kept + 1, "lost", note)
    assert liar.asked and b"a dashboard's copy is refused" in house.site.log.read_bytes()
    assert house.name(guard) == "" and house.records()[:kept] == before[:kept]
    opens(house)
    assert house.site.stop() == 0
    assert house.fold_is_live()


def test_an_honest_dashboard_is_asked_after_a_lying_one(patient: FollowedSite) -> None:
    """What one dashboard forges another gives back: the site believes neither, only its own checkpoint."""
    house = patient
    old, guard, before = lose_tail(house)
    house.put_back(old)
    note = house.dashboard("select checkpoint_note from source")[0][0]
    liar = LyingDashboard(KeyPair.generate(), house.site.keys.site.public, Topics(SITE), note, before, changed)

    with on_air(liar, house.broker.host, house.broker.port):
        house.site.start()
        house.site.wait_record("ledger.recovered", dashboard=house.site.dashboard.public.id)

    assert house.records()[: len(before)] == before and house.name(guard) == "守 次郎"
    whole(house)
    assert house.broken() is None


@pytest.mark.parametrize("step", ["adopting", "adopted", "recovered"])
def test_killed_while_it_recovers(house: FollowedSite, step: str) -> None:
    """Killed anywhere in a recovery, all of it was or nothing; the next start ends it."""
    old, guard, before = lose_tail(house)
    house.put_back(old)
    kept = house.size()
    armed = house.folder / "armed"
    armed.touch()
    with pytest.raises(AssertionError, match="the controller has ended"):
        house.site.start([sys.executable, str(PROGRAM), str(house.site.data), step, str(armed)])
    assert house.size() == (len(before) + 1 if step == "recovered" else kept)
    armed.unlink()

    house.site.start()

    house.site.wait_record("ledger.recovered", last=len(before))
    assert house.records()[: len(before)] == before and house.name(guard) == "守 次郎"
    whole(house)
    assert house.broken() is None
    assert [record.kind for record in house.site.records()].count("ledger.recovered") == 1


def test_taps_are_busy_while_records_are_fetched(house: FollowedSite) -> None:
    """While a start waits for a dashboard a tap is answered at once, counted, and never let in late."""
    old, _, _ = lose_tail(house)
    house.stop_dashboard()
    house.put_back(old)
    kept = house.size()
    house.site.building.place("yamada", "front/in")
    house.site.start()
    house.site.building.remove("front/in")
    house.site.wait_record("ledger.opened", kept)
    dropped = until("the tap was counted", lambda: house.site.wait_record("inputs.dropped", kept))
    assert (dropped.body.sort, dropped.body.count) == ("CredentialPresented", 1)
    assert "entry.granted" not in {record.kind for record in house.site.records(kept)}
    opens(house)
