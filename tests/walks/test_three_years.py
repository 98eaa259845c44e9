"""Three years of 60 containers, 200 keys and some 120 people under a stepped clock, and an auditor with books of their own.

People join, leave, are suspended, let their rights lapse; containers move, their managers change; keys are brought back late or
not at all; numbers are changed in time, or weeks too late. `three_years_books` reads the records alone.
"""

import json
from collections import Counter
from collections.abc import Callable

import pytest
from three_years import CONTAINERS, DAYS, KEYS, PEOPLE, Years
from three_years_books import Line, history, violations

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SEED = 7


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Years:
    """The site after three years."""
    years = Years(tmp_path_factory.mktemp("years"), SEED)
    years.go(DAYS)
    return years


def test_three_years_break_no_rule(lived: Years) -> None:
    """No combination was ever older than its limit, no key or change late, without an alarm at the next tick; every trigger
    opened a change; two people made each one; a key is in one place; a leaver holds nothing (C7.4, C8.2-C8.4)."""
    records = history(lived.site)
    assert violations(records, lived.ticks) == []

    happened = Counter(line["kind"] for line in records)
    late = Counter(
        line["body"]["sort"] for line in records if line["kind"] == "due.reached" and line["body"]["stage"] == "overdue"
    )
    reasons = {
        one["reason"] for line in records if line["kind"].endswith("change_required") for one in line["body"]["reasons"]
    }
    assert (happened["container.registered"], happened["key.registered"]) == (CONTAINERS, KEYS)
    assert len(lived.people) > PEOPLE / 2
    assert happened["person.left"] > 40
    assert happened["combination.changed"] > 3 * CONTAINERS
    assert happened["key.lost"] > 5
    assert min(late["combination"] + late["change"], late["loan"]) > 10  # the books had something to look at
    assert {
        "installation",
        "relocation",
        "manager",
        "knower_removed",
        "leak",
        "found_open",
        "repair",
        "lockout",
        "age",
    } <= reasons


def test_the_tables_are_what_the_records_fold_to(lived: Years) -> None:
    """After three years a rebuild gives every table as it stands."""
    connection = lived.site.ledger.connection
    tables = ("combination", "knower", "combination_change", "lock_key", "key_loan", "due", "container", "keeper")
    before = {name: connection.execute(f"select * from {name} order by 1, 2, 3").fetchall() for name in tables}
    lived.site.ledger.rebuild()
    assert {name: connection.execute(f"select * from {name} order by 1, 2, 3").fetchall() for name in tables} == before


def _silent(records: list[Line]) -> list[Line]:
    """Nobody is told of anything late."""
    return [line for line in records if line["kind"] != "due.reached"]


def _one_person(records: list[Line]) -> list[Line]:
    """One change is begun by the same person on both sides."""
    begun = next(line for line in records if line["kind"] == "combination.change_begun")
    begun["body"]["witness"] = begun["body"]["custodian"]
    return records


def _step_left_out(records: list[Line]) -> list[Line]:
    """One change goes on without the witness's try."""
    left_out = next(line for line in records if line["kind"] == "combination.number_witnessed")
    return [line for line in records if line is not left_out]


def _lent_twice(records: list[Line]) -> list[Line]:
    """A key that is out is lent to somebody else."""
    at = next(n for n, line in enumerate(records) if line["kind"] == "key.lent")
    again = json.loads(json.dumps(records[at]))
    again["body"]["loan"] += 10_000
    return [*records[: at + 1], again, *records[at + 1 :]]


def _trigger_unheard(records: list[Line]) -> list[Line]:
    """Somebody leaves who knows numbers, and no change is opened for it."""
    return [line for line in records if not line["kind"].startswith("combination.change_required")]


def _own_word(records: list[Line]) -> list[Line]:
    """Somebody agrees to their own loan."""
    lent = next(line for line in records if line["kind"] == "key.lent")
    lent["body"]["authorisers"] = [lent["body"]["person"]]
    return records


def _badge_kept(records: list[Line]) -> list[Line]:
    """A leaver's badges are not retired."""
    return [line for line in records if line["kind"] != "badge.retired"]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (_silent, "nobody was told"), (_one_person, "stood on both sides"), (_step_left_out, "out of order"),
        (_lent_twice, "was lent while"), (_trigger_unheard, "has opened no change"), (_own_word, "agreed to their own"),
        (_badge_kept, "holds a badge"),
    ],
)  # fmt: skip
def test_the_books_see_what_is_planted(lived: Years, planted: Callable[[list[Line]], list[Line]], said: str) -> None:
    """The auditor's books find each thing that is put into a copy of the same history, and name it."""
    found = violations(planted(history(lived.site)), lived.ticks)
    assert any(said in one for one in found), found[:3]
