"""Many people and rights by one request: all of it or nothing, by the rules of each, and no door opens by it (C7.1, C7.3)."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import TestSite, make_site, people, stored_tables

from controller.inbox import RequestReceived
from controller.record import asks as ask
from controller.record.asks.importing import MOST_ROWS, ImportPeople, ImportRow
from controller.record.asks.person import ChangePerson
from controller.record.canonical import timestamp


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    site = people(make_site(tmp_path))
    yield site
    site.close()


def row(site: TestSite, **fields: Any) -> ImportRow:
    """A row with a right to the lab for nine days, but for what `fields` say."""
    now = site.clock.now()
    until = timestamp(now + timedelta(days=9))
    return ImportRow(**{"zone": "lab", "schedule": "office", "from_at": timestamp(now), "until_at": until} | fields)


def brought(site: TestSite, rows: list[ImportRow], text: dict[str, str], operator: int = 1) -> str:
    """Sends them; the records' kinds, or `code@place`."""
    before = site.ledger.size
    code = site.asks(ImportPeople(tuple(rows)), operator, private=text)
    return f"{code}@{site.committed_replies()[-1].place}" if code else " ".join(site.kinds(before + 1)[:-1])


def test_people_and_rights_come_together(site: TestSite) -> None:
    """A new person with two rights, one more who has none, and a right of somebody known; the rights wait (C7.3)."""
    rows = [row(site), row(site, same=0, zone="vault"), ImportRow(), row(site, person=1, zone="vault", manner="escorted")]
    text = {"name.0": "新田 誠", "kana.0": "ニッタ", "purpose.0": "試作", "purpose.1": "保管"}
    text |= {"name.2": "森", "purpose.3": "監査"}

    said = brought(site, rows, text)

    assert said == "person.registered right.requested right.requested person.registered right.requested"
    tables = stored_tables(site.ledger.connection)
    rights = [found for found in tables["access_right"].values() if found["state"] == "requested"]
    assert [(found["person"], found["zone"], found["manner"]) for found in rights] == [
        (5, "lab", "own"), (5, "vault", "own"), (1, "vault", "escorted"),
    ]  # fmt: skip
    private = dict(site.ledger.connection.execute("select id, text from private").fetchall())
    assert "新田" in private["person-5"] and "試作" not in private["person-5"] and "森" in private["person-6"]
    assert "監査" in private[rights[-1]["purpose"]]
    assert site.asks(ask.ApproveRight(rights[0]["access_right"]), 1) == "second_person"
    assert site.asks(ask.ApproveRight(rights[0]["access_right"]), 2) is None


@pytest.mark.parametrize(
    ("said", "second", "text"),
    [
        ("form@body.rows[1].name", {}, {"purpose.1": "試作"}),
        ("purpose@body.rows[1].purpose", {"same": 0}, {}),
        ("subject@body.rows[1].zone", {"same": 0, "zone": "attic"}, {"purpose.1": "試作"}),
        ("subject@body.rows[1].schedule", {"same": 0, "schedule": "never"}, {"purpose.1": "試作"}),
        ("validity@body.rows[1].until_at", {"same": 0, "until_at": "2026-01-01T00:00:00.000000Z"}, {"purpose.1": "試作"}),
        ("form@body.rows[1].from_at", {"same": 0, "from_at": "soon"}, {"purpose.1": "試作"}),
        ("form@body.rows[1].manner", {"same": 0, "manner": "alone"}, {"purpose.1": "試作"}),
        ("subject@body.rows[1].person", {"person": 99}, {"purpose.1": "試作"}),
        ("subject@body.rows[1].person", {"person": 3}, {"purpose.1": "試作"}),
        ("subject@body.rows[1].person", {"same": 1}, {"purpose.1": "試作"}),
        ("subject@body.rows[1].person", {"person": 1, "same": 0}, {"purpose.1": "試作"}),
        ("form@body.rows[1].zone", {"person": 1, "zone": ""}, {}),
        ("form@private.name.2", {"same": 0}, {"purpose.1": "試作", "name.2": "余り"}),
        ("form@private.else: not a field of people.import", {"same": 0}, {"else": "x"}),
        ("form@private.name.00: not a field of people.import", {"same": 0}, {"name.00": "x"}),
        ("form@private.name*: not a field of people.import", {"same": 0}, {"name*": "x"}),
    ],
)
def test_one_wrong_row_refuses_all(site: TestSite, said: str, second: dict[str, Any], text: dict[str, str]) -> None:
    """What a rule refuses in one row leaves nothing of any, and the place names the row."""
    before = stored_tables(site.ledger.connection)

    answer = brought(site, [row(site), row(site, **second)], {"name.0": "新田 誠", "purpose.0": "試作"} | text)

    assert answer == said
    after = stored_tables(site.ledger.connection)
    assert {name: after[name] for name in ("person", "access_right")} == {
        name: before[name] for name in ("person", "access_right")
    }
    assert site.ledger.connection.execute("select count(*) from private where id = 'person-5'").fetchone() == (0,)


def test_scope_role_and_last_day_count(site: TestSite) -> None:
    """An import does nothing that its operator could not ask for row by row, and no right outlasts a leaving date (C7.2)."""
    text = {"name.0": "新田 誠", "purpose.0": "試作"}
    assert brought(site, [row(site)], text, operator=3) == "role@operator.roles"
    site.console("operator.add", name="試作室長", roles=["manager"], scope=["lab"])
    assert brought(site, [row(site, zone="vault")], text, operator=5) == "scope@operator.scope"
    assert site.asks(ChangePerson(1, "2026-11-26"), 1, private={}) is None
    assert brought(site, [row(site, person=1)], {"purpose.0": "試作"}) == "validity@body.rows[0].until_at"


@pytest.mark.parametrize("count", [0, MOST_ROWS + 1])
def test_no_row_and_too_many_are_no_request(site: TestSite, count: int) -> None:
    """A request of no row, or of more than a tap should wait behind, is malformed."""
    assert brought(site, [row(site)] * count, {}).startswith("form@body")


@pytest.mark.parametrize("statement", ["insert into record", "insert into private", "commit"])
def test_a_commit_that_fails_leaves_nothing(site: TestSite, statement: str) -> None:
    """Whatever statement fails, nothing of the import is there; the same request then does all of it, and once."""
    text = {"name.0": "新田 誠", "purpose.0": "試作"}
    made, before = site.request(ImportPeople((row(site),)), 1, private=text), site.ledger.size
    site.connection.breaks = lambda said: said.startswith(statement)
    with pytest.raises(sqlite3.OperationalError):
        site.turn(RequestReceived(made))
    site.connection.breaks = lambda said: False

    assert site.ledger.size == before and site.facts.next("person") == 5
    for _ in range(2):
        site.turn(RequestReceived(made))
    assert site.kinds(before + 1) == ["person.registered", "right.requested", "request.accepted"]
