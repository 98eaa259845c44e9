"""Any sequence of badges, requests, clocks and restarts around combination locks, and what must hold after it (C8.2-C8.4).

The oracle stands here, apart from the rules: it folds the ledger of knowers by hand, and asks of every change that ended who
confirmed which of its steps.
"""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from combination_site import STATION, combination_site, operator_of, register
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sites import STATION_TOML, TestSite, digest, fast_folder, give_right, make_site, tap

from controller.record import asks as ask
from controller.record.asks.combination import (
    AddKnower,
    AppointCustodian,
    BeginChange,
    BreakOffChange,
    FinishChange,
    PlanChange,
    RelocateCombination,
    RemoveKnower,
    ReportCombination,
    RetireCombination,
)
from controller.record.asks.person import LeavePerson
from controller.record.envelope import Record
from controller.storage.combinations import LOOK_S

LOCKS = (1, 2)
PEOPLE = (1, 2, 5, 6)
SECOND_BADGE = 8
"""`card:8` is a second badge of person 1."""

locks, everybody = st.sampled_from(LOCKS), st.sampled_from(PEOPLE)
cards = st.sampled_from([*PEOPLE, 1, 2, SECOND_BADGE])


@cache
def prepared() -> Path:
    """The folder of a site with two locks, closed: each run begins with a copy."""
    folder = fast_folder()
    site = combination_site(folder)
    for person in PEOPLE:
        operator_of(site, person)
    site.console("enrol.card", person=1, credential=digest(f"card:{SECOND_BADGE}"), assurance=2, label="8")
    register(site)
    register(site, changed_on="2026-11-01", change_when_added=True)
    _KEPT.append((site.dashboard, site.clock.now()))
    site.close()
    return folder


_KEPT: list[Any] = []


class Combinations(RuleBasedStateMachine):
    """Two locks at one station, four people, and every request and badge in any order."""

    @initialize()
    def open(self) -> None:
        self.folder = fast_folder()
        shutil.copytree(prepared(), self.folder, dirs_exist_ok=True)
        self.dashboard, now = _KEPT[0]
        self.boots = 1
        self.site = self.start(None)
        self.site.clock.step_to(now)
        self.site.turn()
        self.seen = 0
        self.known: dict[int, dict[int, str]] = {lock: {} for lock in LOCKS}
        self.knower_of: dict[int, tuple[int, int]] = {}
        self.steps: dict[int, list[Record]] = {}
        self.plans: dict[int, Any] = {}

    def start(self, clock: Any) -> TestSite:
        self.boots += 1
        site = make_site(self.folder, text=STATION_TOML, clock=clock, boot=f"boot-{self.boots}")
        site.dashboard = self.dashboard
        return site

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()
            shutil.rmtree(self.folder)

    # What happens ---------------------------------------------------------------------------------------------------------

    @rule(card=cards, apart=st.sampled_from([1.0, 5.0, 5.0, 5.0, 130.0]))
    def badge(self, card: int, apart: float) -> None:
        self.site.step(apart)
        self.site.turn(tap(STATION, f"card:{card}"))

    @rule(lock=locks, person=everybody, witness=everybody, knowers=st.lists(everybody, max_size=2))
    def plan(self, lock: int, person: int, witness: int, knowers: list[int]) -> None:
        self.asked(PlanChange(self.change(lock), witness, tuple(knowers)), person)

    @rule(lock=locks, person=everybody)
    def begin(self, lock: int, person: int) -> None:
        self.asked(BeginChange(self.change(lock)), person)

    @rule(
        lock=locks,
        witness=st.sampled_from([2, 2, 2, 1, 5]),
        upto=st.sampled_from([8, 8, 8, 2, 4, 6]),
        then=st.sampled_from(["", "finish", "finish"]),
        ready=st.sampled_from([True, True, False]),
    )
    def most_of_a_change(self, lock: int, witness: int, upto: int, then: str, ready: bool) -> None:
        """The right badges in order, as far as that goes: else few runs would come to an end. `ready`: everybody is there."""
        if ready:
            self.everybody_is_back()
            self.site.asks(ReportCombination(lock, "repair"), 3)
        custodian = self.site.ledger.connection.execute(
            "select custodian from combination where combination = ?", (lock,)
        ).fetchone()[0]
        self.asked(PlanChange(self.change(lock), witness, (5,)), custodian)
        self.asked(BeginChange(self.change(lock)), custodian)
        order = [custodian, witness, custodian, custodian, witness, custodian, witness, 5]
        for person in order[:upto]:
            self.site.step(5.0)
            self.site.turn(tap(STATION, f"card:{person}"))
            self.look()
        if then:
            self.finish(lock, custodian)

    @rule(lock=locks, person=everybody)
    def finish(self, lock: int, person: int) -> None:
        self.asked(FinishChange(self.change(lock)), person)

    @rule(lock=locks, person=everybody)
    def break_off(self, lock: int, person: int) -> None:
        self.asked(BreakOffChange(self.change(lock)), person)

    @rule(lock=locks, reason=st.sampled_from(["leak", "repair"]))
    def report(self, lock: int, reason: str) -> None:
        if self.site.asks(ReportCombination(lock, reason), 3) is None:
            assert self.change(lock), "every trigger opens a change in its turn"

    @rule(lock=locks, person=everybody, told_by=everybody)
    def tell(self, lock: int, person: int, told_by: int) -> None:
        self.asked(AddKnower(lock, person, told_by), told_by)

    @rule(lock=locks, place=st.sampled_from(["lab", "lobby"]), custodian=everybody, what=st.sampled_from("rac"))
    def elsewhere(self, lock: int, place: str, custodian: int, what: str) -> None:
        body = {
            "r": RetireCombination(lock), "a": AppointCustodian(lock, custodian), "c": RelocateCombination(lock, place, STATION)
        }[what]  # fmt: skip
        if (what != "r" or lock == 1) and self.site.asks(body, 2) is None:
            assert self.change(lock)

    @rule(knower=st.integers(1, 6))
    def remove(self, knower: int) -> None:
        self.site.asks(RemoveKnower(knower), 2)

    @rule(person=everybody, what=st.sampled_from(["suspend", "revoke", "leave", "back", "right"]))
    def person(self, person: int, what: str) -> None:
        site = self.site
        if what == "suspend":
            site.asks(ask.SuspendPerson(person), 2)
        elif what == "back":
            site.asks(ask.ReinstatePerson(person), 2)
        elif what == "leave" and person == 6:
            site.asks(LeavePerson(person), 1)
        elif what == "revoke":
            for right in site.facts.rights(person, "lab"):
                site.asks(ask.RevokeRight(right.access_right), 1)
        elif site.facts.person_state(person) == "active" and site.clock.quality() == "declared":
            give_right(site, person, "lab")

    @rule(days=st.sampled_from([0.01, 1.0, 40.0, 400.0]))
    def time_passes(self, days: float) -> None:
        self.site.step(86_400.0 * days)
        self.site.turn()

    @rule(quality=st.sampled_from(["unsynced", "declared", "declared"]))
    def clock(self, quality: str) -> None:
        self.site.clock.declare(quality)

    @rule()
    def restart(self) -> None:
        """The power goes without a word."""
        self.site.close()
        self.site = self.start(self.site.clock)
        self.site.turn()

    def everybody_is_back(self) -> None:
        """By a clock that is trusted, nobody is suspended, and everybody may be told a number."""
        site = self.site
        site.clock.declare("declared")
        site.turn()
        for person in PEOPLE:
            site.asks(ask.ReinstatePerson(person), 2)
            for place in ("lab", "lobby"):
                rights = (r for r in site.facts.rights(person, place) if r.state == "active")
                if site.facts.person_state(person) == "active" and not any(r.until_at > site.clock.now() for r in rights):
                    give_right(site, person, place)
        self.look()

    # The oracle -----------------------------------------------------------------------------------------------------------

    def change(self, lock: int) -> int:
        row = self.site.ledger.connection.execute(
            "select combination_change from combination_change where combination = ? and state <> 'done'", (lock,)
        ).fetchall()
        assert len(row) <= 1, "one open change at most"
        return row[0][0] if row else 0

    def asked(self, body: Any, person: int) -> None:
        row = self.site.ledger.connection.execute(
            "select operator from operator where person = ? and roles = 'custodian'", (person,)
        ).fetchone()
        self.site.asks(body, row[0])
        self.look()

    def look(self) -> None:
        for record in self.site.records(self.seen + 1):
            self.seen = record.seq
            self.judge(record)

    def judge(self, record: Record) -> None:
        body, kind = record.body, record.kind
        if kind == "knower.added":
            self.known[body.combination][body.knower] = "knows"
            self.knower_of[body.knower] = (body.combination, body.person)
        elif kind == "knower.removed":
            self.known[self.knower_of[body.knower][0]][body.knower] = "removed"
        elif kind == "combination.change_planned":
            assert body.custodian != body.witness
            self.plans[body.combination_change], self.steps[body.combination_change] = body, []
        elif kind == "combination.change_broken_off" and not body.step:
            self.steps[body.combination_change] = []
        elif kind == "combination.changed":
            self.judge_change(body)
        elif kind.startswith("combination.") and hasattr(body, "step"):
            self.steps[body.combination_change].append(record)

    def judge_change(self, body: Any) -> None:
        """Two people, each by badges of their own, in order, since the last plan; who knows it has confirmed it."""
        plan, steps = self.plans[body.combination_change], self.steps[body.combination_change]
        one, two = plan.custodian, plan.witness
        assert one != two and (body.custodian, body.witness) == (one, two)
        assert [r.body.step for r in steps if r.kind != "combination.change_resumed"] == [
            "begun", "set", "tried", "witnessed", "dead"
        ]  # fmt: skip
        by = {r.kind: r.body for r in steps}
        assert {by[f"combination.number_{step}"].person for step in ("set", "tried")} == {one}
        assert by["combination.number_witnessed"].person == two
        for kind in ("combination.change_begun", "combination.old_number_dead"):
            pair = by[kind]
            assert (pair.custodian, pair.witness) == (one, two) and pair.custodian_badge != pair.witness_badge
            holders = [self.site.facts.badge(badge) for badge in (pair.custodian_badge, pair.witness_badge)]
            assert [holder.person for holder in holders if holder] == [one, two]
        assert {known.person for known in body.knowers} <= {one, two, *plan.knowers}
        for known in body.knowers:
            self.known[body.combination][known.knower] = "knows"
            self.knower_of[known.knower] = (body.combination, known.person)
        for former in body.former:
            self.known[body.combination][former] = "former"
        assert set(self.known[body.combination].values()) <= {"knows", "former"}, "nobody is left between"

    @invariant()
    def knowers_follow_from_the_records(self) -> None:
        if not hasattr(self, "site"):
            return
        self.look()
        rows = self.site.ledger.connection.execute("select combination, knower, state from knower").fetchall()
        folded = [(lock, knower, how) for lock, known in self.known.items() for knower, how in known.items()]
        assert sorted(rows) == sorted(folded)

    @invariant()
    def nobody_knows_who_may_not(self) -> None:
        """Within one look whoever may not know a number is removed, and its change is open."""
        if not hasattr(self, "site"):
            return
        if self.site.clock.quality() == "declared":
            self.site.step(LOOK_S)
            self.site.turn()
            self.look()
            assert list(self.wrong()) == []

    def wrong(self) -> Iterator[tuple[int, int]]:
        now = self.site.clock.now()
        for lock, person, place, how in self.site.ledger.connection.execute(
            """select k.combination, k.person, c.place, k.state from knower k
            join combination c on c.combination = k.combination where k.state in ('knows', 'removed')"""
        ).fetchall():
            rights = self.site.facts.rights(person, place)
            may = any(r.state == "active" and r.from_at <= now < r.until_at for r in rights)
            if how == "knows" and not (may and self.site.facts.person_state(person) == "active"):
                yield lock, person
            if how == "removed" and not self.change(lock):
                yield lock, person

    @invariant()
    def no_due_date_is_lost(self) -> None:
        """A lock in use is chased for its number's age, or for an open change; and never for an age past its limit (C8.3)."""
        if not hasattr(self, "site"):
            return
        rows = self.site.ledger.connection.execute("select combination, state, due_at from combination").fetchall()
        due = dict(self.site.ledger.connection.execute("select due, due_at from due").fetchall())
        for lock, how, due_at in rows:
            change = self.change(lock)
            if how == "retired":
                assert f"combination:{lock}" not in due and not change
                continue
            assert due.get(f"combination:{lock}") == due_at
            assert due_at is not None or f"change:{change}" in due
        query = "select combination_change, due_at from combination_change where state <> 'done'"
        chased = {f"change:{n}": at for n, at in self.site.ledger.connection.execute(query).fetchall()}
        assert {key: at for key, at in due.items() if key.startswith("change:")}.items() <= chased.items()


TestCombinations = Combinations.TestCase
TestCombinations.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
