"""What is due on the dashboard's pages: everybody sees what is late, and each their own jobs (C8.2, C8.3, C4.1)."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from example_house import House

from controller.record.canonical import timestamp
from controller.record.kinds import trust
from controller.record.kinds.due import DueReached
from dashboard.database import projected, upsert, write
from dashboard.views import due

from .conftest import Browser

SignIn = Callable[[str], Browser]


def reached(
    house: House, sort: str, number: int, stage: str, in_: timedelta, person: int | None = None, place: str = "lab"
) -> None:
    """Something that is due so long from now, at this stage."""
    due_at = timestamp(house.time + in_)
    house.write(DueReached(sort, number, stage, due_at, place, person, int(stage == "escalated"), None))


@pytest.fixture
def owing(house: House) -> House:
    """A loan of person 3 (operator 3) late by three hours, a combination due today, a take-out in nine days, an audit in 90."""
    text = house.private("operator-3", name="suzukiさん").ref()
    house.write(trust.OperatorRegistered(3, ("manager", "custodian"), ("*",), 3, text, "active"), by="console")
    reached(house, "loan", 7, "overdue", -timedelta(hours=3), person=3, place="office")
    reached(house, "combination", 2, "today", timedelta(hours=5))
    reached(house, "custody", 4, "", timedelta(days=9), person=1)
    reached(house, "key_audit", 1, "", timedelta(days=90))
    return house


def test_what_is_due_by_urgency(owing: House, signed_in: SignIn) -> None:
    """The longest overdue stands first, in words; what is due in 90 days only where everything is asked for."""
    text = signed_in("auditor").get("/due").text

    places = [text.index(f'data-due="{one}"') for one in ("loan:7", "combination:2", "custody:4")]
    assert places == sorted(places) and "key_audit:1" not in text
    assert "1 thing is overdue." in text and "3 hours" in text and "Due today" in text and "9 days left" in text
    assert "鈴木 次郎" in text and "whoever answers for the place" in text and "Prototype lab" in text
    assert "期限超過が1件あります。" in signed_in("auditor").get("/due?lang=ja").text


def test_filters(owing: House, signed_in: SignIn) -> None:
    """By urgency, sort, place, person and one's own; what is none of them is not taken for all."""
    every = ("loan:7", "combination:2", "custody:4", "key_audit:1")
    suzuki = signed_in("suzuki")
    for query, found in (
        ("which=late", {"loan:7"}),
        ("which=all", set(every)),
        ("sort=custody", {"custody:4"}),
        ("place=lab", {"combination:2", "custody:4"}),
        ("person=3", {"loan:7"}),
        ("person=山田", {"custody:4"}),
        ("person=nobody", set()),
        ("mine=1", {"loan:7"}),
    ):
        text = suzuki.get(f"/due?{query}").text
        assert {one for one in every if f'data-due="{one}"' in text} == found, query
        assert found or "fits these conditions" in text
    assert suzuki.get("/due?sort=odd").status_code == 400 and suzuki.get("/due?which=odd").status_code == 400
    assert suzuki.get("/due?site=other").status_code == 404


def test_the_file(owing: House, signed_in: SignIn) -> None:
    """The CSV has what the page has, codes beside the words."""
    answer = signed_in("auditor").get("/due.csv?which=late")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))

    assert "_1.csv" in answer.headers["Content-Disposition"]
    assert [(row["What"], row["No."], row["State"], row["Who"]) for row in rows] == [
        ("Return of a key", "7", "Overdue", "鈴木 次郎")
    ]


def test_the_first_page_alarms_and_says_your_jobs(owing: House, signed_in: SignIn) -> None:
    """Everybody sees that something is overdue; whoever has to do it finds it among their jobs, with what they may decide."""
    guard, suzuki = signed_in("guard").get("/").text, signed_in("suzuki").get("/").text

    assert 'data-overdue="1"' in guard and "Your jobs" not in guard
    jobs = suzuki.split("data-jobs=")[1].split("</section>")[0]
    assert 'data-job="loan:7"' in jobs and "custody:4" not in jobs and "/keys/factory/loans/7" in jobs
    assert 'data-approval="right.approve"' in jobs and "Approve a right</a>: 3 wait" in jobs
    assert "data-approval" not in guard


def test_a_date_that_ends_at_midnight_is_its_last_day(owing: House, signed_in: SignIn) -> None:
    """What is over at midnight is due on the day before, as people say it; what has a minute shows it."""
    owing.write(DueReached("change", 5, "ahead", "2026-11-24T15:00:00.000000Z", "lab", None, 0, None))
    owing.write(DueReached("change", 6, "ahead", "2026-11-24T15:01:00.000000Z", "lab", None, 0, None))

    text = signed_in("auditor").get("/due?sort=change").text

    assert ">2026/11/24</time>" in text and ">2026/11/25 00:01</time>" in text


def test_a_change_leads_to_its_lock(owing: House, signed_in: SignIn) -> None:
    """The change of a combination is done at its lock: the link leads there, and of no change nowhere."""
    with write(owing.engine) as connection:
        row = {"ledger_site": "factory", "epoch": 1, "combination_change": 5, "combination": 2, "state": "open"}
        upsert(connection, projected["combination_change"], row)
    auditor = signed_in("auditor")

    assert auditor.get("/due/factory/changes/5").location == "/combinations/factory/2"
    assert auditor.get("/due/factory/changes/6").status_code == 404


def test_what_has_no_page_leads_to_its_record(owing: House, signed_in: SignIn) -> None:
    """A sort of thing that has no page of its own leads to the record that told of it."""
    reached(owing, "reservation", 3, "soon", timedelta(minutes=5))

    assert f"/ledger/factory/1/{len(owing.peer.records)}" in signed_in("auditor").get("/due?sort=reservation").text


def test_every_page_that_is_named_takes_a_site_and_a_number(house: House) -> None:
    """No link of the table is misspelt: each endpoint that this dashboard has takes what it is given."""
    rules = {rule.endpoint: rule for rule in house.app().url_map.iter_rules()}

    assert not [one for one in due.PAGES.values() if one.startswith("combinations.") and one not in rules]
    for endpoint in due.PAGES.values():
        assert endpoint not in rules or rules[endpoint].arguments == {"site", "id"}
    assert {"key_loans.loan", "key_audits.audit", "assets.asset", "combinations.lock"} <= rules.keys() & set(due.PAGES.values())


def test_what_the_site_has_not_said_yet_is_late_all_the_same(owing: House, signed_in: SignIn) -> None:
    """A site that is cut off tells nothing; what is past its date is overdue on the page."""
    owing.time += timedelta(hours=6)

    text = signed_in("auditor").get("/due?which=late").text

    assert 'data-due="combination:2"' in text and "2 things are overdue." in text


def test_an_employee_sees_their_own_alone(owing: House, signed_in: SignIn) -> None:
    """Whoever sees no register is shown what they have to do, and nothing of others, whatever the address says."""
    text = owing.private("operator-4", name="employee").ref()
    owing.write(trust.OperatorRegistered(4, ("employee",), ("*",), 1, text, "active"), by="console")

    page = signed_in("guard").get("/due?which=all&person=3").text

    assert 'data-due="custody:4"' in page and "loan:7" not in page and "鈴木" not in page
