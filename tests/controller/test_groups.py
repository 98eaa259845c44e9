"""Groups at a site with a ledger: what a member may, from the approval on and not a tap longer (C7.1, C7.3, C7.4)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import TestSite, digest, make_site, people, stored_tables, tap

from controller.inbox import RequestReceived
from controller.record import asks as ask
from controller.record.asks.group import (
    ApproveMembership,
    CloseGroup,
    CreateGroup,
    DeclineMembership,
    EndMembership,
    RenameGroup,
    RequestMembership,
)
from controller.record.asks.person import ChangePerson, LeavePerson
from controller.record.asks.review import OpenReview
from controller.record.canonical import timestamp


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """Person 5 has a badge and no right; group 1 has one to the lab and nobody in it; operator 5 is person 6."""
    site = people(make_site(tmp_path))
    for number in (5, 6):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=number, credential=digest(f"card:{number}"), assurance=2, label=f"{number}")
    site.console("operator.add", name="兼務", roles=["manager"], scope=["*"], person=6)
    assert site.asks(CreateGroup(), 1) is None
    group_right(site)
    yield site
    site.close()


def group_right(site: TestSite, zone: str = "lab", manner: str = "own", approver: int | None = 2) -> str | None:
    now = site.clock.now()
    body = ask.RequestRight(None, zone, "always", timestamp(now), timestamp(now + timedelta(days=9)), 1, manner)
    assert site.asks(body, 1) is None
    return None if approver is None else site.asks(ask.ApproveRight(site.facts.next("access_right") - 1), approver)


def join(site: TestSite, person: int = 5, approver: int = 2) -> str | None:
    assert site.asks(RequestMembership(1, person), 1) is None
    return site.asks(ApproveMembership(site.facts.next("membership") - 1), approver)


def entered(site: TestSite, card: str = "card:5") -> str:
    """What a tap at the lab says: `granted`, or the code of what is missing."""
    (record,) = site.turn(tap("lab-door/in", card))
    return "granted" if record.kind == "entry.granted" else record.body.code


def test_a_member_has_the_groups_rights(site: TestSite) -> None:
    """The right opens for whoever was let into the group, from the approval on, and the entry names that right (C7.1, C7.3)."""
    assert entered(site) == "right"
    assert site.asks(RequestMembership(1, 5), 1) is None
    assert entered(site) == "right"
    assert site.asks(ApproveMembership(1), 1) == "second_person"
    assert site.asks(ApproveMembership(1), 2) is None

    assert entered(site) == "granted"
    (granted,) = [r for r in site.records() if r.kind == "entry.granted"]
    assert granted.body.access_right == site.facts.next("access_right") - 1
    (right,) = site.facts.rights(5, "lab")
    approved = {r.kind: r.seq for r in site.records() if r.kind in ("right.approved", "membership.approved")}
    assert (right.team, right.seq, right.through) == (1, approved["right.approved"], approved["membership.approved"])


@pytest.mark.parametrize(
    "body", [EndMembership(1), CloseGroup(1), LeavePerson(5), ask.SuspendPerson(5)], ids=lambda body: type(body).__name__
)
def test_what_ends_ends_at_once(site: TestSite, body: object) -> None:
    """A tap just behind the request that ends it is refused, before anything is committed, and after a rebuild too (C7.4)."""
    assert join(site) is None
    made = site.request(body, 1)  # type: ignore[arg-type]

    records = site.turn(RequestReceived(made), tap("lab-door/in", "card:5"))

    assert records[-1].kind == "entry.refused"
    site.ledger.rebuild()
    assert entered(site) in ("right", "active_badge", "active_person")
    for number in ("1", "2"):
        site.turn(RequestReceived(made))
        assert entered(site) != "granted", number


def test_joining_again_is_asked_and_approved_again(site: TestSite) -> None:
    """Whoever has left joins by a new membership, and the approval of the old one opens nothing again."""
    assert site.asks(RequestMembership(1, 5), 1) is None
    approval = site.request(ApproveMembership(1), 2)
    site.turn(RequestReceived(approval))
    assert site.asks(EndMembership(1), 1) is None
    site.turn(RequestReceived(approval))
    assert entered(site) == "right"
    assert site.asks(ApproveMembership(1), 2) == "subject"

    assert join(site) is None
    assert entered(site) == "granted"


def test_no_way_around_the_second_person(site: TestSite) -> None:
    """Who is in a group, or waits to be, approves none of its rights; who would join does not let themselves in (C7.3)."""
    assert join(site, 6, approver=5) == "second_person"
    assert group_right(site, "lobby", approver=5) == "second_person"
    assert site.asks(DeclineMembership(1), 2) is None
    assert site.asks(ask.ApproveRight(site.facts.next("access_right") - 1), 5) is None


def test_scope_covers_all_that_the_group_may(site: TestSite) -> None:
    """Who answers for one of the group's zones lets nobody in who could then enter the other (C7.3)."""
    site.console("operator.add", name="試作室長", roles=["manager"], scope=["lab"])
    assert group_right(site, "vault") is None
    assert join(site, approver=6) == "scope"
    assert site.asks(EndMembership(1), 6) is None


@pytest.mark.parametrize(("manner", "said"), [("own", "granted"), ("escort", "granted"), ("escorted", "escort")])
def test_manner(site: TestSite, manner: str, said: str) -> None:
    """A right to be escorted opens nothing for one who comes alone (C7.7)."""
    assert site.asks(ask.RevokeRight(site.facts.next("access_right") - 1), 1) is None
    assert group_right(site, manner=manner) is None
    assert join(site) is None

    assert entered(site) == said


def test_no_right_is_asked_beyond_the_leaving_date(site: TestSite) -> None:
    """A right that would outlast the day on which the person leaves is refused, one to its end is not (C7.2)."""
    assert site.asks(ChangePerson(5, "2026-11-26"), 1, private={}) is None
    now = site.clock.now()

    def asked(days: float) -> str | None:
        return site.asks(ask.RequestRight(5, "lab", "always", timestamp(now), timestamp(now + timedelta(days=days))), 1)

    assert asked(3) == "validity"
    assert asked(2.625) is None  # 2026-11-27 00:00 in Tokyo
    assert site.committed_replies()[-2].place == "body.until_at"


def test_a_leaver_is_in_no_group(site: TestSite) -> None:
    """Memberships that hold or were asked for end with the person (C7.4)."""
    assert join(site) is None
    assert site.asks(RequestMembership(1, 6), 1) is None
    for person in (5, 6):
        assert site.asks(LeavePerson(person), 1) is None

    assert [row["state"] for row in stored_tables(site.ledger.connection)["membership"].values()] == ["ended", "ended"]
    assert site.asks(ApproveMembership(2), 2) == "subject"


def test_the_erased_leave_no_purpose_behind(site: TestSite) -> None:
    """Why somebody joined is written about them and goes with them; the group's own texts stay (design §4)."""
    assert join(site) is None
    assert site.asks(ask.SuspendPerson(5), 1) is None
    assert site.asks(ask.ErasePerson(5, "unneeded"), 2) is None

    query = "select id from private where id like 'membership-%' and salt not like '--%'"
    assert site.ledger.connection.execute(query).fetchall() == []
    assert site.ledger.connection.execute("select count(*) from private where id = 'team-1'").fetchone() == (1,)
    assert stored_tables(site.ledger.connection)["membership"][1,]["state"] == "ended"


def test_a_name_is_a_next_version(site: TestSite) -> None:
    """A group's new name is kept as the next version of its private row."""
    assert site.asks(RenameGroup(1), 1, private={"name": "量産班"}) is None

    assert stored_tables(site.ledger.connection)["team"][1,]["private_version"] == 2
    assert site.asks(RenameGroup(2), 1) == "subject"


def test_a_closed_group_stays_closed(site: TestSite) -> None:
    """Nobody joins a closed group, it gets no right, and what waited for it is not approved (C7.3)."""
    assert site.asks(RequestMembership(1, 5), 1) is None
    assert site.asks(CloseGroup(1), 1) is None
    now = timestamp(site.clock.now() + timedelta(days=1))

    assert site.asks(ApproveMembership(1), 2) == "subject"
    assert site.asks(RequestMembership(1, 6), 1) == "subject"
    assert site.asks(ask.RequestRight(None, "lab", "always", timestamp(site.clock.now()), now, 1), 1) == "subject"
    assert site.asks(CloseGroup(1), 1) == "subject"


def test_an_approval_names_what_was_open_against_the_person(site: TestSite) -> None:
    """A lost badge and a leaving date stand in the record of what was approved in spite of them, and stop nothing (C7.2)."""
    assert join(site) is None
    assert site.records()[-2].body.despite == ()
    assert site.asks(ask.RetireBadge(5, "lost"), 1) is None
    assert site.asks(ChangePerson(5, "2027-03-31"), 1, private={}) is None
    now = site.clock.now()
    body = ask.RequestRight(5, "vault", "always", timestamp(now), timestamp(now + timedelta(days=9)))
    assert site.asks(body, 1) is None
    assert site.asks(ask.ApproveRight(site.facts.next("access_right") - 1), 2) is None

    assert site.records()[-2].body.despite == ("leaving", "lost_badge")


def test_a_right_that_waits_for_its_review_ends_with_the_group(site: TestSite) -> None:
    """What was suspended because nobody reviewed it ends when the group is closed, and no review brings it back (C7.4)."""
    assert join(site) is None
    assert site.asks(OpenReview(("lab",), "2026-11-25"), 2) is None
    site.step(3 * 86400)
    site.turn()
    number = site.facts.next("access_right") - 1
    assert stored_tables(site.ledger.connection)["access_right"][number,]["state"] == "suspended"

    assert site.asks(CloseGroup(1), 1) is None

    assert stored_tables(site.ledger.connection)["access_right"][number,]["state"] == "revoked"
    assert entered(site) != "granted"
