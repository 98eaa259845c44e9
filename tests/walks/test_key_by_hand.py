"""A key lent by hand, from the first request to the last, with what goes wrong in between (C8.2, C7.4).

Requests are the bytes that a dashboard signs; what the site says is read back from its ledger's file.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from key_site import CUSTODIAN, MANAGER, add_key, dues, key_site, state
from sites import TestSite, fold_of, make_site, stored_tables

from controller.inbox import RequestReceived
from controller.record.asks import key
from controller.record.canonical import timestamp


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = key_site(tmp_path)
    yield site
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)
    site.close()


def cut(site: TestSite) -> TestSite:
    """The power fails and comes back: another controller on the same file."""
    site.close()
    again = make_site(site.folder, clock=site.clock, boot="boot-2")
    again.dashboard = site.dashboard
    return again


def replies(site: TestSite) -> list[str | None]:
    """What the site has answered, in order."""
    return [reply.code for reply in site.committed_replies()]


def test_a_loan_survives_a_cut_at_each_step(tmp_path: Path) -> None:
    """Asked for, agreed to, handed out, overdue and returned: after each power cut the loan is where it was, and goes on."""
    site = key_site(tmp_path)
    number = add_key(site, "K-01", authorisers=1)
    assert site.asks(key.LendKey(number, 1), CUSTODIAN) is None
    site = cut(site)
    assert state(site, number) == "in_place" and site.asks(key.HandOutKey(1), CUSTODIAN) == "authoriser"
    assert site.asks(key.AuthoriseLoan(1), MANAGER) is None
    site = cut(site)
    assert site.asks(key.HandOutKey(1), CUSTODIAN) is None
    site = cut(site)
    assert state(site, number) == "lent" and dues(site) == ["loan:1"]

    site.step(9 * 3600)  # half past five is over
    site = cut(site)
    site.turn()
    told = [record.body.stage for record in site.records() if record.kind == "due.reached" and record.body.sort == "loan"]
    assert told[-1] == "overdue"
    assert site.asks(key.ReturnKey(number, 2), CUSTODIAN) is None

    site = cut(site)
    assert state(site, number) == "in_place" and dues(site) == []
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)
    site.close()


def test_a_replayed_request_lends_nothing_twice(site: TestSite) -> None:
    """The same bytes, again at once and again after the key came back, are answered as before; no second loan begins."""
    number = add_key(site, "K-01")
    data = site.request(key.LendKey(number, 1), CUSTODIAN)

    site.turn(RequestReceived(data))
    site.turn(RequestReceived(data), RequestReceived(data))
    assert site.asks(key.ReturnKey(number), CUSTODIAN) is None
    site.turn(RequestReceived(data))

    assert replies(site)[-5:] == [None] * 5
    assert site.kinds().count("key.lent") == 1 and state(site, number) == "in_place"


def test_two_custodians_at_once_lend_one_key_once(site: TestSite) -> None:
    """Two requests in one turn: the first has the key, the second is told that it is not there."""
    number = add_key(site, "K-01")

    site.turn(
        RequestReceived(site.request(key.LendKey(number, 1), CUSTODIAN)),
        RequestReceived(site.request(key.LendKey(number, 2), MANAGER)),
    )

    assert replies(site)[-2:] == [None, "key"] and dues(site) == ["loan:1"]


def test_what_comes_late_hands_out_nothing_and_takes_back_all(site: TestSite) -> None:
    """The broker was away: a hand-out of this morning is refused, a return of this morning is taken, whatever its age."""
    first, second = add_key(site, "K-01"), add_key(site, "K-02")
    assert site.asks(key.LendKey(second, 1), CUSTODIAN) is None
    late = site.request(key.LendKey(first, 1), CUSTODIAN)
    back = site.request(key.ReturnKey(second, 2), CUSTODIAN, expires_at=None)
    lost = site.request(key.ReportKeyLost(first), CUSTODIAN, expires_at=None)
    endless = site.request(key.LendKey(first, 1), CUSTODIAN, expires_at=None)
    site.step(4 * 3600)

    site.turn(RequestReceived(late), RequestReceived(back), RequestReceived(lost), RequestReceived(endless))

    assert replies(site)[-4:] == ["freshness", None, None, "freshness"]
    assert (state(site, first), state(site, second)) == ("lost", "in_place")


def test_without_a_clock_nothing_is_lent_and_all_is_taken_back(site: TestSite) -> None:
    """A clock that nobody trusts: no key is handed out, nothing becomes overdue; a return and a loss are taken all the same."""
    first, second = add_key(site, "K-01"), add_key(site, "K-02")
    assert site.asks(key.LendKey(first, 1), CUSTODIAN) is None
    site.clock.declare("unsynced")
    site.clock.jump(timedelta(days=400))
    site.turn()
    assert "overdue" not in [record.body.stage for record in site.records() if record.kind == "due.reached"]

    assert site.asks(key.LendKey(second, 1), CUSTODIAN) == "clock"
    assert site.asks(key.ReportKeyLost(second), CUSTODIAN, expires_at=None) is None
    assert site.asks(key.ReturnKey(first), CUSTODIAN, expires_at=None) is None

    assert (state(site, first), state(site, second)) == ("in_place", "lost")


def test_the_custodian_cannot_agree_in_anothers_name(site: TestSite) -> None:
    """A request in the name of an operator who is nobody the site knows, or none at all, agrees to nothing."""
    number = add_key(site, "K-01", authorisers=1)
    assert site.asks(key.LendKey(number, 1), CUSTODIAN) is None

    assert site.asks(key.AuthoriseLoan(1), 1) == "second_person"
    assert site.asks(key.AuthoriseLoan(1), 99) == "operator"
    assert site.asks(key.HandOutKey(1), CUSTODIAN) == "authoriser"
    assert state(site, number) == "in_place"


def test_a_reservation_ends_while_the_power_is_off(tmp_path: Path) -> None:
    """After the cut the site ends what is over, and somebody else borrows the key."""
    site = key_site(tmp_path)
    number, now = add_key(site, "K-01"), site.clock.now()
    span = timestamp(now + timedelta(hours=1)), timestamp(now + timedelta(hours=2))
    assert site.asks(key.ReserveKey(number, 1, *span), CUSTODIAN) is None
    site.step(3 * 3600)
    again = cut(site)
    again.turn()

    assert again.asks(key.LendKey(number, 2), CUSTODIAN) is None
    assert "key.reservation_ended" in again.kinds() and dues(again) == ["loan:1"]
    again.close()


def test_a_return_that_was_held_back_does_not_end_the_next_loan(site: TestSite) -> None:
    """A broker hands out yesterday's return behind a new loan: that loan goes on, and stays due."""
    number = add_key(site, "K-01")
    assert site.asks(key.LendKey(number, 1), CUSTODIAN) is None
    late = site.request(key.ReturnKey(number, 1), CUSTODIAN, expires_at=None)
    site.step(600)
    assert site.asks(key.ReturnKey(number, 1), CUSTODIAN) is None
    assert site.asks(key.LendKey(number, 1), CUSTODIAN) is None

    site.turn(RequestReceived(late))

    assert replies(site)[-1] == "freshness" and state(site, number) == "lent" and dues(site) == ["loan:2"]
    assert site.asks(key.ReturnKey(number, 1), CUSTODIAN) is None
