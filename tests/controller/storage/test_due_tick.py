"""What is owed at a site with a ledger: nothing that is overdue goes untold, and nobody waits at a door because of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sites import BEGAN, SITE_TOML, TestSite, fold_of, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.ledger.ledger import Stamp
from controller.ledger.verify import verify_file
from controller.record.canonical import timestamp
from controller.record.duty import SORTS
from controller.record.kinds.due import DueCorrected
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
