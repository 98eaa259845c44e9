"""Somebody leaves, at a site with a ledger: from the commit on nothing opens for them, whatever happens (C7.2, C7.4)."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import TestSite, give_right, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.inbox import RequestReceived
from controller.ledger.verify import verify_file
from controller.record import asks as ask
from controller.record.asks.person import ChangePerson, LeavePerson

ENDED = ["badge.retired", "right.revoked", "right.revoked", "person.left", "request.accepted"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = people(make_site(tmp_path))
    yield site
    site.close()


def row(site: TestSite, person: int = 1) -> dict[str, object]:
    return stored_tables(site.ledger.connection)["person"][person,]


def entered(site: TestSite, card: str = "card:1") -> str:
    """What a tap at the front door says: `granted`, or the code of what is missing."""
    (record,) = site.turn(tap("front/in", card))
    return "granted" if record.kind == "entry.granted" else record.body.code


def test_it_all_ends_in_one_transaction(site: TestSite) -> None:
    """Badges, rights and the person end together, and the badge opens nothing from then on; others' do (C7.4)."""
    assert entered(site) == "granted"
    before = site.ledger.size

    assert site.asks(LeavePerson(1)) is None

    assert site.kinds(before + 1) == ENDED
    assert entered(site) == "active_badge"
    assert entered(site, "card:2") == "granted"
    assert (row(site)["state"], row(site)["state_by"]) == ("left", "operator:1")


def test_a_tap_in_the_same_turn_is_too_late(site: TestSite) -> None:
    """A badge that is held on a reader just behind the request finds everything ended, though nothing is committed yet."""
    records = site.turn(RequestReceived(site.request(LeavePerson(1))), tap("front/in", "card:1"))

    assert records[-1].body.code == "active_badge"


@pytest.mark.parametrize("statement", ["insert into record", "commit"])
def test_half_of_it_never_happens(site: TestSite, statement: str) -> None:
    """A commit that fails has ended nothing, and the same request then ends all of it (C7.4)."""
    made, before = site.request(LeavePerson(1)), site.ledger.size
    count = iter(range(100))
    site.connection.breaks = lambda text: text.startswith(statement) and (statement == "commit" or next(count) == 2)
    with pytest.raises(sqlite3.OperationalError):
        site.turn(RequestReceived(made))
    site.connection.breaks = lambda text: False

    assert site.ledger.size == before and row(site)["state"] == "active"
    site.turn(RequestReceived(made))
    assert site.kinds(before + 1) == ENDED


def test_twice_is_once(site: TestSite) -> None:
    """A request that arrives again is answered and not done again; one for somebody who is gone is refused."""
    made = site.request(LeavePerson(1))
    site.turn(RequestReceived(made))
    before = site.ledger.size

    site.turn(RequestReceived(made))

    assert site.ledger.size == before and site.committed_replies()[-1].code is None
    assert site.asks(LeavePerson(1)) == "subject"
    assert site.asks(ChangePerson(1), private={"name": "誰か"}) == "subject"
    assert site.asks(ask.ReinstatePerson(1), 2) == "subject"


def test_it_never_expires_and_needs_no_clock(site: TestSite) -> None:
    """A request of a year ago without an end is done, also while the clock is doubted (design §6)."""
    old = site.clock.now() - timedelta(days=365)
    assert site.asks(LeavePerson(1), issued_at=old, expires_at=None) is None
    site.clock.declare("unsynced")
    site.clock.jump(timedelta(days=-30))
    assert site.asks(LeavePerson(2), issued_at=old, expires_at=None) is None
    assert "clock.doubted" in site.kinds()
    assert row(site, 2)["state"] == "left"


def test_changing_must_expire(site: TestSite) -> None:
    """Details and dates that never expire, or for long, are refused: yesterday's word would put a leaving date off."""
    for lasts in (None, site.clock.now() + timedelta(seconds=601)):
        assert site.asks(ChangePerson(1, "2027-03-31"), private={}, expires_at=lasts) == "freshness"


def test_it_happens_by_itself_when_the_day_is_over(site: TestSite) -> None:
    """On the last day the badge opens; at its midnight it does not, and all has ended without anybody asking again (C7.2)."""
    assert site.asks(LeavePerson(1, "2026-11-25")) is None
    site.step(38 * 3600)  # 2026-11-25 23:00 in Tokyo
    assert entered(site) == "granted"
    site.turn(tap("front/in", "card:2"))
    site.step(3599)
    before = site.ledger.size
    assert site.judgement.next_due_s(site.loop._now(), {}) == pytest.approx(1.0)
    assert entered(site) == "granted"
    site.step(1)

    records = site.turn()

    assert site.ledger.size > before
    assert [r.kind for r in records] == ["badge.retired", "right.revoked", "right.revoked", "person.left"]
    assert {r.by for r in records} == {"controller"}
    assert (row(site)["state"], row(site)["state_by"], row(site)["leaves_on"]) == ("left", "operator:1", None)
    assert entered(site) == "active_badge"


def test_a_controller_that_was_off_for_days_lets_nobody_in_first(tmp_path: Path) -> None:
    """The first tap after days without power is refused, even before the leaving is recorded; then it is (C7.2)."""
    site = people(make_site(tmp_path))
    assert site.asks(LeavePerson(1, "2026-11-25")) is None
    site.close()
    site.clock.step(timedelta(days=9))
    again = make_site(tmp_path, clock=site.clock, boot="boot-2")

    records = again.turn(tap("front/in", "card:1"))

    assert (records[0].kind, records[0].body.code) == ("entry.refused", "active_person")
    assert [r.kind for r in records[1:]] == ["badge.retired", "right.revoked", "right.revoked", "person.left"]
    again.close()


def test_a_clock_that_runs_ahead_sends_nobody_away(tmp_path: Path) -> None:
    """By a clock that is not trusted the badge opens nothing, but what is held ends for good only once it is trusted."""
    site = people(make_site(tmp_path))
    assert site.asks(LeavePerson(1, "2026-11-25")) is None
    site.close()
    again = make_site(tmp_path, clock=SteppedClock(site.clock.now() + timedelta(days=30), "unsynced"), boot="boot-2")
    again.dashboard = site.dashboard

    assert entered(again) == "active_person"
    assert again.turn() == [] and row(again)["state"] == "active"
    assert again.asks(LeavePerson(2), expires_at=None) is None
    again.clock.declare("synced")
    again.turn()
    assert row(again)["state"] == "left"
    again.close()


def test_the_date_is_moved_and_taken_back(site: TestSite) -> None:
    """A date is brought forward, put off by another manager, and taken back; then nothing happens by itself (C7.2)."""
    assert site.asks(ChangePerson(1, "2026-11-30"), private={}) is None
    assert site.asks(LeavePerson(1, "2026-11-28")) is None
    assert site.asks(LeavePerson(1, "2026-11-29")) == "validity"
    assert site.asks(ChangePerson(1, "2026-12-24"), 2, private={}) is None
    assert site.asks(ChangePerson(1, ""), 2, private={}) is None
    site.step(90 * 86400)

    assert site.turn() == []
    assert entered(site) == "granted"


def test_details_are_a_next_version(site: TestSite) -> None:
    """New details are kept as the next version of the private row, and the date beside them stays (C7.5)."""
    assert site.asks(ChangePerson(1, "2027-03-31"), private={}) is None

    assert site.asks(ChangePerson(1), private={"name": "山田 花子", "title": "課長"}) is None

    found = row(site)
    assert (found["private_version"], found["leaves_on"]) == (2, "2027-03-31")
    texts = site.ledger.connection.execute("select text from private where id = 'person-1' order by version").fetchall()
    assert len(texts) == 2 and "課長" in texts[1][0]
    assert site.asks(ChangePerson(1), private={"title": "部長"}) == "form"


def test_an_operator_who_leaves_signs_nothing_more(tmp_path: Path) -> None:
    """Whoever was an operator too is none from then on, and their enrolments end (C7.4)."""
    site = people(make_site(tmp_path))
    site.console("operator.add", name="本人", roles=["manager"], scope=["*"], person=1)
    assert site.asks(ask.EnrolBadge(1, "front/in")) is None

    assert site.asks(LeavePerson(1), 2) is None

    kinds = site.kinds()
    assert {"operator.retired", "enrolment.closed"} <= set(kinds[-7:])
    assert site.asks(ask.SuspendPerson(2), 5) == "operator"
    assert not site.judgement.doors.enrolments
    site.close()


def test_at_the_console(site: TestSite) -> None:
    """At the console it is one command, in the console's name."""
    assert site.console("person.leave", person=1)["code"] is None
    assert site.records()[-1].by == "console"
    assert row(site)["state_by"] == "console"
    assert site.console("person.leave", person=1)["code"] == "subject"


def test_whoever_left_can_be_erased_by_another(site: TestSite) -> None:
    """The one who let them leave was the first of the two; the erasure leaves no date behind (design §4)."""
    assert site.asks(LeavePerson(1), 1) is None
    assert site.asks(ask.ErasePerson(1, "unneeded"), 1) == "second_person"
    assert site.asks(ask.ErasePerson(1, "unneeded"), 2) is None
    assert row(site)["state"] == "erased"


def test_an_erased_person_does_not_leave(site: TestSite) -> None:
    """A date that was set before an erasure is gone with it: nothing is due for ever after."""
    assert site.asks(LeavePerson(1, "2026-11-25")) is None
    assert site.asks(ask.SuspendPerson(1), 1) is None
    assert site.asks(ask.ErasePerson(1, "unneeded"), 2) is None
    site.step(3 * 86400)

    assert site.turn() == []


def test_many_leave_on_one_day(tmp_path: Path) -> None:
    """More people than leave in one turn are all gone after the next ones, and the ledger holds (C7.4)."""
    site = people(make_site(tmp_path))
    for _ in range(25):
        assert site.asks(ask.RegisterPerson(), expires_at=None) is None
    give_right(site, 5, "lab")
    for number in range(5, 30):
        assert site.asks(LeavePerson(number, "2026-11-25"), expires_at=None) is None
    site.step(2 * 86400)
    while site.loop._is_due(site.loop._now()):
        assert site.turn()

    states = [found["state"] for found in stored_tables(site.ledger.connection)["person"].values()]
    assert states.count("left") == 25
    site.loop.sign()
    assert verify_file(site.path, key=site.vkey).ok
    site.close()


def test_a_restart_between_takes_nothing_back(tmp_path: Path) -> None:
    """After a restart everything has still ended (C7.4)."""
    site = people(make_site(tmp_path))
    assert site.asks(LeavePerson(1)) is None
    site.close()

    again = make_site(tmp_path, clock=SteppedClock(site.clock.now()), boot="boot-2")

    assert entered(again) == "active_badge"
    again.ledger.rebuild()
    assert entered(again) == "active_badge"
    again.close()
