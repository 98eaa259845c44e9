"""Groups on the dashboard: what a form asks of the site, and what each page tells and offers (C7.1, C7.3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from example_house import House

from controller.record.kinds.badge import BadgeRetired
from controller.record.kinds.entry import EntryRefused
from controller.record.kinds.membership import MembershipApproved
from controller.record.kinds.trust import OperatorRegistered

from .conftest import Browser
from .test_requests import _asked, _count

SignIn = Callable[[str], Browser]
SPAN = {"schedule": "office", "from": "2026-11-22", "until": "2027-03-31", "purpose": "試作"}
SPAN_ASKED = {"schedule": "office", "from_at": "2026-11-21T15:00:00.000000Z", "until_at": "2027-03-31T15:00:00.000000Z"}


@pytest.fixture
def house(house: House) -> House:
    return house.groups()


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body", "private"),
    [
        ("manager", "/groups/factory/create", {"name": " 金型班 "}, "group.create", {}, {"name": "金型班"}),
        ("admin", "/groups/factory/1/rename", {"name": "試作一班"}, "group.rename", {"team": 1}, {"name": "試作一班"}),
        ("manager", "/groups/factory/1/close", {}, "group.close", {"team": 1}, {}),
        (
            "manager",
            "/groups/factory/1/join?q=%E9%88%B4",
            {"person": "3", "purpose": "配属"},
            "membership.request",
            {"team": 1, "person": 3},
            {"purpose": "配属"},
        ),
        ("suzuki", "/memberships/factory/2/approve", {}, "membership.approve", {"membership": 2}, {}),
        ("manager", "/memberships/factory/1/end", {}, "membership.end", {"membership": 1}, {}),
        (
            "manager",
            "/groups/factory/1/rights/ask",
            {"zone": "server", "manner": "escorted", **SPAN},
            "right.request",
            {"person": None, "team": 1, "zone": "server", "manner": "escorted", **SPAN_ASKED},
            {"purpose": "試作"},
        ),
        ("suzuki", "/rights/factory/102/approve", {}, "right.approve", {"access_right": 102}, {}),
    ],
)
def test_a_form_becomes_a_signed_request(
    house: House,
    signed_in: SignIn,
    name: str,
    address: str,
    fields: dict[str, str],
    kind: str,
    body: dict[str, Any],
    private: dict[str, str],
) -> None:
    """What was typed reaches the site as a request of the operator who is signed in."""
    signed_in(name).post(address, **fields)

    assert _asked(house)[:3] == (kind, body, private)


@pytest.mark.parametrize(
    ("address", "fields", "wrong"),
    [
        ("/groups/factory/create", {"name": " "}, "name"),
        ("/groups/factory/1/join?q=a", {"purpose": "配属"}, "person"),
        ("/groups/factory/1/join?q=a", {"person": "x", "purpose": "配属"}, "person"),
        ("/groups/factory/1/join?q=a", {"person": "1", "purpose": ""}, "purpose"),
        ("/groups/factory/1/rights/ask", {"zone": "lab", "manner": "alone", **SPAN}, "manner"),
        ("/groups/factory/1/rights/ask", {"zone": "lab", **SPAN, "until": ""}, "until"),
    ],
)
def test_a_wrong_field_is_named(
    house: House, signed_in: SignIn, address: str, fields: dict[str, str], wrong: str
) -> None:
    """A mistake is said at its field, and nothing is asked."""
    answer = signed_in("manager").post(address, **fields)

    assert answer.status_code == 400 and _count(house) == 0
    assert f'href="#f-{wrong}"' in answer.text


def test_nobody_lets_in_whom_they_asked_for(house: House, signed_in: SignIn) -> None:
    """Who asked for a membership is told that another has to approve it, and a POST by hand asks nothing (C7.3)."""
    manager = signed_in("manager")

    assert "You cannot approve your own request." in manager.get("/memberships/factory/2/approve").text
    assert manager.post("/memberships/factory/2/approve").status_code == 200
    assert _count(house) == 0


def test_nobody_approves_for_a_group_that_they_are_in(house: House, signed_in: SignIn) -> None:
    """A manager who is a member, or waits to be, is told so on the approval of the group's right (C7.3)."""
    text = house.private("operator-3", name="suzukiさん").ref()
    house.write(OperatorRegistered(3, ("manager",), ("*",), 8, text, "active"), by="console")
    suzuki = signed_in("suzuki")

    assert "You are in this group" in suzuki.get("/rights/factory/102/approve").text
    assert "You cannot approve your own request." in suzuki.get("/memberships/factory/2/approve").text
    suzuki.post("/rights/factory/102/approve")
    assert _count(house) == 0


def test_a_decided_membership_is_not_decided_again(house: House, signed_in: SignIn) -> None:
    """Who comes second is told so."""
    house.write(MembershipApproved(2, 2, "active"), by="operator:2")

    assert "has been decided already" in signed_in("suzuki").get("/memberships/factory/2/approve").text


def test_the_pages_tell_what_there_is(house: House, signed_in: SignIn) -> None:
    """The list counts, the group names its people and rights, a person shows by which group, what waits is counted (C7.1)."""
    suzuki = signed_in("suzuki")

    assert "旧量産班" not in suzuki.get("/groups").text
    page = suzuki.get("/groups/factory/1").text
    assert "佐藤 一郎" in page and "小林 明" in page and "図面保管庫" not in page and "Drawing store" in page
    person = suzuki.get("/people/factory/2").text
    assert "by the group" in person and "Prototype lab" in person and 'href="/groups/factory/1"' in person
    assert "by the group" not in suzuki.get("/people/factory/8").text
    waiting = suzuki.get("/rights").text
    assert "/memberships/factory/2/approve" in waiting and "/rights/factory/102/approve" in waiting
    assert '<span class="count">5' in waiting
    assert 'href="/groups' not in signed_in("guard").get("/people/factory/2").text
    assert signed_in("auditor").get("/groups/factory/2").text.count("Closed") >= 1


def test_the_ledger_names_group_and_member(house: House, signed_in: SignIn) -> None:
    """A membership's record reads who joins what; a group right's says whose it is."""
    text = signed_in("auditor").get("/ledger?kind=membership.approved").text
    assert "佐藤 一郎" in text and "試作班" in text
    assert "試作班" in signed_in("auditor").get("/ledger?kind=right.approved").text


def test_the_approver_sees_what_is_open(house: House, signed_in: SignIn) -> None:
    """Refused entries of late, lost badges, suspension: on the approval of a right, of a membership, and of a group's right for
    each who is in it; in the approval's line of the ledger too (C7.2)."""
    suzuki = signed_in("suzuki")
    assert "Nothing is open against" in suzuki.get("/memberships/factory/2/approve").text
    for who in (2, 8):
        house.write(BadgeRetired(who, "lost"), by="operator:2")
        refused = EntryRefused("lab", "in", "lab", "right", "c", "…", who, who, 2)
        house.write(refused, refused, by=f"person:{who}")

    joining = suzuki.get("/memberships/factory/2/approve").text
    assert "A badge of theirs is lost" in joining and "2 times in 30 days" in joining
    assert "Open against 佐藤 一郎" in suzuki.get("/rights/factory/102/approve").text
    assert "Open against 小林 明" in suzuki.get("/rights/factory/8/approve").text
    house.time += timedelta(days=31)
    later = signed_in("suzuki").get("/memberships/factory/2/approve").text
    assert "A badge of theirs is lost" in later and "30 days" not in later
    house.write(MembershipApproved(2, 3, "active", ("lost_badge", "pledge:nda")), by="operator:3")
    line = signed_in("suzuki").get("/ledger?kind=membership.approved").text
    assert "A badge of theirs is lost" in line and "(pledge:nda)" in line
