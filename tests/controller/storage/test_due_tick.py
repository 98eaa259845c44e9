"""What is owed at a site with a ledger: nothing that is overdue goes untold, and nobody waits at a door because of it."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import BEGAN, SITE_TOML, TestSite, fast_folder, fold_of, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.ledger.ledger import Stamp
from controller.ledger.verify import verify_file
from controller.record.canonical import timestamp
from controller.record.duty import ESCALATED, LATE, SORTS, STAGES
from controller.record.kinds.due import DueCorrected
from controller.rules.due import MOST_TOLD
from controller.storage.due import MOST


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = people(make_site(tmp_path))
    yield site
    site.close()


def owe(site: TestSite, sort: str, *numbers: int, due_at: datetime) -> None:
    """Records that these are due then, and that nobody was told yet: as a kind does that says `owed`."""
    first = timestamp(due_at - SORTS[sort].first)
    with site.ledger.transaction():
        for number in numbers:
            body = DueCorrected(sort, number, "", timestamp(due_at), "lab", 1, 0, first)
            site.ledger.append(body, "controller", Stamp(timestamp(site.clock.now()), "boot-1", "declared"))


def stages(site: TestSite, first: int = 1) -> list[tuple[int, str]]:
    return [(r.body.number, r.body.stage) for r in site.records(first) if r.kind == "due.reached"]


def turn_while_due(site: TestSite) -> int:
    """Turns until nothing is due any more; how many those were."""
    turns = 0
    while site.loop.wait_s() <= 0:
        assert turns < 1000
        site.turn()
        turns += 1
    return turns


def test_every_overdue_thing_has_its_alarm_within_one_tick(site: TestSite) -> None:
    """The loop wakes when something comes to a stage, and tells it in that turn (C8.2): soon, overdue, and again at work."""
    owe(site, "loan", 7, due_at=site.clock.now() + timedelta(hours=1))
    told = []
    for _ in range(3):
        site.step(site.loop.wait_s() if not told else 3600)
        before = site.ledger.size
        while not stages(site, before + 1):
            site.step(site.loop.wait_s())
            site.turn()
        told += stages(site, before + 1)

    assert told == [(7, "soon"), (7, "overdue"), (7, "escalated")]
    assert stored_tables(site.ledger.connection)["due"]["loan:7",]["told"] == 1


def test_thousands_of_overdue_things_keep_nobody_waiting(site: TestSite) -> None:
    """Some are told in each turn and a badge is answered in the same turn; in the end each was told, once."""
    owe(site, "custody", *range(1, 301), due_at=site.clock.now() - timedelta(days=10))

    records = site.turn(tap("front/in", "card:1"))

    assert records[0].kind == "entry.granted" and len(records) == 1 + MOST
    turn_while_due(site)
    assert sorted(stages(site)) == [(number, "escalated") for number in range(1, 301)]
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)
    assert verify_file(site.path).ok


def test_a_clock_that_nobody_trusts_tells_nothing(tmp_path: Path) -> None:
    """While nobody vouches for the time nothing becomes overdue; when it is trusted again, what is, is told at once."""
    clock = SteppedClock(BEGAN, "unsynced")
    site = make_site(tmp_path, text=SITE_TOML.replace('trust = "host"', 'trust = "ntp"'), clock=clock)
    owe(site, "loan", 7, due_at=clock.now() - timedelta(days=1))
    site.turn()
    assert not stages(site) and site.loop.wait_s() > 0

    clock.declare("synced")
    site.turn()
    turn_while_due(site)

    assert stages(site) == [(7, "overdue")], "and not escalated: Monday was a holiday"
    site.close()


def test_a_clock_put_back_neither_repeats_nor_loses(site: TestSite) -> None:
    """A year too far ahead and put right: what was told too early is put back, and told again when it is truly late."""
    owe(site, "change", 5, due_at=site.clock.now() + timedelta(days=30))
    owe(site, "change", 6, due_at=site.clock.now() - timedelta(days=30))
    site.turn()
    site.clock.jump(timedelta(days=365))
    turn_while_due(site)
    assert [stage for number, stage in stages(site) if number == 5] == ["escalated"]
    before = site.ledger.size

    site.clock.jump(-timedelta(days=365))
    turn_while_due(site)

    assert stages(site, before + 1) == [], "nobody is told of it"
    rows = stored_tables(site.ledger.connection)["due"]
    assert (rows["change:5",]["stage"], rows["change:6",]["stage"]) == ("", "escalated")
    site.step(86400 * 30 - 60)
    turn_while_due(site)
    site.step(120)
    turn_while_due(site)
    assert [stage for number, stage in stages(site, before + 1) if number == 5] == ["today", "overdue"]
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)


class Run:
    """A site of its own for one sequence; what was told of each due thing since it was last owed, or the clock went back."""

    def __init__(self) -> None:
        self.folder = fast_folder()
        self.site = make_site(self.folder)
        self.told: dict[int, list[str]] = {}
        self.seen = self.site.ledger.size

    def owe(self, number: int, days: int) -> None:
        owe(self.site, "change", number, due_at=self.site.clock.now() + timedelta(days=days))
        self.told[number] = []
        self.settle()

    def jump(self, number: int, days: int) -> None:
        self.site.clock.jump(timedelta(days=days))
        if days < 0:
            self.told = {known: [] for known in self.told}
        self.settle()

    def wait(self, number: int, days: int) -> None:
        self.site.step(86400 * abs(days) / 3)
        self.settle()

    def restart(self, number: int, days: int) -> None:
        clock = self.site.clock
        self.site.close()
        self.site = make_site(self.folder, clock=clock, boot=f"boot-{self.seen}")
        self.settle()

    def settle(self) -> None:
        """Everything due is told; then nothing that is late is untold, none twice, none backwards, and no date is lost."""
        self.site.turn()
        turn_while_due(self.site)
        for record in self.site.records(self.seen + 1):
            if record.kind == "due.reached":
                self.told[record.body.number].append(record.body.stage)
        self.seen = self.site.ledger.size
        for row in stored_tables(self.site.ledger.connection).get("due", {}).values():
            assert (row["stage"] in LATE) == (row["due_at"] <= timestamp(self.site.clock.now()))
            assert row["next_at"] is not None or row["told"] == MOST_TOLD
        for stages in self.told.values():
            once = [stage for stage in stages if stage != ESCALATED]
            assert stages == sorted(stages, key=STAGES.index) and len(once) == len(set(once))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["owe", "jump", "wait", "restart"]), st.integers(1, 3), st.integers(-40, 40)),
        min_size=2,
        max_size=12,
    )
)
def test_no_due_date_is_ever_lost(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is owed anew, however the clock jumps and power fails: what is late is told, no stage twice; fold == live."""
    run = Run()
    for act, number, days in steps:
        getattr(run, act)(number, days)

    assert fold_of(run.site.records()) == stored_tables(run.site.ledger.connection)
    run.site.close()
    shutil.rmtree(run.folder)
