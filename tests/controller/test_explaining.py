"""An explanation says what the door does, and says why; also of the past."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import TestSite, make_site, people, tap

from controller.explaining import Unknown, explained
from controller.ledger.database import open_reader
from controller.ledger.past import last_until, tables_until
from controller.record import asks as ask
from controller.record.canonical import timestamp
from controller.record.explained import Explained
from controller.record.kinds.entry import EntryGranted, EntryRefused

PORTALS = {"front": "front/in", "lab-door": "lab-door/in", "vault-door": "vault-door/in"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = people(make_site(tmp_path))
    yield made
    made.close()


@pytest.fixture
def tables(site: TestSite) -> Iterator[sqlite3.Connection]:
    reader = open_reader(site.ledger.path)
    yield reader
    reader.close()


def door(site: TestSite, person: int, portal: str) -> str | None:
    """What the door does with the person's badge: None for opening, else the code on record."""
    site.turn(tap(PORTALS[portal], f"card:{person}"))
    said = [record.body for record in site.records() if isinstance(record.body, EntryGranted | EntryRefused)][-1]
    return said.code if isinstance(said, EntryRefused) else None


def why(site: TestSite, tables: sqlite3.Connection, person: int, portal: str) -> Explained:
    return explained(site.facility, tables, person, portal, site.clock.now(), site.ledger.size)


def test_it_says_what_the_door_does(site: TestSite, tables: sqlite3.Connection) -> None:
    """For everybody at every portal, by day, under lockdown and after a right's end, explanation and door agree."""
    for change in (
        lambda: None,
        lambda: site.asks(ask.BeginLockdown("lab"), private={"reason": "訓練"}),
        lambda: site.step(366 * 86400),
    ):
        change()
        for portal in PORTALS:
            for person in range(1, 5):
                assert why(site, tables, person, portal).code == door(site, person, portal), (person, portal)


def test_every_check_is_answered_with_its_records(site: TestSite, tables: sqlite3.Connection) -> None:
    """The refusal of somebody suspended names the record that suspended them, and what else would be missing."""
    found = why(site, tables, 3, "vault-door")
    said = {check.check: check for check in found.checks}
    suspended = next(record.seq for record in site.records() if record.kind == "person.suspended")

    assert found.code == "active_person"
    assert said["active_person"].behind == (suspended,)
    assert (said["right"].code, said["enrolment"].code) == ("right", None)


def test_somebody_without_a_badge(site: TestSite, tables: sqlite3.Connection) -> None:
    """A person without a badge lacks that, and is told of the rest."""
    assert site.asks(ask.RegisterPerson()) is None
    found = why(site, tables, 5, "front")

    assert (found.badge, found.code) == (None, "enrolment")
    assert [check.check for check in found.checks if not check.asked] == ["active_badge", "assurance"]


@pytest.mark.parametrize(("person", "portal", "place"), [(99, "front", "person"), (1, "back", "portal")])
def test_what_is_not_there(site: TestSite, tables: sqlite3.Connection, person: int, portal: str, place: str) -> None:
    """Of nobody, and of no portal, nothing is said but that."""
    with pytest.raises(Unknown, match=place):
        why(site, tables, person, portal)


def test_the_past_is_explained_as_it_was(site: TestSite, tables: sqlite3.Connection) -> None:
    """Before the suspension the door would have opened, and nothing that came later is taken into account."""
    before = site.clock.now()
    site.step(60)
    assert site.asks(ask.SuspendPerson(1)) is None
    assert why(site, tables, 1, "front").code == "active_person"

    last = last_until(tables, timestamp(before))
    then = explained(site.facility, tables_until(tables, last), 1, "front", before, last)
    assert then.code is None
    assert all(seq <= last for check in then.checks for seq in check.behind)
    assert last_until(tables, timestamp(before - timedelta(days=9))) == 0


def test_tables_of_now_are_the_fold_to_the_end(site: TestSite, tables: sqlite3.Connection) -> None:
    """The tables folded to the last record are the live ones."""
    past = tables_until(tables, site.ledger.size)
    for (table,) in tables.execute(
        "select name from sqlite_schema where type = 'table' and name in ('person', 'badge')"
    ):
        query = f"select * from {table} order by 1"
        assert past.execute(query).fetchall() == tables.execute(query).fetchall()
