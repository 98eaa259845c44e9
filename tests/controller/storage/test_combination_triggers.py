"""Whatever asks for a change of a lock's number opens one by itself, with its reason and a short due date (C8.4)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from combination_site import (
    STATION,
    combination_site,
    knowers,
    one,
    open_change,
    reasons,
    register,
    tell,
    whole_change,
)
from sites import STATION_TOML, TestSite, give_right

from controller import person_facts
from controller.inbox import RequestReceived
from controller.record import asks as ask
from controller.record.asks.combination import (
    AppointCustodian,
    RelocateCombination,
    RemoveKnower,
    ReportCombination,
    RetireCombination,
)
from controller.record.asks.container import MoveContainer, RegisterContainer
from controller.record.asks.group import ApproveMembership, CloseGroup, CreateGroup, EndMembership, RequestMembership
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper
from controller.record.asks.person import LeavePerson
from controller.record.canonical import timestamp
from controller.record.envelope import KINDS
from controller.record.facets import facets
from controller.record.kinds.change import TRIGGERS
from controller.record.leaving import CHANGE, ENDINGS
from controller.rules.trigger import FOLLOWS
from controller.storage.combinations import LOOK_S

LAST_CHANGED = "2026-11-20"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    """One site for all; each case has a place, a lock and people of its own."""
    site = combination_site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


def person(site: TestSite, place: str = "", days: int = 365) -> int:
    """Somebody new, with a right to the place."""
    number = site.facts.next("person")
    assert site.asks(ask.RegisterPerson()) is None
    if place:
        give_right(site, number, place, days=days)
    return number


def container(site: TestSite, zone: str = "lab") -> str:
    """A safe in the zone, to which persons 1 and 2 hold rights."""
    id = f"safe-{site.ledger.size}"
    assert site.asks(RegisterContainer(id, "safe", zone, "combination"), 2) is None
    for one_ in (1, 2):
        give_right(site, one_, id)
    return id


def known(site: TestSite, place: str, people: tuple[int, ...] = (), **fields: bool) -> int:
    """A lock there whose number was changed under the system; it has no open change, and these people know it too."""
    lock = register(site, place, **fields)
    whole_change(site, lock, knowers=people)
    assert open_change(site, lock) is None
    return lock


def keep(site: TestSite, place: str, manager: int, deputy: int) -> None:
    """These two answer for the place."""
    number = site.facts.next("appointment")
    assert site.asks(ProposeKeeper(place, manager, deputy), 1) is None
    assert site.asks(ApproveKeeper(number), 2) is None


def _installed(site: TestSite) -> int:
    return register(site, container(site))


def _relocated(site: TestSite) -> int:
    lock, other = known(site, container(site)), container(site)
    assert site.asks(RelocateCombination(lock, other, STATION), 2) is None
    return lock


def _container_moved(site: TestSite) -> int:
    place = container(site)
    lock = known(site, place)
    assert site.asks(MoveContainer(place, "lobby"), 2) is None
    return lock


def _outer_container_moved(site: TestSite) -> int:
    outer = container(site)
    lock = known(site, container(site, outer))
    assert site.asks(MoveContainer(outer, "lobby"), 2) is None
    return lock


def _manager_replaced(site: TestSite) -> int:
    place, people = container(site), [person(site) for _ in range(3)]
    keep(site, place, people[0], people[1])
    lock = known(site, place)
    keep(site, place, people[2], people[1])
    return lock


def _manager_around_replaced(site: TestSite) -> int:
    place, people = container(site, "vault"), [person(site) for _ in range(4)]
    keep(site, "vault", people[0], people[1])
    lock = known(site, place)
    keep(site, "vault", people[2], people[3])
    return lock


def _custodian_replaced(site: TestSite) -> int:
    lock = known(site, container(site))
    assert site.asks(AppointCustodian(lock, 2), 2) is None
    return lock


def _knower_left(site: TestSite) -> int:
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(LeavePerson(who), 1) is None
    return lock


def _knowing(site: TestSite, place: str, who: int) -> int:
    lock = known(site, place)
    assert tell(site, lock, who) is None and open_change(site, lock) is None
    return lock


def _knower_suspended(site: TestSite) -> int:
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(ask.SuspendPerson(who), 2) is None
    return lock


def _right_revoked(site: TestSite) -> int:
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(ask.RevokeRight(site.facts.rights(who, place)[0].access_right), 1) is None
    return lock


def _right_lapsed(site: TestSite) -> int:
    place = container(site)
    who = person(site, place, days=1)
    lock = _knowing(site, place, who)
    site.step(86_401)
    site.turn()
    return lock


def _group(site: TestSite, place: str) -> tuple[int, int, int]:
    """Somebody who may enter as one of a group: person, group and membership."""
    who, team, member = person(site), site.facts.next("team"), site.facts.next("membership")
    right, now = site.facts.next("access_right"), site.clock.now()
    assert site.asks(CreateGroup(), 1) is None
    span = timestamp(now), timestamp(now + timedelta(days=100))
    assert site.asks(ask.RequestRight(None, place, "always", *span, team), 1) is None
    assert site.asks(ask.ApproveRight(right), 2) is None
    assert site.asks(RequestMembership(team, who), 1) is None
    assert site.asks(ApproveMembership(member), 2) is None
    return who, team, member


def _membership_ended(site: TestSite) -> int:
    place = container(site)
    who, _, member = _group(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(EndMembership(member), 1) is None
    return lock


def _group_closed(site: TestSite) -> int:
    place = container(site)
    who, team, _ = _group(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(CloseGroup(team), 1) is None
    return lock


def _knower_removed(site: TestSite) -> int:
    place = container(site)
    lock = _knowing(site, place, person(site, place))
    number = one(site, "select max(knower) from knower where combination = ?", lock)
    assert site.asks(RemoveKnower(number), 2) is None
    return lock


def _knower_added(site: TestSite) -> int:
    place = container(site)
    lock = known(site, place, change_when_added=True)
    assert tell(site, lock, person(site, place)) is None
    return lock


def _reported(reason: str) -> Callable[[TestSite], int]:
    def reported(site: TestSite) -> int:
        lock = known(site, container(site))
        assert site.asks(ReportCombination(lock, reason), 3) is None, "a guard may, whatever the scope"
        return lock

    return reported


def _retired(site: TestSite) -> int:
    lock = known(site, container(site))
    assert site.asks(RetireCombination(lock), 2) is None
    return lock


def _age(site: TestSite) -> int:
    changed_on = (site.clock.now() - timedelta(days=340)).date().isoformat()
    lock = register(site, container(site), changed_on=changed_on)
    site.step(LOOK_S)
    site.turn()
    return lock


CASES: list[tuple[str, Callable[[TestSite], int], int | None]] = [
    ("installation", _installed, 7),
    ("relocation", _relocated, 7),
    ("relocation", _container_moved, 7),
    ("relocation", _outer_container_moved, 7),
    ("manager", _manager_replaced, 7),
    ("manager", _manager_around_replaced, 7),
    ("manager", _custodian_replaced, 7),
    ("knower_removed", _knower_left, 7),
    ("knower_removed", _knower_suspended, 7),
    ("knower_removed", _right_revoked, 7),
    ("knower_removed", _membership_ended, 7),
    ("knower_removed", _group_closed, 7),
    ("knower_removed", _knower_removed, 7),
    ("knower_removed", _right_lapsed, 7),
    ("knower_added", _knower_added, 7),
    ("leak", _reported("leak"), 1),
    ("found_open", _reported("found_open"), 1),
    ("repair", _reported("repair"), 7),
    ("lockout", _reported("lockout"), 7),
    ("retirement", _retired, 7),
    ("age", _age, None),
]


@pytest.mark.parametrize(("reason", "happens", "days"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_it_opens_a_change_at_once(
    site: TestSite, reason: str, happens: Callable[[TestSite], int], days: int | None
) -> None:
    """Each trigger, recorded wherever, opens the lock's change in the same turn, due in days, and somebody is chased (C8.4)."""
    lock = happens(site)

    change = open_change(site, lock)
    assert reasons(site, change) == [reason]
    due = one(site, "select due_at from combination_change where combination_change = ?", change)
    tokyo = timedelta(hours=9)
    if days is None:
        assert due == one(site, "select due_at from combination where combination = ?", lock)
        assert one(site, "select 1 from due where due = ?", f"combination:{lock}") == 1
    else:
        last = (site.clock.now() + tokyo).date() + timedelta(days=days + 1)
        assert due == timestamp(datetime(last.year, last.month, last.day, tzinfo=UTC) - tokyo)
        assert one(site, "select due_at from due where due = ?", f"change:{change}") == due
    assert open_change(site, lock) == change and reasons(site, change) == [reason], "and one only, by the next look too"


def test_every_trigger_has_a_case_and_every_record_of_the_table_a_kind() -> None:
    """No trigger is without its proof; the table names no record that does not exist, and no trigger that is none."""
    assert {reason for reason, _, _ in CASES} == set(TRIGGERS)
    assert set(FOLLOWS) <= {kind for kind, _ in KINDS}
    assert {trigger for triggers in FOLLOWS.values() for trigger in triggers} == set(TRIGGERS)


def test_several_triggers_join_one_change(site: TestSite) -> None:
    """While a change is open others join it: all reasons are listed, and the earliest due date counts (C8.4)."""
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(ReportCombination(lock, "repair"), 3) is None
    change = open_change(site, lock)
    late = one(site, "select due_at from combination_change where combination_change = ?", change)

    assert site.asks(ask.SuspendPerson(who), 2) is None
    assert site.asks(ReportCombination(lock, "leak"), 3) is None
    assert site.asks(MoveContainer(place, "lobby"), 2) is None

    assert open_change(site, lock) == change
    assert reasons(site, change) == ["repair", "knower_removed", "leak", "relocation"]
    due = one(site, "select due_at from combination_change where combination_change = ?", change)
    assert due < late and one(site, "select due_at from due where due = ?", f"change:{change}") == due
    site.step(LOOK_S)
    again = [record.kind for record in site.turn() if record.kind != "due.reached"]
    assert again == [], "what is accounted for asks for nothing again"


def test_who_may_not_know_it_any_more_does_until_it_is_changed(site: TestSite) -> None:
    """A knower who is suspended stays in the ledger as one who still knows the number, and leaves it with the change (C8.2)."""
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    assert site.asks(ask.SuspendPerson(who), 2) is None
    assert knowers(site, lock, ["removed"]) == {who} and who not in knowers(site, lock)

    whole_change(site, lock)

    assert knowers(site, lock, ["former"]) == {who}
    assert knowers(site, lock) == {1, 2}
    site.step(LOOK_S)
    assert site.turn() == [] and open_change(site, lock) is None


def test_who_leaves_is_told_beforehand_which_numbers_they_know(site: TestSite) -> None:
    """What ends with a leaver lists the numbers that they know; in the turn in which they leave their changes open (C7.4)."""
    place = container(site)
    who = person(site, place)
    locks = [_knowing(site, place, who), _knowing(site, place, who)]
    ends = [held for held in person_facts.held(site.facts.connection, who) if held.table == "knower"]
    assert [int(held.shown) for held in ends] == locks
    assert {ending.to_do for ending in ENDINGS if ending.table == "knower"} == {CHANGE}

    assert site.asks(LeavePerson(who), 1) is None

    assert [reasons(site, open_change(site, lock)) for lock in locks] == [["knower_removed"]] * 2
    causes = site.ledger.connection.execute("select cause from knower where person = ?", (who,)).fetchall()
    assert causes == [("left",), ("left",)]


def test_the_days_are_the_sites(tmp_path: Path) -> None:
    """How old a number may be and how soon it is changed are settings of the site; a lock may have a shorter age (C8.3)."""
    text = STATION_TOML.replace("[calendar]", "[combination]\nmax_age_days = 180\nchange_days = 3\nleak_days = 0\n[calendar]")
    site = combination_site(tmp_path, text)
    first, second = register(site), register(site, max_age_days=30)
    assert one(site, "select due_at from combination_change where combination = ?", first) == "2026-11-27T15:00:00.000000Z"
    for lock in (first, second):
        whole_change(site, lock)
    due = site.ledger.connection.execute("select due_at from combination order by combination").fetchall()
    assert due == [("2027-05-22T15:00:00.000000Z",), ("2026-12-23T15:00:00.000000Z",)]
    assert site.asks(ReportCombination(first, "leak"), 3) is None
    change = open_change(site, first)
    assert one(site, "select due_at from combination_change where combination_change = ?", change)[:10] == "2026-11-24"
    site.close()


def test_a_leak_is_an_alarm(site: TestSite) -> None:
    """A number that leaked and a lock that was found open stand among the alarms of the ledger; a repair does not."""
    found = {}
    for reason in ("leak", "found_open", "repair"):
        lock = _reported(reason)(site)
        records = [r for r in site.records() if r.kind == "combination.reported" and r.body.combination == lock]
        found[reason] = facets(records[-1]).result
    assert found == {"leak": "alarm", "found_open": "alarm", "repair": ""}


def test_what_is_undone_in_the_same_turn_has_happened(site: TestSite) -> None:
    """Who is suspended and back within one turn, and a safe that is moved and moved back, are triggers all the same (C8.4)."""
    place = container(site)
    who = person(site, place)
    lock = _knowing(site, place, who)
    bodies = ((ask.SuspendPerson(who), 2), (ask.ReinstatePerson(who), 1))
    site.turn(*(RequestReceived(site.request(body, operator)) for body, operator in bodies))
    assert site.facts.person_state(who) == "active" and knowers(site, lock, ["removed"]) == {who}
    assert reasons(site, open_change(site, lock)) == ["knower_removed"]

    other = container(site)
    lock = known(site, other)
    site.turn(*(RequestReceived(site.request(MoveContainer(other, zone), 2)) for zone in ("lobby", "lab")))
    assert reasons(site, open_change(site, lock)) == ["relocation"]
    site.step(LOOK_S)
    assert [record.kind for record in site.turn() if record.kind.startswith("combination")] == []


def test_dates_count_only_by_a_trusted_clock(site: TestSite) -> None:
    """By a clock that is set a year ahead nobody knows a number less and none is too old; a suspension counts at once."""
    place = container(site)
    who, other = person(site, place, days=2), person(site, place)
    lock = _knowing(site, place, who)
    assert tell(site, lock, other) is None
    site.clock.declare("unsynced")
    site.clock.jump(timedelta(days=400))
    site.step(LOOK_S)
    site.turn()
    assert knowers(site, lock) == {1, 2, who, other} and open_change(site, lock) is None

    assert site.asks(ask.SuspendPerson(other), 2, expires_at=None) is None

    assert knowers(site, lock, ["removed"]) == {other}
    assert reasons(site, open_change(site, lock)) == ["knower_removed"]
    site.clock.jump(-timedelta(days=400))
    site.clock.declare("declared")
    site.step(LOOK_S)
    site.turn()
    assert who in knowers(site, lock), "it was the wrong time"
