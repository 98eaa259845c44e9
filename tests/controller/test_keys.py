"""Keys by hand at the desk: lent, agreed to, returned, handed over, lost, sealed, reserved, counted (C8.2, C7.4)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from key_site import CUSTODIAN, EMPLOYEE, MANAGER, add_key, dues, key_site, lent, state
from sites import SITE_TOML, TestSite, fold_of, stored_tables

from controller.record import asks as ask
from controller.record.asks import key
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper
from controller.record.canonical import timestamp
from controller.storage_facts import keys


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = key_site(tmp_path)
    yield site
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)
    site.close()


def last(site: TestSite, kind: str) -> Any:
    return next(record.body for record in reversed(site.records()) if record.kind == kind)


def test_a_loan_is_due_at_its_time_of_the_business_day(site: TestSite) -> None:
    """At nine on Tuesday the key is due at half past five, and that somebody has to be chased for it stands in one row."""
    number = add_key(site, "K-01")
    loan = lent(site, number)

    assert last(site, "key.lent").due_at == "2026-11-24T08:30:00.000000Z"
    assert state(site, number) == "lent" and dues(site) == [f"loan:{loan}"]


def test_a_key_goes_to_nobody_without_a_right(site: TestSite) -> None:
    """Somebody suspended, somebody unknown, and anybody to a place they may not enter, are told what is missing."""
    number, other = add_key(site, "K-01"), add_key(site, "K-02", opens="vault")

    assert site.asks(key.LendKey(number, 3), CUSTODIAN) == "active_person"
    assert site.asks(key.LendKey(number, 99), CUSTODIAN) == "active_person"
    assert site.asks(key.LendKey(other, 1), CUSTODIAN) == "right"
    assert site.asks(key.LendKey(number, CUSTODIAN), CUSTODIAN) == "second_person"
    assert site.asks(key.LendKey(99, 1), CUSTODIAN) == "subject"
    assert dues(site) == []


def test_a_loan_that_two_agree_to_is_handed_out_then(site: TestSite) -> None:
    """Neither the borrower nor who asked nor somebody twice agrees; the key stays until all have, and goes then."""
    number = add_key(site, "K-01", authorisers=2)
    loan = lent(site, number)
    assert state(site, number) == "in_place"
    assert site.asks(key.HandOutKey(loan), CUSTODIAN) == "authoriser"

    assert site.asks(key.AuthoriseLoan(loan), CUSTODIAN) == "second_person"  # asked for it
    assert site.asks(key.AuthoriseLoan(loan), 1) == "second_person"  # nobody knows who that is
    assert site.asks(key.AuthoriseLoan(loan), EMPLOYEE) == "role"
    assert site.asks(key.AuthoriseLoan(loan), MANAGER) is None
    assert site.asks(key.AuthoriseLoan(loan), MANAGER) == "second_person"
    site.console("operator.add", name="操作者", roles=["manager"], scope=["*"], person=1)
    assert site.asks(key.AuthoriseLoan(loan), 8) == "second_person"  # borrows it
    site.console("operator.add", name="操作者", roles=["manager"], scope=["*"], person=3)
    assert site.asks(key.AuthoriseLoan(loan), 9) == "right"  # is suspended
    site.console("operator.add", name="操作者", roles=["guard"], scope=["*"], person=2)
    assert site.asks(key.AuthoriseLoan(loan), 10) is None

    assert site.asks(key.HandOutKey(loan), CUSTODIAN) is None
    assert state(site, number) == "lent" and last(site, "key.lent").authorisers == (6, 2)


def test_a_loan_nobody_fetches_is_void_the_next_day(site: TestSite) -> None:
    """What others agreed to yesterday is not handed out today; it can be called off."""
    number = add_key(site, "K-01", authorisers=1)
    loan = lent(site, number)
    assert site.asks(key.AuthoriseLoan(loan), MANAGER) is None
    site.step(86400)

    assert site.asks(key.HandOutKey(loan), CUSTODIAN) == "subject"
    assert site.asks(key.CallOffLoan(loan), CUSTODIAN) in (None, "subject")


def test_anybody_returns_a_key(site: TestSite) -> None:
    """Who brought it is recorded beside whose loan it was; a second time there is nothing to take back."""
    number = add_key(site, "K-01")
    lent(site, number)

    assert site.asks(key.ReturnKey(number, 3), CUSTODIAN) is None

    body = last(site, "key.returned")
    assert (body.person, body.returned_by, body.state) == (1, 3, "in_place")
    assert dues(site) == [] and site.asks(key.ReturnKey(number, 3), CUSTODIAN) == "subject"


def test_a_ring_goes_and_comes_as_one(site: TestSite) -> None:
    """Whichever of its keys is asked for, all go; the strictest of them counts, and when one is lost the rest stay owed."""
    first = add_key(site, "K-01")
    second = add_key(site, "K-02", ring=first, due_minutes=60, due_time="")
    third = add_key(site, "K-03", ring=first)
    loan = lent(site, second)
    assert [state(site, one) for one in (first, second, third)] == ["lent"] * 3
    assert last(site, "key.lent").due_at == timestamp(site.clock.now() + timedelta(minutes=60))

    assert site.asks(key.ReportKeyLost(third), CUSTODIAN) is None
    assert dues(site) == [f"loan:{loan}", f"lock_change:{third}"]
    assert site.asks(key.ReturnKey(first), CUSTODIAN) is None

    assert [state(site, one) for one in (first, second, third)] == ["in_place", "in_place", "lost"]
    assert dues(site) == [f"lock_change:{third}"]


def test_a_handed_over_key_begins_a_loan_of_its_own(site: TestSite) -> None:
    """The taker has to be allowed; the old loan is over, the new one is due, and there is one row for it."""
    number = add_key(site, "K-01")
    loan = lent(site, number)
    assert site.asks(key.HandOverKey(number, 3), CUSTODIAN) == "active_person"
    assert site.asks(key.HandOverKey(number, 1), CUSTODIAN) == "subject"

    assert site.asks(key.HandOverKey(number, 2), CUSTODIAN) is None

    assert dues(site) == [f"loan:{loan + 1}"]
    assert site.ledger.connection.execute("select state, person from key_loan order by key_loan").fetchall() == [
        ("handed_over", 1), ("lent", 2),
    ]  # fmt: skip


def test_a_lost_key_asks_for_another_lock(site: TestSite) -> None:
    """It is lent no more, its label is not given again; found, it is suspect until the keeper, not who lost it, says so."""
    number = add_key(site, "K-01")
    lent(site, number)
    assert site.asks(key.ReportKeyLost(number), EMPLOYEE) is None
    assert state(site, number) == "lost" and dues(site) == [f"lock_change:{number}"]
    assert site.asks(key.LendKey(number, 2), CUSTODIAN) == "key"
    assert site.asks(key.RegisterKey(label="K-01", home="lobby", due_time="17:30"), CUSTODIAN) == "subject"

    assert site.asks(key.ReturnKey(number, 2), CUSTODIAN) is None
    assert state(site, number) == "suspect" and site.asks(key.LendKey(number, 2), CUSTODIAN) == "key"
    assert site.asks(key.ReplaceKey(number), CUSTODIAN) == "keeper"
    assert dues(site) == [f"lock_change:{number}"]

    new = add_key(site, "K-09")
    assert site.asks(key.ChangeLock(number, "L-2", 99), CUSTODIAN) == "subject"
    assert site.asks(key.ChangeLock(number, "L-2", new), CUSTODIAN) is None
    assert state(site, number) == "retired" and dues(site) == []


def test_an_employee_reports_only_what_is_theirs(site: TestSite) -> None:
    """Another's key is not an employee's to report; somebody with another role reports any."""
    number = add_key(site, "K-01")
    lent(site, number, 2)

    assert site.asks(key.ReportKeyLost(number), EMPLOYEE) == "scope"
    assert site.asks(key.ReportKeyLost(number), 4) is None  # the auditor


def test_a_loss_can_lock_what_the_key_opens(site: TestSite) -> None:
    """Whoever may lock a zone down does so in the same request; whoever may not is refused that, and can say the rest."""
    number = add_key(site, "K-01")

    assert site.asks(key.ReportKeyLost(number, True), CUSTODIAN) == "role"
    assert site.asks(key.ReportKeyLost(number, True), MANAGER) is None

    kinds = site.kinds()
    at = kinds.index("key.lost")
    assert kinds[at : at + 3] == ["key.lost", "lockdown.begun", "request.accepted"]


def test_a_key_in_an_envelope_is_not_lent(site: TestSite) -> None:
    """A duplicate is sealed with a number that no other envelope has; opened, it is a key again, and why is on record."""
    number = add_key(site, "K-01")
    copy = add_key(site, "K-01B", copy_of=number)
    assert site.asks(key.SealKey(copy, "S-1", "lab"), CUSTODIAN) is None
    assert site.asks(key.SealKey(number, "S-1", "lab"), CUSTODIAN) == "subject"
    assert state(site, copy) == "sealed" and site.asks(key.LendKey(copy, 1), CUSTODIAN) == "key"

    assert site.asks(key.UnsealKey(copy), CUSTODIAN) is None

    assert last(site, "key.unsealed").seal == "S-1" and state(site, copy) == "in_place"


def test_a_reservation_shortens_the_loan_before_it(site: TestSite) -> None:
    """Lent before it, the key is due when it begins; in it, only who reserved it gets it, and then it is over."""
    number, now = add_key(site, "K-01"), site.clock.now()
    span = timestamp(now + timedelta(hours=1)), timestamp(now + timedelta(hours=2))
    assert site.asks(key.ReserveKey(number, 2, *span), EMPLOYEE) == "scope"
    assert site.asks(key.ReserveKey(number, 1, *span), EMPLOYEE) is None
    assert site.asks(key.ReserveKey(number, 2, *span), CUSTODIAN) == "reservation"

    lent(site, number, 2)
    assert (last(site, "key.lent").due_at, last(site, "key.lent").yields_to) == (span[0], 1)
    assert site.asks(key.ReturnKey(number), CUSTODIAN) is None
    site.step(3700)
    assert site.asks(key.LendKey(number, 2), CUSTODIAN) == "reservation"
    lent(site, number, 1)

    assert last(site, "key.reservation_ended").cause == "taken" and dues(site) == ["loan:2"]


def test_nobody_has_more_keys_than_they_may(tmp_path: Path) -> None:
    """The site's number counts, a person's own before it, and a key's own with it."""
    site = key_site(tmp_path, SITE_TOML + "\n[keys]\nmost_per_person = 2\n")
    numbers = [add_key(site, f"K-{n}") for n in range(4)]
    only = add_key(site, "K-9", most=1)
    lent(site, numbers[0])
    assert site.asks(key.LendKey(only, 1), CUSTODIAN) == "allowance"
    lent(site, numbers[1])
    assert site.asks(key.LendKey(numbers[2], 1), CUSTODIAN) == "allowance"
    assert site.asks(key.LimitKeys(1, 3), CUSTODIAN) == "role"
    assert site.asks(key.LimitKeys(1, 3), MANAGER) is None
    lent(site, numbers[2])
    assert site.asks(key.LimitKeys(2, 0), MANAGER) is None
    assert site.asks(key.LendKey(numbers[3], 2), CUSTODIAN) == "allowance"
    site.close()


def test_a_leavers_key_is_due_at_once(site: TestSite) -> None:
    """Leaving is not refused for a key: its loan stays open and is due now, and what was reserved is nobody's (C7.4)."""
    number, now = add_key(site, "K-01"), site.clock.now()
    loan = lent(site, number)
    span = timestamp(now + timedelta(days=1)), timestamp(now + timedelta(days=2))
    assert site.asks(key.ReserveKey(add_key(site, "K-02"), 1, *span), CUSTODIAN) is None

    assert site.asks(ask.LeavePerson(1), 1) is None

    due_at, recalled, held = site.ledger.connection.execute("select due_at, recalled, state from key_loan").fetchone()
    assert (due_at, recalled, held) == (timestamp(site.clock.now()), 1, "lent")
    assert site.ledger.connection.execute("select due, due_at from due").fetchall() == [(f"loan:{loan}", due_at)]
    assert site.asks(key.ReturnKey(number), CUSTODIAN) is None and dues(site) == []


def test_a_round_counts_every_key_and_puts_right_what_it_finds(tmp_path: Path) -> None:
    """A key gone is missing, one that is lent and there was brought back by nobody knows whom; who counted does not end it."""
    site = key_site(tmp_path, SITE_TOML + "\n[keys]\naudit_by_two = true\n")
    there, gone, back = (add_key(site, f"K-0{n}") for n in range(3))
    lent(site, back)
    assert site.asks(key.BeginKeyAudit("vault"), CUSTODIAN) == "subject"
    assert site.asks(key.BeginKeyAudit("lobby"), CUSTODIAN) is None
    assert "key_audit:1" in dues(site) and site.asks(key.BeginKeyAudit("lobby"), CUSTODIAN) == "subject"
    counts = (key.Count(there, "present"), key.Count(gone, "absent"))
    assert site.asks(key.CountKeys(1, counts), CUSTODIAN) is None
    assert site.asks(key.CountKeys(1, (key.Count(back, "broken_seal"),)), CUSTODIAN) == "form"
    assert site.asks(key.EndKeyAudit(1), MANAGER) == "key"
    assert site.asks(key.CountKeys(1, (key.Count(back, "present"),)), CUSTODIAN) is None
    assert site.asks(key.CountKeys(1, (key.Count(gone, "absent"),)), CUSTODIAN) is None  # once more, and still a deviation
    assert site.asks(key.EndKeyAudit(1), CUSTODIAN) == "second_person"
    assert site.asks(key.EndKeyAudit(1), 1) == "second_person"

    assert site.asks(key.EndKeyAudit(1), MANAGER) is None

    body = last(site, "key_audit.ended")
    assert (body.expected, body.found, body.deviations) == (2, 2, 2)
    assert [state(site, one) for one in (there, gone, back)] == ["in_place", "missing", "in_place"] and dues(site) == []
    site.close()


def test_what_nobody_fetches_ends_by_itself(site: TestSite) -> None:
    """A loan that waits is void after a day, a reservation when its time is over; neither is ever overdue."""
    waiting, reserved, now = add_key(site, "K-01", authorisers=1), add_key(site, "K-02"), site.clock.now()
    lent(site, waiting)
    span = timestamp(now + timedelta(hours=1)), timestamp(now + timedelta(hours=2))
    assert site.asks(key.ReserveKey(reserved, 1, *span), CUSTODIAN) is None
    site.step(7200)
    site.turn()
    assert last(site, "key.reservation_ended").cause == "unused"
    site.step(86400 - 7200)
    site.turn()

    assert last(site, "key.cancelled").cause == "lapsed" and dues(site) == []
    assert not [record for record in site.records() if record.kind == "due.reached" and record.body.stage == "overdue"]


def test_keys_are_counted_each_month(site: TestSite) -> None:
    """In the month behind the first key's a round is due, by the month's end; the next begins in the month behind that one."""
    number = add_key(site, "K-01")
    site.turn()
    assert "key_audit.begun" not in site.kinds()
    site.step(7 * 86400)  # the first of December
    site.turn()
    assert last(site, "key_audit.begun").due_at == "2026-12-31T15:00:00.000000Z"
    assert dues(site) == ["key_audit:1"]
    assert site.asks(key.CountKeys(1, (key.Count(number, "present"),)), CUSTODIAN) is None
    assert site.asks(key.EndKeyAudit(1), CUSTODIAN) is None
    site.turn()
    assert dues(site) == []
    site.step(31 * 86400)
    site.turn()
    assert dues(site) == ["key_audit:2"]


def test_another_keeper_counts_what_they_take_over(site: TestSite) -> None:
    """Where another manager is named for the place of some keys, or for what it stands in, they are counted within the week."""
    add_key(site, "K-01"), add_key(site, "K-02", home="lab")
    assert site.asks(ProposeKeeper("lobby", 5, 6), 1) is None

    assert site.asks(ApproveKeeper(1), 2) is None

    assert (last(site, "key_audit.begun").place, last(site, "key_audit.begun").cause) == ("lobby", "keeper")
    assert dues(site) == ["key_audit:1"]


def test_a_keeper_decides_on_a_key_that_was_lost_and_found(site: TestSite) -> None:
    """Where somebody answers for the place, it is for them to say that the key is good again, and its lock may stay."""
    number = add_key(site, "K-01")
    assert site.asks(ProposeKeeper("lab", 5, 2), 1) is None
    assert site.asks(ApproveKeeper(1), 2) is None
    assert site.asks(key.ReportKeyLost(number), 4) is None
    assert site.asks(key.ReturnKey(number), CUSTODIAN) is None
    assert site.asks(key.ReplaceKey(number), MANAGER) == "keeper"

    assert site.asks(key.ReplaceKey(number), CUSTODIAN) is None

    assert state(site, number) == "in_place" and dues(site) == []


def test_a_retired_key_is_nobodys_any_more(site: TestSite) -> None:
    """What was reserved of it ends; its label can be given again; not while it is out, lost, or leads a ring."""
    number, now = add_key(site, "K-01"), site.clock.now()
    add_key(site, "K-02", ring=number)
    assert site.asks(key.RetireKey(number), CUSTODIAN) == "subject"
    other = add_key(site, "K-03")
    lent(site, other)
    assert site.asks(key.RetireKey(other), CUSTODIAN) == "key"
    assert site.asks(key.ReturnKey(other), CUSTODIAN) is None
    span = timestamp(now + timedelta(hours=1)), timestamp(now + timedelta(hours=2))
    assert site.asks(key.ReserveKey(other, 1, *span), CUSTODIAN) is None

    assert site.asks(key.RetireKey(other), CUSTODIAN) is None

    assert last(site, "key.reservation_ended").cause == "gone" and dues(site) == []
    assert add_key(site, "K-03") == 4


def test_an_envelope_that_is_not_there_is_an_alarm(site: TestSite) -> None:
    """A sealed key that nobody finds in a round is missing; a broken seal is a deviation, and the key stays where it is."""
    gone, broken = add_key(site, "K-01"), add_key(site, "K-02")
    for number, seal in ((gone, "S-1"), (broken, "S-2")):
        assert site.asks(key.SealKey(number, seal, "lab"), CUSTODIAN) is None
    assert site.asks(key.BeginKeyAudit("lobby"), CUSTODIAN) is None

    counts = (key.Count(gone, "absent"), key.Count(broken, "broken_seal"))
    assert site.asks(key.CountKeys(1, counts), CUSTODIAN) is None
    assert site.asks(key.EndKeyAudit(1), CUSTODIAN) is None

    assert last(site, "key_audit.ended").deviations == 2
    assert (state(site, gone), state(site, broken)) == ("missing", "sealed")


@pytest.fixture(scope="module")
def with_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    """A site with the key K-01, for what changes nothing."""
    site = key_site(tmp_path_factory.mktemp("keys"))
    add_key(site, "K-01")
    yield site
    site.close()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"label": "K-01"}, "subject"),
        ({"label": " "}, "form"),
        ({"home": "moon"}, "subject"),
        ({"opens": "moon"}, "subject"),
        ({"stays_in": "moon"}, "subject"),
        ({"due_time": ""}, "validity"),
        ({"due_time": "25:00"}, "validity"),
        ({"due_time": "25:00", "due_minutes": 5}, "validity"),
        ({"cabinet": "box", "slot": 3}, "subject"),
        ({"slot": 3}, "subject"),
        ({"ring": 99}, "subject"),
        ({"ring": 1, "home": "lab"}, "subject"),
        ({"copy_of": 99}, "subject"),
        ({"authorisers": 4}, "form"),
    ],
)
def test_a_key_that_cannot_be_kept_so_is_not(with_one: TestSite, changes: dict[str, Any], code: str) -> None:
    """Each mistake in how a key shall be kept is refused, and nothing is registered."""
    fields = {"label": "K-02", "home": "lobby", "opens": "lab", "due_time": "17:30"} | changes

    assert with_one.asks(key.RegisterKey(**fields), CUSTODIAN) == code
    assert with_one.facts.next("lock_key") == 2


def test_questions_about_keys_use_their_indexes(with_one: TestSite) -> None:
    """What is asked at a cabinet, at a hand-out and at each turn looks keys up and does not read through all of them."""
    plan = with_one.ledger.connection.execute
    for query in (
        f"{keys.KEYS}lock_key = ?", f"{keys.KEYS}cabinet = ? and slot = ?", f"{keys.KEYS}loan = ?", f"{keys.KEYS}person = ?",
        f"{keys.KEYS}(lock_key = ? or ring = ?)", f"{keys.KEYS}home = ?", f"{keys.LOANS}key_loan.state = ?",
        f"{keys.LOANS}key_loan = ?", f"{keys.RESERVATIONS}lock_key in (?, ?)",
    ):  # fmt: skip
        steps = plan(f"explain query plan {query}", [1] * query.count("?")).fetchall()
        assert not [step for *_, step in steps if step.startswith(("SCAN lock_key", "SCAN key_"))], query


def test_who_keeps_a_key_does_not_make_it_easier_to_borrow(site: TestSite) -> None:
    """A custodian asks for more agreement; less of it, or another place, is for a manager; nothing changes while it is out."""
    number = add_key(site, "K-01", authorisers=1)
    kept = {"key": number, "label": "K-01", "home": "lobby", "opens": "lab", "due_time": "12:00", "authorisers": 1}

    assert site.asks(key.ChangeKey(**kept), CUSTODIAN) is None
    assert site.asks(key.ChangeKey(**kept | {"authorisers": 2}), CUSTODIAN) is None
    assert site.asks(key.ChangeKey(**kept), CUSTODIAN) == "role"
    assert site.asks(key.ChangeKey(**kept | {"authorisers": 2, "opens": "lobby"}), CUSTODIAN) == "role"
    assert site.asks(key.ChangeKey(**kept | {"authorisers": 0}), MANAGER) is None
    lent(site, number)
    assert last(site, "key.lent").due_at == "2026-11-24T03:00:00.000000Z"
    assert site.asks(key.ChangeKey(**kept), MANAGER) == "key"
    assert site.asks(key.ReportKeyLost(number), MANAGER) is None
    assert site.asks(key.ChangeKey(**kept | {"label": "K-09"}), MANAGER) is None
    assert state(site, number) == "lost"
