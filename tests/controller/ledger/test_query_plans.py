"""The questions of a tap and of a request are answered by indexes: a scan would cost milliseconds at 100,000 people."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sites import BEGAN, make_site, people

from controller import days, party_facts, person_facts, review_facts
from controller.facts import Facts
from controller.record.conditions import Condition
from controller.rules.pin_keeping import Chosen
from controller.rules.zone import ZoneRules
from controller.storage_facts import combinations, container_use, custody, due, stickers, tethers

QUESTIONS: dict[str, Callable[[Facts], Any]] = {
    "badge_of": lambda facts: facts.badge_of("cd" * 32),
    "badge": lambda facts: facts.badge(3),
    "profile": lambda facts: person_facts.profile(facts.connection, 3),
    "held": lambda facts: person_facts.held(facts.connection, 3),
    "leavers": lambda facts: person_facts.leavers(facts.connection, BEGAN, 20),
    "next_leaving": lambda facts: person_facts.next_leaving(facts.connection),
    "reviewed": lambda facts: review_facts.reviewed(facts.connection, 3),
    "open_reviews": lambda facts: review_facts.open_reviews(facts.connection),
    "rights": lambda facts: facts.rights(3, "lab"),
    "fulfilments": lambda facts: facts.conditions.of(3, (Condition("pledge:nda"), Condition("training:induction"))),
    "recorded_on": lambda facts: facts.conditions.recorded_on(3, Condition("pledge:nda"), "2026-11-24"),
    "fulfilment": lambda facts: facts.conditions.fulfilment(3),
    "person_state": lambda facts: facts.person_state(3),
    "right": lambda facts: facts.right(3),
    "operator": lambda facts: facts.operator(1),
    "request": lambda facts: facts.request("01JD0000000000000000000000"),
    "dashboard": lambda facts: facts.dashboard("0011223344556677"),
    "last_configuration": lambda facts: facts.last_configuration(),
    "next": lambda facts: [
        facts.next(noun) for noun in ("person", "badge", "access_right", "operator", "team", "membership", "fulfilment", "pin")
    ],
    "team": lambda facts: facts.groups.team(1),
    "membership": lambda facts: facts.groups.membership(1),
    "groups_of": lambda facts: facts.groups.groups_of(3),
    "memberships_of": lambda facts: facts.groups.memberships_of(3),
    "inside": lambda facts: party_facts.inside(facts.connection, ZoneRules("lab")),
    "escort_of": lambda facts: party_facts.escort_of(facts.connection, 3, "lab"),
    "is_in": lambda facts: facts.groups.is_in(3, 1),
    "special_days": lambda facts: days.in_force(facts.connection),
    "special_day": lambda facts: days.standing(facts.connection, 3),
    "set_there": lambda facts: days.set_there(facts.connection, "2026-12-28", "*"),
    "due": lambda facts: due.pressing(facts.connection, BEGAN, 20),
    "container_use": lambda facts: container_use.people(facts.connection, "lab"),
    "sticker": lambda facts: stickers.thing_of(facts.connection, "cd" * 32),
    "tethered": lambda facts: tethers.thing(facts.connection, 3),
    "is_listed": lambda facts: tethers.is_listed(facts.connection, "pc-1"),
    "round_of": lambda facts: tethers.round_of(facts.connection, 3),
    "due_wait": lambda facts: due.wait_s(facts.connection, BEGAN),
    "may_know_a_combination": lambda facts: combinations.who(facts.connection, 3, "lab", BEGAN),
    "who_may_not": lambda facts: combinations.knowing(facts.connection, BEGAN),
    "combination_change": lambda facts: combinations.open_change(facts.connection, 1),
    "changes_at_a_station": lambda facts: combinations.at_station(facts.connection, "desk"),
    "thing_out": lambda facts: custody.out(facts.connection, 3, None),
    "asset_out": lambda facts: custody.out(facts.connection, None, 3),
    "thing_approved": lambda facts: custody.approved(facts.connection, 3, None, 3, BEGAN),
    "custody_waiting_of": lambda facts: custody.waiting_of(facts.connection, 3),
    "custody_stale": lambda facts: custody.stale(facts.connection, BEGAN, 20),
    "custody_next_stale": lambda facts: custody.next_stale(facts.connection),
    "thing_of": lambda facts: stickers.thing_of(facts.connection, "cd" * 32),
    "any_attached": lambda facts: stickers.any_attached(facts.connection),
    "pin": lambda facts: facts.pins.standing(3),
    "pin_secret": lambda facts: facts.pins.hashed(Chosen(3, 3, "set", None, 0)),
}
GROWING = (
    "badge", "access_right", "fulfilment", "person", "record", "request", "operator", "private", "team", "membership",
    "pin", "pin_secret", "special_day", "due", "sticker", "tethered", "tether_check", "line", "custody", "handout", "thing",
)  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_scans_no_table_that_grows(tmp_path: Path, name: str) -> None:
    """No fact that a tap or a request needs is found by reading a whole table."""
    site = people(make_site(tmp_path))
    asked: list[str] = []
    connection = sqlite3.connect(site.path, isolation_level=None)
    connection.set_trace_callback(asked.append)
    QUESTIONS[name](Facts(connection))
    connection.set_trace_callback(None)

    assert asked
    for statement in asked:
        plan = [row[3] for row in connection.execute("explain query plan " + statement)]
        # Without a condition SQLite says "SCAN" also of a walk from an index's end that stops at its first row.
        one_row = statement.startswith("select coalesce(max(") or statement.endswith("limit 1")
        scanned = [step for step in plan if step.startswith("SCAN ") and step.split()[1] in GROWING]
        assert not scanned or one_row, (statement, plan)
    connection.close()
    site.close()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_costs_the_same_however_many_there_are(tmp_path: Path, name: str) -> None:
    """The steps of SQLite's machine for a question do not grow with the tables: no disguised scan."""
    site = people(make_site(tmp_path))

    def steps() -> int:
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        connection = sqlite3.connect(site.path, isolation_level=None)
        connection.set_progress_handler(tick, 1)
        QUESTIONS[name](Facts(connection))
        connection.close()
        return count

    few = steps()
    site.ledger.connection.execute("begin")
    for n in range(100, 2100):
        site.ledger.connection.execute("insert into person (person, state) values (?, 'active')", (n,))
        site.ledger.connection.execute(
            "insert into badge (badge, person, credential, state) values (?, ?, ?, 'active')", (n, n, f"c{n}")
        )
        site.ledger.connection.execute(
            "insert into access_right (access_right, person, zone, state) values (?, ?, 'lab', 'active')", (n, n)
        )
        site.ledger.connection.execute(
            "insert into access_right (access_right, team, zone, state) values (?, ?, 'lab', 'active')", (n + 9000, n)
        )
        site.ledger.connection.execute("insert into team (team, state) values (?, 'active')", (n,))
        site.ledger.connection.execute(
            "insert into membership (membership, team, person, state) values (?, ?, ?, 'active')", (n, n, n)
        )
        site.ledger.connection.execute("insert into request (request, dashboard) values (?, 'd')", (f"r{n}",))
    site.ledger.connection.execute("commit")

    assert steps() <= few + 20
    site.close()
