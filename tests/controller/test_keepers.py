"""Each place has a manager and a deputy, who are two people and are here; two operators appoint them (C3.1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, make_site, people

from controller.record import asks as ask
from controller.record.asks.container import RegisterContainer, RetireContainer
from controller.record.asks.keeper import ApproveKeeper, DeclineKeeper, ProposeKeeper
from controller.record.asks.person import LeavePerson
from controller.storage_facts import keepers


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The small site, whose vault lies in its lab; a safe stands in the vault."""
    text = SITE_TOML.replace('id = "vault"\n', 'id = "vault"\ninside = "lab"\n', 1)
    site = people(make_site(tmp_path, text=text))
    assert site.asks(RegisterContainer("safe-a", "safe", "vault", "combination")) is None
    yield site
    site.close()


def appoint(site: TestSite, place: str, manager: int, deputy: int) -> str | None:
    """Proposed by operator 1, approved by operator 2; the code of the first that was refused."""
    number = site.facts.next("appointment")
    return site.asks(ProposeKeeper(place, manager, deputy), 1) or site.asks(ApproveKeeper(number), 2)


def owed(site: TestSite) -> list[tuple[str, int, str]]:
    return site.ledger.connection.execute("select sort, number, place from due").fetchall()


def of(site: TestSite, place: str) -> tuple[int | None, int | None]:
    return keepers.of(site.ledger.connection, place)


def test_a_place_without_its_own_is_answered_for_by_the_place_around_it(site: TestSite) -> None:
    """First nobody, then the lab's for all within it, then the safe's own; another place's never."""
    assert of(site, "safe-a") == (None, None)
    assert appoint(site, "lab", 1, 2) is None
    assert (of(site, "safe-a"), of(site, "vault"), of(site, "lab")) == ((1, 2),) * 3
    assert of(site, "lobby") == of(site, "nowhere") == (None, None)
    assert appoint(site, "safe-a", 4, 1) is None
    assert (of(site, "safe-a"), of(site, "vault")) == ((4, 1), (1, 2))


@pytest.mark.parametrize(
    ("place", "manager", "deputy", "code"),
    [
        ("lab", 1, 1, "second_person"),
        ("lab", 1, 3, "subject"),  # suspended
        ("lab", 99, 1, "subject"),
        ("attic", 1, 2, "subject"),
    ],
)
def test_who_cannot_answer_for_a_place(site: TestSite, place: str, manager: int, deputy: int, code: str) -> None:
    """Not one person twice, nobody suspended or unknown, and for no place that is none."""
    assert site.asks(ProposeKeeper(place, manager, deputy)) == code


def test_nobody_appoints_alone(site: TestSite) -> None:
    """Not who proposed it, nor another operator of the same human; a guard neither; and once only."""
    site.console("operator.add", name="別名", roles=["manager"], scope=["*"], person=4)
    site.console("operator.add", name="同人", roles=["manager"], scope=["*"], person=4)
    assert site.asks(ProposeKeeper("lab", 1, 2), 5) is None
    assert site.asks(ApproveKeeper(1), 5) == "second_person"
    assert site.asks(ApproveKeeper(1), 6) == "second_person"
    assert site.asks(ApproveKeeper(1), 3) == "role"
    assert of(site, "lab") == (None, None)
    assert site.asks(ApproveKeeper(1), 2) is None
    assert site.asks(ApproveKeeper(1), 2) == "subject"
    assert site.asks(ProposeKeeper("lab", 2, 1), 5) is None
    assert site.asks(DeclineKeeper(2), 5) is None
    assert (of(site, "lab"), site.asks(ApproveKeeper(2), 2)) == ((1, 2), "subject")


def test_who_leaves_or_is_suspended_answers_for_nothing(site: TestSite) -> None:
    """A suspended deputy does not count until they are back; a leaver's charge ends by its record, and the lab's stand in."""
    assert appoint(site, "lab", 1, 2) is None
    assert appoint(site, "vault", 4, 1) is None

    assert site.asks(ask.SuspendPerson(1)) is None
    assert of(site, "vault") == (4, 2) and keepers.own(site.ledger.connection, "vault") == (4, None)
    assert site.asks(ask.ReinstatePerson(1), 2) is None
    assert of(site, "vault") == (4, 1)

    before = site.ledger.size
    assert site.asks(LeavePerson(4)) is None
    assert "keeper.ended" in site.kinds(before + 1)
    assert of(site, "vault") == (1, 1)
    assert owed(site) == [("keeper", 2, "vault")]
    assert site.asks(ProposeKeeper("vault", 4, 1)) == "subject"
    assert appoint(site, "vault", 2, 1) is None
    assert (of(site, "vault"), owed(site)) == ((2, 1), [])


def test_who_leaves_before_the_approval_is_not_appointed(site: TestSite) -> None:
    """The approval looks again at whether both are still here."""
    assert site.asks(ProposeKeeper("lab", 1, 4), 1) is None
    assert site.asks(LeavePerson(4)) is None
    assert site.asks(ApproveKeeper(1), 2) == "subject"
    assert of(site, "lab") == (None, None)


def test_the_scope_of_a_room_is_that_of_the_containers_in_it(site: TestSite) -> None:
    """Who answers for the vault alone acts on the safe that stands there, and on nothing else (C7.3)."""
    site.console("operator.add", name="保管庫の人", roles=["administrator", "manager"], scope=["vault"])
    assert site.asks(ProposeKeeper("safe-a", 1, 2), 5) is None
    assert site.asks(ProposeKeeper("lab", 1, 2), 5) == "scope"
    assert site.asks(RegisterContainer("safe-b", "safe", "lab", "key"), 5) == "scope"
    now = site.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    assert site.asks(ask.RequestRight(1, "safe-a", "always", now, "2027-03-31T00:00:00.000000Z"), 5) is None


def test_a_container_out_of_service_misses_nobody(site: TestSite) -> None:
    """Its keepers end with it, and that nobody is named for it is due no more."""
    assert appoint(site, "safe-a", 1, 2) is None
    assert site.asks(RetireContainer("safe-a")) is None
    assert of(site, "safe-a") == (None, None)
    assert owed(site) == []
