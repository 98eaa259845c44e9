"""Reviews at a site with a ledger: what is not decided in time opens nothing, from that moment on (C7.4)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import TestSite, give_right, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.inbox import RequestReceived
from controller.ledger.verify import verify_file
from controller.record import asks as ask
from controller.record.asks.group import ApproveMembership, CreateGroup, RequestMembership
from controller.record.asks.review import KeepRight, OpenReview
from controller.record.canonical import timestamp

LOBBY_1, LAB_1, LOBBY_2 = 1, 2, 3
"""Rights of persons 1 and 2; operator 1 asked for them and operator 2 approved."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = reviewed(tmp_path)
    yield site
    site.close()


def reviewed(folder: Path, zones: tuple[str, ...] = ("lobby",)) -> TestSite:
    """A site with a review of the lobby, due on the 26th; operator 5 may decide in it."""
    site = people(make_site(folder))
    site.console("operator.add", name="見直し", roles=["custodian"], scope=["*"])
    assert site.asks(OpenReview(zones, "2026-11-26"), 5) is None
    return site


def entered(site: TestSite, card: str = "card:1", reader: str = "front/in") -> str:
    record = next(r for r in site.turn(tap(reader, card)) if r.kind.startswith("entry."))
    return "granted" if record.kind == "entry.granted" else record.body.code


def right(site: TestSite, number: int) -> dict[str, object]:
    return stored_tables(site.ledger.connection)["access_right"][number,]


def until_due(site: TestSite) -> None:
    """To the end of the 26th in Tokyo."""
    site.clock.step_to(site.clock.now().replace(day=26, hour=15, minute=0, second=0, microsecond=0))


def test_what_is_decided_holds_and_the_rest_is_suspended(site: TestSite) -> None:
    """The right that somebody kept opens after the due date; others of the zone say `review`; other zones are as before."""
    assert site.asks(KeepRight(LOBBY_1), 5) is None
    site.clock.step_to(site.clock.now().replace(day=26, hour=14, minute=59, second=59))
    assert (entered(site), entered(site, "card:2")) == ("granted", "granted")
    until_due(site)

    kinds = [record.kind for record in site.turn()]

    assert kinds.count("right.suspended") == 3 and kinds[-1] == "right.suspended"
    assert [r.kind for r in site.turn()] == ["review.closed"]
    assert (entered(site), entered(site, "card:2")) == ("granted", "review")
    assert entered(site, "card:2", "lab-door/in") == "granted"
    assert right(site, LOBBY_2)["state"] == "suspended"
    assert site.judgement.next_due_s(site.loop._now(), {}) is None or site.turn() == []


def test_a_tap_in_the_very_turn_is_too_late(site: TestSite) -> None:
    """The first tap behind the due date finds the right suspended, though no record says so yet."""
    until_due(site)

    records = site.turn(tap("front/in", "card:1"))

    assert (records[0].kind, records[0].body.code) == ("entry.refused", "review")


def test_a_controller_that_was_off_over_the_date(tmp_path: Path) -> None:
    """After days without power the first tap is refused, and what is late is suspended then."""
    site = reviewed(tmp_path, ("*",))
    site.close()
    again = make_site(tmp_path, clock=SteppedClock(site.clock.now() + timedelta(days=9)), boot="boot-2")

    records = again.turn(tap("front/in", "card:1"))

    assert records[0].body.code == "review"
    assert sum(record.kind == "right.suspended" for record in records) == 8
    again.close()


def test_a_clock_that_runs_ahead_suspends_nothing_for_good(tmp_path: Path) -> None:
    """By a clock that is not trusted the right opens nothing, but it is suspended only once that is sure."""
    site = reviewed(tmp_path)
    site.close()
    ahead = SteppedClock(site.clock.now() + timedelta(days=30), "unsynced")
    again = make_site(tmp_path, clock=ahead, boot="boot-2")

    assert entered(again) == "review"
    assert again.turn() == [] and right(again, LOBBY_1)["state"] == "active"
    again.close()


def test_it_comes_back_by_an_eligible_word_only(site: TestSite) -> None:
    """A suspended right is brought back by neither who asked for it nor who approved it, and not by an old request."""
    late = site.request(KeepRight(LOBBY_1), 5)
    until_due(site)
    site.turn()
    site.turn()

    assert site.asks(KeepRight(LOBBY_1), 1) == "second_person"
    assert site.asks(KeepRight(LOBBY_1), 2) == "second_person"
    assert site.asks(KeepRight(LOBBY_1), 3) == "role"
    site.turn(RequestReceived(late))
    assert site.committed_replies()[-1].code == "freshness"
    assert site.asks(KeepRight(LOBBY_1), 5, expires_at=None) == "freshness"
    assert entered(site) == "review"

    assert site.asks(KeepRight(LOBBY_1), 5) is None

    assert entered(site) == "granted"
    assert site.asks(KeepRight(LOBBY_1), 5) == "subject", "it is decided"


def test_narrowing(site: TestSite) -> None:
    """A narrower right holds in the hours and until the end that were decided, and who gave it stays on record."""
    until = site.clock.now() + timedelta(days=30)

    assert site.asks(KeepRight(LOBBY_1, "office", timestamp(until)), 5) is None

    found = right(site, LOBBY_1)
    assert (found["schedule"], found["until_at"], found["verdict"]) == ("office", timestamp(until), "narrow")
    assert (found["decided_by"], found["judged_by"], found["review"]) == (2, 5, 1)
    assert entered(site) == "granted"
    site.step(12 * 3600)
    assert entered(site) == "schedule"
    assert entered(site, "card:2") == "granted"


def test_revoking_is_a_decision_too(site: TestSite) -> None:
    """Whoever may revoke does, and nothing of it is suspended or comes back."""
    assert site.asks(ask.RevokeRight(LOBBY_1), 1) is None
    until_due(site)
    site.turn()
    assert site.asks(ask.RevokeRight(LOBBY_2), 1) is None, "a suspended right can be revoked"

    assert {right(site, number)["state"] for number in (LOBBY_1, LOBBY_2)} == {"revoked"}
    assert site.asks(KeepRight(LOBBY_2), 5) == "subject"


def test_what_is_given_later_is_not_in_it(site: TestSite) -> None:
    """A right that was approved after the review began waits for the next one."""
    number = give_right(site, 1, "vault")
    later = give_right(site, 2, "lobby")
    assert site.asks(KeepRight(number), 5) == "subject"
    until_due(site)
    site.turn()

    assert right(site, later)["state"] == "active"


def test_a_groups_right_is_reviewed_as_any(site: TestSite) -> None:
    """A group's right that nobody reviewed lets none of its people in (C7.4)."""
    assert site.asks(CreateGroup()) is None
    assert site.asks(RequestMembership(1, 1)) is None
    assert site.asks(ApproveMembership(1), 2) is None
    now = site.clock.now()
    number = site.facts.next("access_right")
    body = ask.RequestRight(None, "vault", "always", timestamp(now), timestamp(now + timedelta(days=90)), team=1)
    assert site.asks(body) is None
    assert site.asks(ask.ApproveRight(number), 2) is None
    assert site.asks(OpenReview(("vault",), "2026-11-25"), 5) is None
    assert entered(site, "card:1", "vault-door/in") == "granted"
    site.step(2 * 86400)

    assert entered(site, "card:1", "vault-door/in") == "review"


def test_many_are_suspended_some_at_a_time(tmp_path: Path) -> None:
    """More rights than one turn suspends are all suspended after the next ones, and none opens meanwhile (C7.4)."""
    site = people(make_site(tmp_path))
    site.console("operator.add", name="見直し", roles=["custodian"], scope=["*"])
    for _ in range(210):
        give_right(site, 1, "vault")
    assert site.asks(OpenReview(("vault",), "2026-11-26"), 5) is None
    until_due(site)
    assert entered(site, "card:1", "vault-door/in") == "review"
    assert entered(site, "card:1", "vault-door/in") == "review"
    site.turn()

    states = [r["state"] for r in stored_tables(site.ledger.connection)["access_right"].values() if r["zone"] == "vault"]
    assert states == ["suspended"] * 210
    assert stored_tables(site.ledger.connection)["review"][1,]["state"] == "closed"
    live = stored_tables(site.ledger.connection)
    site.ledger.rebuild()
    assert stored_tables(site.ledger.connection) == live
    site.loop.sign()
    assert verify_file(site.path, key=site.vkey).ok
    site.close()


def test_a_restart_between_forgets_nothing(tmp_path: Path) -> None:
    """A review that is open is open after a restart, and due on its day."""
    site = reviewed(tmp_path)
    site.close()
    again = make_site(tmp_path, clock=site.clock, boot="boot-2")
    assert entered(again) == "granted"
    until_due(again)

    assert entered(again) == "review"
    again.close()


def test_a_single_person_start_decides_nothing(tmp_path: Path) -> None:
    """Whoever begins alone may open a review, but keeps nothing in it (C7.3)."""
    site = make_site(tmp_path)
    site.console("trust", key=site.dashboard.public.text())
    site.console("operator.add", name="一人", roles=["administrator", "manager"], scope=["*"])
    site.console("start.alone", operator=1)
    assert site.asks(OpenReview(("*",), "2026-12-24")) is None

    assert site.asks(KeepRight(1)) == "second_person"
    site.close()
