"""The register of right holders, now and as of any past time (C7.5)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import TestSite, give_right, make_site, people

from controller.ledger.past import last_until, tables_until
from controller.record import asks as ask
from controller.record.asks.group import ApproveMembership, CreateGroup, EndMembership, RequestMembership
from controller.record.asks.person import ChangePerson, LeavePerson
from controller.record.canonical import timestamp
from controller.record.register import NOUNS, SOURCES, fold, holders


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = people(make_site(tmp_path))
    yield site
    site.close()


def stored(connection: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables of the register as they stand in a database."""
    found = {}
    for name in SOURCES:
        cursor = connection.execute(f"select * from {name}")
        found[name] = [dict(zip([c[0] for c in cursor.description], row, strict=True)) for row in cursor]
    return found


def now(site: TestSite) -> str:
    return timestamp(site.clock.now())


def in_zone(site: TestSite, zone: str) -> list[int]:
    return [one.person for one in holders(stored(site.ledger.connection), now(site), zone)]


def test_a_line_says_who_where_since_when_and_by_whom(site: TestSite) -> None:
    """Each right that holds is a line, with the day of its approval, and who asked for it and who approved it (C7.5)."""
    lines = holders(stored(site.ledger.connection), now(site))

    assert [(one.person, one.zone) for one in lines] == [(p, zone) for zone in ("lab", "lobby") for p in (1, 2, 3, 4)]
    assert {(one.requested_by, one.set_by, one.set_at[:10]) for one in lines} == {(1, 2, "2026-11-24")}
    assert {one.private for one in lines if one.person == 2} == {"person-2"}


def test_only_who_holds_is_in_it(site: TestSite) -> None:
    """Not those whose right waits, was revoked or is over, nor who has left; a suspended one is, with its state."""
    body = ask.RequestRight(1, "vault", "always", now(site), timestamp(site.clock.now() + timedelta(days=1)))
    assert site.asks(body) is None
    assert in_zone(site, "vault") == []
    number = site.facts.next("access_right") - 1
    assert site.asks(ask.ApproveRight(number), 2) is None
    assert in_zone(site, "vault") == [1]
    site.step(2 * 86400)
    assert in_zone(site, "vault") == []
    assert site.asks(LeavePerson(2)) is None
    assert in_zone(site, "lab") == [1, 3, 4]


def test_who_is_in_a_group_has_its_rights(site: TestSite) -> None:
    """A group's right is a line for each of its people, set when both the right and the membership were approved."""
    assert site.asks(CreateGroup()) is None
    body = ask.RequestRight(None, "vault", "always", now(site), timestamp(site.clock.now() + timedelta(days=90)), team=1)
    number = site.facts.next("access_right")
    assert site.asks(body) is None
    assert site.asks(ask.ApproveRight(number), 2) is None
    site.step(86400)
    assert site.asks(RequestMembership(1, 4)) is None
    assert in_zone(site, "vault") == []
    assert site.asks(ApproveMembership(1), 2) is None

    (line,) = holders(stored(site.ledger.connection), now(site), "vault")

    assert (line.person, line.team, line.access_right, line.set_at[:10]) == (4, 1, number, "2026-11-25")
    assert site.asks(EndMembership(1)) is None
    assert in_zone(site, "vault") == []


def test_as_of_a_past_day_it_is_as_it_was(site: TestSite) -> None:
    """What changed since, changes nothing of the register of then: title's version, rights, leavers; erased ones are in it."""
    seen = {}
    for day in range(5):
        seen[now(site)] = holders(stored(site.ledger.connection), now(site))
        site.step(43_200)
        match day:
            case 0:
                assert site.asks(ChangePerson(1), private={"name": "山田", "title": "課長"}) is None
            case 1:
                give_right(site, 2, "vault", days=2)
            case 2:
                assert site.asks(LeavePerson(1)) is None
            case 3:
                assert site.asks(ask.ErasePerson(1, "unneeded"), 2) is None
        site.step(43_200)

    assert len({len(lines) for lines in seen.values()}) > 1
    records = site.records()
    for at, lines in seen.items():
        until = [record for record in records if record.at <= at]
        assert holders(fold(until), at) == lines
        assert holders(stored(tables_until(site.ledger.connection, last_until(site.ledger.connection, at))), at) == lines
    first, second = list(seen.values())[:2]
    assert ([one.version for one in first if one.person == 1], [one.version for one in second if one.person == 1]) == (
        [1, 1], [2, 2],
    )  # fmt: skip


def test_the_kinds_that_matter_are_all_named(site: TestSite) -> None:
    """The register of records of its nouns alone is that of all records: nothing else folds into its tables (C7.5)."""
    give_right(site, 1, "vault")
    records = site.records()
    own = [record for record in records if record.kind.partition(".")[0] in NOUNS]

    assert len(own) < len(records)
    assert holders(fold(own), now(site)) == holders(stored(site.ledger.connection), now(site))


@given(
    taken=st.lists(
        st.tuples(st.integers(1, 2), st.sampled_from(["training:a", "training:b", "pledge:a"]), st.integers(1, 28)),
        max_size=8,
    )
)
def test_training_is_the_newest_of_each_course(taken: list[tuple[int, str, int]]) -> None:
    """A person's training is each course once, on the latest day; a pledge is none, and what was withdrawn is none."""
    rows = [
        {"person": person, "condition": what, "on_day": f"2026-10-{day:02}", "state": "recorded"} for person, what, day in taken
    ]
    withdrawn = [{"person": 1, "condition": "training:c", "on_day": "2026-10-01", "state": "withdrawn"}]
    until = timestamp(datetime.fromisoformat("2027-01-01T00:00:00+00:00"))
    tables = {
        "person": [{"person": 1, "state": "active", "private": "person-1", "private_version": 1}],
        "team": [],
        "access_right": [{"access_right": 1, "person": 1, "zone": "lab", "state": "active", "until_at": until}],
        "membership": [],
        "fulfilment": [*rows, *withdrawn],
    }

    (line,) = holders(tables, "2026-11-24T00:00:00.000000Z")

    expected: dict[str, str] = {}
    for person, what, day in taken:
        if person == 1 and what.startswith("training:"):
            course = what.partition(":")[2]
            expected[course] = max(expected.get(course, ""), f"2026-10-{day:02}")
    assert {one.course: one.on_day for one in line.training} == expected
    assert [one.course for one in line.training] == sorted(expected)
