"""Why a door opens or does not, on the pages: asked of the site, waited for, and shown as the site said it."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.asks import QueryExplain
from controller.record.canonical import timestamp
from controller.record.conditions import PLEDGE, TRAINING
from controller.record.explained import Explained, Said, Unanswered
from controller.record.kinds.entry import EntryRefusedBefore
from controller.record.refusals import Code
from controller.record.words import LANGUAGES, codes, words
from controller.rules import access
from dashboard import database as db
from dashboard.questions import MOST_OF_ONE

from .conftest import Browser

SignIn = Callable[[str], Browser]


def refusal(house: House) -> int:
    """The number of a refusal on record: person 7 at the store, whose right nobody has approved."""
    with house.engine.connect() as connection:
        table = db.record.c
        query = sa.select(table.seq).where(table.kind == "entry.refused", table.person == 7)
        return int(connection.execute(query).scalar_one())


def asked(house: House) -> tuple[str, QueryExplain]:
    """The newest question, as it goes to the site."""
    with house.engine.connect() as connection:
        row = connection.execute(sa.select(db.question).order_by(db.question.c.id.desc())).first()
    assert row is not None
    return row.id, QueryExplain(row.person, row.portal, row.at, row.before, row.badge)


def found(question: QueryExplain, house: House, code: str | None = "approval", **changes: object) -> Explained:
    """What the site says to a question."""
    checks = (
        Said("enrolment", None, "", (27,)),
        Said("active_badge", None, "", (27,)),
        Said("right", code, "right.7.state" if code else "", tuple(range(20, 30))),
        Said("interlock", None, "", ()),
    )
    at = question.at or timestamp(house.time)
    told = Explained(question.person, 7, question.portal, "store", at, 40, code, None if code else 7, "", checks)
    return msgspec.structs.replace(told, **changes)


def ask(browser: Browser, address: str, **fields: str) -> str:
    """Submits the form; the address of the question's page."""
    answer = browser.post(address, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_from_a_refusal_to_its_reasons(house: House, signed_in: SignIn) -> None:
    """From a refused entry one asks why with one button: of that badge, there and then; every check comes with its records."""
    browser, seq = signed_in("manager"), refusal(house)
    assert f"/why/factory?record={seq}" in browser.get("/ledger?result=refused").text
    page = ask(browser, f"/why/factory?record={seq}", record=str(seq))

    id, question = asked(house)
    assert (question.person, question.portal, question.before, question.badge) == (7, "store", seq, 7)
    waiting = browser.get(page).text
    assert 'http-equiv="refresh"' in waiting and "goes back in its ledger" in waiting

    house.answer(id, found(question, house))
    text = browser.get(page).text
    assert 'data-verdict="approval"' in text and "Does not open" in text and "refresh" not in text
    assert "The door said the same" in text
    assert re.findall(r'data-check="(\w+)" data-answer="(\w+)"( class="stop")?', text) == [
        ("enrolment", "passed", ""), ("active_badge", "passed", ""), ("right", "missing", ' class="stop"'),
        ("interlock", "passed", ""),
    ]  # fmt: skip
    assert "/ledger/factory/1/27" in text and "4 older records" in text
    assert "/rights/factory/7/approve" in text


def test_a_refusal_of_an_older_program(house: House, signed_in: SignIn) -> None:
    """A refusal that was recorded before the place of what is missing was is asked about like any other."""
    (seq,) = house.write(EntryRefusedBefore("store", "in", "store", "approval", "c7", "…0007", 7, 7, 2))
    browser = signed_in("manager")
    page = ask(browser, f"/why/factory?record={seq}", record=str(seq))
    id, question = asked(house)
    house.answer(id, found(question, house))

    assert "The door said the same" in browser.get(page).text


def test_the_page_says_when_it_and_the_door_differ(house: House, signed_in: SignIn) -> None:
    """A door that said something else than the records account for is not explained away."""
    browser, seq = signed_in("auditor"), refusal(house)
    page = ask(browser, f"/why/factory?record={seq}", record=str(seq))
    id, question = asked(house)
    house.answer(id, found(question, house, None))

    text = browser.get(page).text
    assert "The door said something else" in text and "not approved yet" in text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"person": "3", "portal": "lab"}, QueryExplain(3, "lab")),
        ({"who": "#3", "portal": "lab"}, QueryExplain(3, "lab")),
        (
            {"who": "鈴木", "portal": "lab", "at": "2026-11-20T09:05"},
            QueryExplain(3, "lab", "2026-11-20T00:05:00.000000Z"),
        ),
        ({"who": "nguyễn", "portal": "front", "at": " "}, QueryExplain(5, "front")),
    ],
)
def test_who_where_and_when(house: House, signed_in: SignIn, fields: dict[str, str], expected: QueryExplain) -> None:
    """A person by name or number, a door, and a time where the site is, or none for now."""
    ask(signed_in("guard"), "/why/factory", **fields)

    assert asked(house)[1] == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"who": "", "portal": "lab"}, "Write the person"),
        ({"who": "nobody", "portal": "lab"}, "Nobody here has this name"),
        ({"who": "99", "portal": "lab"}, "Nobody here has this name"),
        ({"who": "3", "portal": ""}, "Choose the door"),
        ({"who": "3", "portal": "attic"}, "Choose the door"),
        ({"who": "3", "portal": "lab", "at": "yesterday"}, "Write a date"),
        ({"who": "郎", "portal": "lab"}, "It fits several people"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_lost(
    house: House, signed_in: SignIn, fields: dict[str, str], said: str
) -> None:
    """Each mistake is named, what was typed stays, and nothing is asked; of several people one is chosen."""
    answer = signed_in("manager").post("/why/factory", **fields)

    assert answer.status_code == 400
    assert said in answer.text
    assert all(f'value="{value}"' in answer.text for value in fields.values() if value not in ("", "attic"))
    with house.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(db.question)).scalar() == 0
    if said == "It fits several people":
        assert re.findall(r'name="person" id="p-(\d)"', answer.text) == ["2", "3", "7"]


@pytest.mark.parametrize("seq", ["1", "99999", "x", "9" * 30])
def test_only_a_refusal_of_somebody_is_asked_about(signed_in: SignIn, seq: str) -> None:
    """Another record, none, or no number is not there."""
    assert signed_in("manager").get(f"/why/factory?record={seq}").status_code == 404


@pytest.mark.parametrize(("name", "checks"), [("manager", True), ("auditor", True), ("admin", True), ("guard", False)])
def test_a_guard_sees_the_verdict(house: House, signed_in: SignIn, name: str, checks: bool) -> None:
    """What stands behind a verdict is for those who decide about rights and for the auditor; a guard sees what is missing."""
    browser = signed_in(name)
    page = ask(browser, "/why/factory", who="7", portal="store")
    id, question = asked(house)
    house.answer(id, found(question, house))

    text = browser.get(page).text
    assert 'data-verdict="approval"' in text and "not approved yet" in text
    assert ("data-check" in text) == checks and ("/ledger/factory/1/" in text) == checks


def test_nobody_sees_anothers_question(house: House, signed_in: SignIn) -> None:
    """A question and its answer are there for who asked."""
    page = ask(signed_in("manager"), "/why/factory", who="7", portal="store")

    assert signed_in("admin").get(page).status_code == 404
    assert signed_in("manager").get("/why/factory/0000").status_code == 404


def test_a_site_that_is_away(house: House, signed_in: SignIn) -> None:
    """Of a site that cannot be reached the page says so, and until when the question stands; then that it is over."""
    browser = signed_in("manager")
    house.time += timedelta(minutes=2)
    page = ask(browser, "/why/factory", who="7", portal="store")
    text = browser.get(page).text
    assert "cannot be reached" in text and "expires at" in text and "data-waiting" in text

    house.time += timedelta(hours=1)
    browser.sign_in("manager")
    text = browser.get(page + "?lang=en").text
    assert "has expired" in text and "data-waiting" not in text and "Ask again" in text


def test_no_answer_is_said(house: House, signed_in: SignIn) -> None:
    """What the site cannot answer is said in words."""
    browser = signed_in("manager")
    page = ask(browser, "/why/factory", who="7", portal="store", at="2026-11-20")
    house.answer(asked(house)[0], Unanswered.LENGTH)

    assert "sekimori explain --at" in browser.get(page).text


def test_a_door_that_stands_unlocked(house: House, signed_in: SignIn) -> None:
    """At a door that stands unlocked nobody is asked, and the page says so before what the badge would get."""
    browser = signed_in("manager")
    page = ask(browser, "/why/factory", who="7", portal="store")
    id, question = asked(house)
    house.answer(id, found(question, house, stands="schedule"))

    text = browser.get(page).text
    assert "stands unlocked" in text and "The badge alone would not open it" in text and ">Opens<" in text


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [
        ((("pin", "pin.typed"),), "Opens if"),
        ((("pin", "pin.typed"), ("second_person", "zone.two_person")), "Opens if"),
        ((("escort", "right.12.manner"),), "Opens if"),
        ((("pin", "pin"),), "Does not open"),
        ((("pin_lockout", "pin.locked_until"),), "Does not open"),
        ((("schedule", "right.7.schedule"), ("pin", "pin.typed")), "Does not open"),
    ],
)
def test_what_is_brought_to_the_door(
    house: House, signed_in: SignIn, missing: tuple[tuple[str, str], ...], verdict: str
) -> None:
    """Who lacks nothing but a PIN to type or somebody beside them is let in with that, and the page says so; a guard too."""
    browser = signed_in("guard")
    page = ask(browser, "/why/factory", who="7", portal="store")
    id, question = asked(house)
    checks = tuple(Said(code, code, place, ()) for code, place in missing)
    house.answer(id, found(question, house, missing[0][0], checks=checks))

    word = re.search(r'class="verdict-word">([^<]+)', browser.get(page).text)
    assert word is not None and word[1].startswith(verdict)


def test_every_missing_thing_has_a_way_out() -> None:
    """Whatever a check can miss, beside the card's own troubles, comes with what to do about it, in both languages."""
    rules = Path(access.__file__).parent
    text = "".join((rules / name).read_text() for name in ("access.py", "pin.py"))
    said = {Code[name].value for name in re.findall(r"Code\.([A-Z_]+)", text)} | {PLEDGE, TRAINING}

    assert {"right", "pin", "escort"} <= said
    assert said <= set(codes("way"))
    assert all(words(code, lang, "way") != code for code in said for lang in LANGUAGES)


def test_a_flood_of_one_account_is_turned_away(house: House, signed_in: SignIn) -> None:
    """Who asks more than may wait is told, and what was typed stays."""
    browser = signed_in("guard")
    for _ in range(MOST_OF_ONE):
        ask(browser, "/why/factory", who="7", portal="store")
    answer = browser.post("/why/factory", who="7", portal="store")

    assert answer.status_code == 400 and "Too many questions" in answer.text


def test_a_name_is_never_markup(house: House, signed_in: SignIn) -> None:
    """Person 6 is called like a script, and the page says the name."""
    browser = signed_in("manager")
    page = ask(browser, "/why/factory", who="6", portal="store")
    id, question = asked(house)
    house.answer(id, found(question, house))

    assert "<script>alert" not in browser.get(page).text
