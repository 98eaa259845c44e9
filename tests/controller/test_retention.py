"""Record bytes past their retention are dropped by a rule on record; everything that the ledger proves, it proves still."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import SITE_TOML, TestSite, fast_folder, leaf, make_site, people, stored_tables, tap

from controller.ledger.database import open_reader
from controller.ledger.export import export_records, prove
from controller.ledger.nodes import load_frontier, subtree_of
from controller.ledger.retention import POINTERS, drop, unsound
from controller.ledger.verify import verify_evidence, verify_file
from controller.outgoing import Outgoing
from controller.record.asks import QueryResend, SuspendPerson
from controller.record.envelope import PASSING, Dropped, decode
from controller.record.husk import husk, husk_seq, leaf_of
from controller.record.kinds.retention import RecordsDropped, digest_of
from controller.record.projection import project
from controller.record.requests import read_envelope
from controller.record.tables import TABLES, Drop, Upsert
from controller.record.tree import leaf_hash, root_of, verify_inclusion
from controller.rules.retention import BLOCK, Line, is_past
from controller.turn import Committed

from .record.test_golden import EXAMPLES, record_of

DAYS = 1095
TOML = SITE_TOML + f"\n[retention]\nentries_days = {DAYS}\n"


def visit(site: TestSite, number: int = 1) -> None:
    """Somebody comes through the lab's door: three records, or one where they may not."""
    site.turn(tap("lab-door/in", f"card:{number}"))
    site.turn(leaf("lab-door", True))
    site.turn(leaf("lab-door", False))


def later(site: TestSite, days: float) -> None:
    site.clock.step(timedelta(days=days))


def aged(site: TestSite, days: float = DAYS + 1) -> None:
    """So many days go by, and of the last weeks there are records."""
    later(site, days - 10)
    visit(site)
    later(site, 10)
    visit(site)


def settle(site: TestSite, steps: int = 60) -> None:
    """Idle turns until there is nothing more to drop now."""
    for _ in range(steps):
        site.step(3700)
        before = site.ledger.size
        site.turn()
        if site.ledger.size == before:
            return


def husks(site: TestSite) -> list[int]:
    rows = site.ledger.connection.execute("select seq, bytes from record order by seq")
    return [seq for seq, data in rows if husk_seq(data) is not None]


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    folder = fast_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def site(quick: Path) -> Iterator[TestSite]:
    """A site of three years and a day ago, with 300 visits then, and a visit now."""
    site = people(make_site(quick, text=TOML))
    for _ in range(150):
        visit(site)
        visit(site, 9)
    site.loop.sign()
    site.before = [data for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]  # type: ignore[attr-defined]
    aged(site)
    yield site
    site.close()


def test_old_taps_are_dropped_and_all_else_holds(site: TestSite, tmp_path: Path) -> None:
    """Past the time the bytes of taps and doors are gone; every checkpoint, the root, the proofs and the fold are as before."""
    live = stored_tables(site.ledger.connection)

    settle(site)

    gone = husks(site)
    before: list[bytes] = site.before  # type: ignore[attr-defined]
    assert len(gone) > 500 and all(decode(before[seq - 1]).kind in PASSING for seq in gone)
    assert {kind for kind in site.kinds() if kind} >= {"person.registered", "right.approved", "person.suspended"}
    site.loop.sign()
    report = verify_file(site.path, key=site.vkey)
    assert report.ok and report.dropped == len(gone) and (report.dropped_first, report.dropped_last) == (gone[0], gone[-1])
    assert report.covered == report.count == site.ledger.size
    now = stored_tables(site.ledger.connection)
    for table, rows in live.items():
        assert now[table] == rows or table == "retention"
    site.ledger.rebuild()
    assert stored_tables(site.ledger.connection) == now
    assert (Dropped(), "") == (site.records(gone[0])[0].body, site.records(gone[0])[0].kind)


def test_a_record_behind_it_all_is_proven(site: TestSite) -> None:
    """What is left of a dropped block is proven by the hashes of the others; what is dropped cannot be shown any more."""
    settle(site)
    site.loop.sign()
    left = next(seq for seq in range(2, BLOCK) if seq not in husks(site))

    assert verify_evidence(prove(site.ledger.connection, left), key=site.vkey).ok
    with pytest.raises(LookupError, match="dropped past its retention"):
        prove(site.ledger.connection, husks(site)[0])
    size = site.ledger.size
    path = subtree_of(site.ledger.connection)
    assert load_frontier(site.ledger.connection, size).root() == site.ledger.checkpoint().root
    verify_inclusion(leaf_of(husk(1, path(0, 0))), 0, 1, [], path(0, 0))


def test_exports_say_what_is_not_in_them(site: TestSite, tmp_path: Path) -> None:
    """A complete export holds the hashes of what was dropped and verifies; a sheet and a choice leave it out and count it."""
    settle(site)
    site.loop.sign()
    reader = open_reader(site.path)
    gone = len(husks(site))

    whole = export_records(reader, tmp_path / "all.jsonl")
    some = export_records(reader, tmp_path / "some.jsonl", first=20)
    sheet = export_records(reader, tmp_path / "all.csv", format="csv")

    for made, complete in ((whole, True), (some, False)):
        report = verify_file(Path(made.path), key=site.vkey)
        assert report.ok and made.complete is complete and made.dropped > 0, report.findings
        assert report.dropped == (gone if complete else 0)
    assert sheet.dropped == gone and sheet.count == site.ledger.size - gone
    reader.close()


def test_nothing_is_dropped_before_its_time(quick: Path) -> None:
    """The day before, with a clock that is not trusted, or without the setting, all bytes stay."""
    for text, days, unsynced in ((TOML, DAYS - 1, False), (TOML, DAYS + 1, True), (SITE_TOML, 9999, False)):
        folder = quick / f"{days}{unsynced}"
        folder.mkdir()
        site = people(make_site(folder, text=text))
        for _ in range(150):
            visit(site)
        aged(site, days)
        site.clock.declare("unsynced" if unsynced else "declared")
        settle(site)
        assert husks(site) == []
        site.close()


def test_what_a_portal_stands_on_is_kept_and_goes_later(quick: Path) -> None:
    """The record that a row points at stays until the portal has moved on; then it is dropped by a rule of its own."""
    site = people(make_site(quick, text=TOML))
    site.turn(leaf("vault-door", False))  # and never touched again
    for _ in range(150):
        visit(site)
    standing = "select seq from portal_state where portal = 'vault-door'"
    (found,) = site.ledger.connection.execute(standing).fetchone()
    aged(site)
    settle(site)
    assert site.records(found)[0].kind == "door.observed" and len(husks(site)) > 100
    site.ledger.rebuild()
    assert site.ledger.connection.execute(standing).fetchone() == (found,)

    site.turn(leaf("vault-door", True))
    site.step(3700)
    settle(site)

    assert found in husks(site)
    assert verify_file(site.path).ok
    site.close()


def test_no_tap_waits_for_it(site: TestSite) -> None:
    """A step is taken in a turn without inputs alone, and is a step: at most a block of records."""
    site.step(3700)
    site.turn(tap("lab-door/in", "card:1"))
    assert husks(site) == []
    site.turn()
    assert 0 < len(husks(site)) <= BLOCK


def test_a_failed_step_has_dropped_nothing(site: TestSite) -> None:
    """Rule and deed are one transaction."""
    site.step(3700)
    site.connection.breaks = lambda text: text == "commit"
    with pytest.raises(sqlite3.OperationalError):
        site.turn()
    site.connection.breaks = lambda text: False

    assert husks(site) == [] and verify_file(site.path).ok
    settle(site)
    assert husks(site) and verify_file(site.path).ok


def test_the_triggers_allow_nothing_else(site: TestSite) -> None:
    """No record is deleted, changed, or dropped without the newest rule naming it; a husk never becomes anything again."""
    settle(site)
    connection = site.ledger.connection
    gone, size = husks(site)[0], site.ledger.size
    stays = next(seq for seq in range(2, BLOCK) if seq not in husks(site))
    young = site.ledger.size - 4
    for statement, values in (
        ("delete from record where seq = ?", (gone,)),
        ("update record set bytes = ? where seq = ?", (husk(stays, b"x" * 32), stays)),
        ("update record set bytes = ? where seq = ?", (husk(young, b"x" * 32), young)),
        ("update record set bytes = ? where seq = ?", (site.before[gone - 1], gone)),  # type: ignore[attr-defined]
        ("update record set seq = ? where seq = ?", (size + 5, size)),
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement, values)


def test_a_record_dropped_under_cover_of_a_rule_is_found(site: TestSite, tmp_path: Path) -> None:
    """Who can write the file makes a husk of another record, or of one more: the tree is whole, and yet it is found."""
    settle(site)
    site.loop.sign()
    rules = [record for record in site_records(site.path) if isinstance(record.body, RecordsDropped)]
    stays = next(seq for seq in range(rules[0].body.first + 1, rules[0].body.last) if seq not in husk_list(site.path))
    behind = rules[-1].seq
    for victim in (stays, behind):
        copy = tmp_path / f"copy-{victim}.sqlite3"
        connection = sqlite3.connect(copy, isolation_level=None)
        site.ledger.connection.backup(connection)
        connection.execute("drop trigger record_is_not_changed")
        (data,) = connection.execute("select bytes from record where seq = ?", (victim,)).fetchone()
        connection.execute("update record set bytes = ? where seq = ?", (husk(victim, leaf_hash(data)), victim))
        assert unsound(connection, 0) is not None
        connection.close()

        report = verify_file(copy, key=site.vkey)

        assert {finding.code for finding in report.findings} == {"dropped"}, report.findings


def site_records(path: Path) -> list:  # type: ignore[type-arg]
    reader = open_reader(path)
    rows = [decode(data) for (data,) in reader.execute("select bytes from record order by seq")]
    reader.close()
    return rows


def husk_list(path: Path) -> set[int]:
    return {record.seq for record in site_records(path) if isinstance(record.body, Dropped)}


def test_a_dashboard_that_asks_gets_the_hashes(site: TestSite) -> None:
    """What is resent has a husk in the place of a dropped record, and leads to the same root."""
    settle(site)
    outgoing, sent = Outgoing(open_reader(site.path), site.facility, site.key), []

    def publish(topic: str, payload: bytes, retain: bool = False) -> int:
        sent.append((topic, payload))
        return len(sent)

    asked = site.request(QueryResend(1, 1, site.ledger.size), 0)
    outgoing.take(Committed(queries=[read_envelope(asked)]))
    outgoing.publish_patient(SimpleNamespace(publish=publish), site.clock.now())  # type: ignore[arg-type]

    payload = next(payload for topic, payload in sent if "/resent/" in topic)
    texts = json.loads(payload)["payload"]["records"]
    assert any(husk_seq(text.encode()) for text in texts)
    frontier = root_of(leaf_of(text.encode()) for text in texts)
    assert frontier == root_of(map(leaf_hash, site.before[: len(texts)]))  # type: ignore[attr-defined]
    outgoing.close()


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: type(body).__name__)
def test_a_passing_kind_leaves_nothing_that_lasts(body: object) -> None:
    """A kind whose bytes may go leaves at most a state, whole, so that the next one replaces it; the record that a state stands
    on stays with it. No private row."""
    record = record_of(body)  # type: ignore[arg-type]
    if record.kind not in PASSING:
        return
    for change in project(record):
        assert isinstance(change, Upsert) and change.table in ("portal_state", "presence", "presence_doubt")
        assert set(change.row) == set(TABLES[change.table].columns) and change.table in POINTERS


def test_what_may_pass() -> None:
    """Taps, doors, exits; nothing that somebody decided."""
    assert {"entry.granted", "entry.refused", "door.opened", "door.closed", "exit.requested"} <= PASSING
    assert not {kind for kind in PASSING if kind.split(".")[0] in ("person", "right", "badge", "operator", "request", "site")}


OLD, YOUNG = "2020-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"
CUTOFF = "2023-01-01T00:00:00.000000Z"


def line(seq: int, at: str, clock: str = "synced", kind: str = "door.closed") -> Line:
    return Line(seq, at, clock, kind)


@pytest.mark.parametrize(
    ("block", "behind", "past"),
    [
        ([line(1, OLD), line(2, OLD)], [], True),
        ([line(1, OLD), line(2, YOUNG)], [], False),
        ([line(1, YOUNG), line(2, OLD)], [], False),
        ([line(1, OLD), line(2, OLD, "unsynced")], [], False),
        ([line(1, OLD), line(2, OLD, "unsynced")], [line(3, YOUNG)], False),
        ([line(1, OLD), line(2, OLD, "unsynced")], [line(3, OLD, "unsynced"), line(4, OLD, "declared")], True),
        ([line(1, YOUNG, "unsynced"), line(2, OLD)], [], True),
        ([line(1, "1970-01-01T00:00:00.000000Z", "unsynced")], [], False),
        ([line(1, OLD), Line(2, "", "", "")], [line(3, OLD)], True),
        ([], [line(1, OLD)], False),
    ],
)
def test_what_is_past(block: list[Line], behind: list[Line], past: bool) -> None:
    """Only what a trusted time at its end or behind it says is old, with no trusted time in it that says otherwise."""
    assert is_past(block, behind, CUTOFF) is past


ACTS = ["visit", "stranger", "leaf", "suspend", "wait", "sign", "untrusted"]


@settings(max_examples=12, deadline=None)
@given(
    acts=st.lists(st.sampled_from(ACTS), min_size=60, max_size=200),
    again=st.integers(1, 40),
)
def test_any_mix_of_records(acts: list[str], again: int) -> None:
    """Whatever was recorded, at whatever times, by whatever clock: what is dropped leaves verification, root and fold whole."""
    site = people(make_site(fast_folder(), text=TOML))
    for n, act in enumerate(acts * 4):
        match act:
            case "visit" | "stranger":
                visit(site, 1 if act == "visit" else 9)
            case "leaf":
                site.turn(leaf("vault-door", n % 2 == 0))
            case "suspend":
                site.asks(SuspendPerson(2))
            case "wait":
                later(site, again)
            case "sign":
                site.loop.sign()
            case "untrusted":
                site.clock.declare("declared" if site.clock.quality() == "unsynced" else "unsynced")
    site.clock.declare("synced")
    aged(site, DAYS - 20)
    leaves = [leaf_of(data) for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]

    settle(site)

    site.loop.sign()
    rows = [data for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]
    assert [leaf_of(data) for data in rows][: len(leaves)] == leaves
    assert unsound(site.ledger.connection, 0) is None
    report = verify_file(site.path, key=site.vkey)
    assert report.ok and report.covered == site.ledger.size, report.findings
    live = stored_tables(site.ledger.connection)
    site.ledger.rebuild()
    assert stored_tables(site.ledger.connection) == live
    assert load_frontier(site.ledger.connection, site.ledger.size).root() == site.ledger.checkpoint().root
    site.close()


def test_dropping_again_changes_nothing(site: TestSite) -> None:
    """The same rule over husks drops nothing more."""
    settle(site)
    before = site.ledger.connection.execute("select bytes from record").fetchall()
    rule = next(record.body for record in site_records(site.path) if isinstance(record.body, RecordsDropped))

    drop(site.ledger.connection, Drop(rule.first, rule.last, rule.kinds, rule.kept))

    assert site.ledger.connection.execute("select bytes from record").fetchall() == before
    assert rule.digest == digest_of([seq for seq in husks(site) if rule.first <= seq <= rule.last])


def test_a_clock_that_was_put_ahead_drops_nothing(quick: Path) -> None:
    """A clock years ahead, trusted as it is, is not enough: nothing in the ledger of the last weeks bears it out."""
    site = people(make_site(quick, text=TOML))
    for _ in range(150):
        visit(site)
    later(site, DAYS + 500)
    visit(site)

    settle(site)

    assert husks(site) == []
    later(site, 8)
    visit(site)
    settle(site)
    assert husks(site), "a week later it is taken for true"
    site.close()
