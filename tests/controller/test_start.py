"""One operator alone, in any order of requests, failing commits and restarts: what holds until another has reviewed it."""

import shutil
import sqlite3
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sites import TestSite, digest, fast_folder, give_right, make_site, stored_tables, tap

from controller.inbox import RequestReceived
from controller.ledger.verify import verify_file
from controller.record import asks as ask
from controller.record import requests
from controller.record.canonical import timestamp
from controller.record.envelope import Record
from controller.rules.authority import DECIDING

numbers = st.integers(0, 4)
words = st.sampled_from(["lobby", "lab", "vault", "always", "office", "front/in", "front", "lost"])


def body_of(kind: str, draw: Any) -> msgspec.Struct:
    """A request of this kind, its numbers and ids drawn, mostly of things that are there."""
    struct = requests.KINDS[kind]
    fields = {}
    for field in msgspec.structs.fields(struct):
        if field.name in ("from_at", "until_at"):
            fields[field.name] = draw(st.sampled_from(["2026-11-24T00:00:00.000000Z", "2027-11-24T00:00:00.000000Z"]))
        elif field.name in ("zone", "schedule", "reader", "portal", "state"):
            good = {"zone": "lab", "schedule": "always", "reader": "front/in", "portal": "front", "state": "lost"}
            fields[field.name] = draw(st.one_of(st.just(good[field.name]), words))
        elif field.name == "upto":
            fields[field.name] = draw(st.integers(0, 200))
        else:
            fields[field.name] = draw(st.one_of(st.just(1), numbers))
    return struct(**fields)


CHANGING = sorted(kind for kind in requests.KINDS if not kind.startswith("query/"))


class Alone(RuleBasedStateMachine):
    """A site begun by one operator, who has any roles; a second one may be written down, and may review."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fast_folder()
        self.boots = 1
        self.seen = 0
        self.alone = False
        self.others: set[int] = set()
        self.site: TestSite

    @initialize(roles=st.one_of(st.just(set(DECIDING)), st.sets(st.sampled_from(DECIDING), min_size=1)))
    def begin(self, roles: set[str]) -> None:
        self.site = make_site(self.folder)
        self.site.console("trust", key=self.site.dashboard.public.text())
        self.site.console("operator.add", name="一人", roles=sorted(roles), scope=["*"])
        assert self.site.console("start.alone", operator=1)["code"] is None
        self.dashboard = self.site.dashboard

    def teardown(self) -> None:
        if hasattr(self, "site"):
            live, mark = stored_tables(self.site.ledger.connection), self.site.ledger.mark
            self.site.ledger.rebuild()
            assert (stored_tables(self.site.ledger.connection), self.site.ledger.mark) == (live, mark)
            self.site.loop.stop()
            assert verify_file(self.site.path, key=self.site.vkey).ok
            self.site.close()
        shutil.rmtree(self.folder)

    # what happens

    @rule(kinds=st.lists(st.sampled_from(CHANGING), min_size=1, max_size=4), data=st.data())
    def first_asks(self, kinds: list[str], data: st.DataObject) -> None:
        bodies = [body_of(kind, data.draw) for kind in kinds]
        self.site.turn(*(RequestReceived(self.site.request(body, 1)) for body in bodies))

    @rule()
    def first_tries_the_whole_way(self) -> None:
        """A person, a badge, a right, and its approval, all alone."""
        person, right = self.site.facts.next("person"), self.site.facts.next("access_right")
        self.site.asks(ask.RegisterPerson(), 1)
        credential = digest(f"card:{person}")
        self.site.console("enrol.card", person=person, credential=credential, assurance=2, label="x")
        until = timestamp(self.site.clock.now().replace(year=2027))
        self.site.asks(ask.RequestRight(person, "lab", "always", timestamp(self.site.clock.now()), until), 1)
        assert self.site.asks(ask.ApproveRight(right), 1) is not None
        self.site.turn(tap("lab-door/in", f"card:{person}"))

    @rule(roles=st.sets(st.sampled_from(DECIDING), min_size=1), person=st.sampled_from([None, None, 1]))
    def another_is_written_down(self, roles: set[str], person: int | None) -> None:
        said = self.site.console("operator.add", name="別人", roles=sorted(roles), scope=["*"], person=person)
        if said["code"] is None:
            self.others.add(said["records"][0]["operator"])

    @rule(kind=st.sampled_from(CHANGING), operator=st.integers(2, 4), data=st.data())
    def another_asks(self, kind: str, operator: int, data: st.DataObject) -> None:
        self.site.asks(body_of(kind, data.draw), operator)

    @rule(operator=st.integers(1, 4))
    def somebody_reviews(self, operator: int) -> None:
        self.site.asks(ask.ReviewStart(1, self.site.ledger.size), operator)

    @rule()
    def commit_fails(self) -> None:
        self.site.connection.breaks = lambda text: text == "commit"
        request = RequestReceived(self.site.request(ask.ReviewStart(1, self.site.ledger.size), 2))
        with pytest.raises(sqlite3.OperationalError):
            self.site.loop.turn([request])
        self.site.connection.breaks = lambda text: False

    @rule()
    def restart(self) -> None:
        self.site.close()
        self.boots += 1
        self.site = make_site(self.folder, clock=self.site.clock, boot=f"boot-{self.boots}")
        self.site.dashboard = self.dashboard

    # what holds

    @invariant()
    def each_record_is_right(self) -> None:
        """By the records alone: the mark, and what stands between start and review."""
        if hasattr(self, "site"):
            for record in self.site.records(self.seen + 1):
                self.judge(record)
                self.seen = record.seq
            active = "select count(*) from access_right where state = 'active'"
            assert not self.alone or self.site.ledger.connection.execute(active).fetchone() == (0,)

    def judge(self, record: Record) -> None:
        if record.kind == "start.single":
            assert not self.alone and record.by == "console"
            self.alone = True
        if record.kind == "start.reviewed":
            assert (
                self.alone and record.by == f"operator:{record.body.operator}" and record.body.operator in self.others
            )
            self.alone = False
        assert record.mark == ("alone" if self.alone else "")
        assert not (self.alone and record.kind in ("right.approved", "person.reinstated", "entry.granted"))


TestAlone = Alone.TestCase
TestAlone.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def begun_alone(folder: Any) -> TestSite:
    """A site whose one operator has every role, and who has begun alone."""
    site = make_site(folder)
    site.console("trust", key=site.dashboard.public.text())
    site.console("operator.add", name="一人", roles=list(DECIDING), scope=["*"])
    assert site.console("start.alone", operator=1)["code"] is None
    return site


def test_a_review_ends_the_mark_and_then_two_make_a_right(tmp_path: Any) -> None:
    """A second operator alone ends nothing; the review does, and from then on asking and approving works as ever (C7.3)."""
    site = begun_alone(tmp_path)
    site.console("operator.add", name="二人目", roles=["manager"], scope=["*"])
    assert site.asks(ask.RegisterPerson(), 1) is None
    now = timestamp(site.clock.now())
    right = ask.RequestRight(1, "lab", "always", now, timestamp(site.clock.now().replace(year=2027)))
    assert site.asks(right, 1) is None
    assert site.asks(ask.ApproveRight(1), 2) == "second_person"
    assert site.asks(ask.ReviewStart(1, site.ledger.size), 1) == "second_person"
    assert {record.mark for record in site.records(site.ledger.size)} == {"alone"}

    assert site.asks(ask.ReviewStart(1, site.ledger.size), 2) is None
    assert site.asks(ask.ApproveRight(1), 2) is None

    marked = [record.kind for record in site.records() if record.mark]
    assert marked[0] == "start.single" and "start.reviewed" not in marked and "right.approved" not in marked
    assert site.console("start.alone", operator=1)["code"] == "subject"
    give_right(site, 1, "vault")
    site.close()


def test_what_was_done_after_the_list_was_made_is_not_reviewed(tmp_path: Any) -> None:
    """A review that ends before the last thing done alone is refused; doors and taps in between do not matter."""
    site = begun_alone(tmp_path)
    site.console("operator.add", name="二人目", roles=["manager"], scope=["*"])
    seen = site.ledger.size
    site.turn(tap("front/in", "card:9"))
    assert site.asks(ask.RegisterPerson(), 1) is None
    assert site.asks(ask.ReviewStart(1, seen), 2) == "subject"

    seen = site.ledger.size
    site.turn(tap("front/in", "card:9"))
    assert site.asks(ask.ReviewStart(1, seen), 2) is None
    site.close()


def test_one_operator_who_said_nothing_does_nothing(tmp_path: Any) -> None:
    """A forgotten second operator shows on the first day: until there are two, or one has begun alone, requests are refused."""
    site = make_site(tmp_path)
    site.console("trust", key=site.dashboard.public.text())
    site.console("operator.add", name="一人", roles=list(DECIDING), scope=["*"])
    assert [site.asks(body, 1) for body in (ask.RegisterPerson(), ask.ReleasePortal("front"))] == ["second_person"] * 2
    assert site.actuator.releases() == [] and not any(record.mark for record in site.records())

    site.console("operator.add", name="二人目", roles=["manager"], scope=["*"])
    assert site.asks(ask.RegisterPerson(), 1) is None
    site.close()
