"""Combination locks on the dashboard: the register, the ways into a change, the one showing of a drawn number (C8.2-C8.4)."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from combination_house import lock
from example_house import PASSWORD, House

from controller.record.kinds import change
from controller.record.requests import read_body, read_envelope
from dashboard import database as db
from dashboard.drawn_number import KEYPAD, broken

from .conftest import Browser

SignIn = Callable[[str], Browser]
PAGE = "/combinations/factory/changes/1"
SHOWN = re.compile(r'class="drawn[^"]*"[^>]*>([\d-]+)<')


def asked(house: House) -> list[tuple[str, dict[str, Any]]]:
    """The requests that wait, oldest first: kind and body."""
    with house.engine.connect() as connection:
        rows = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id)).scalars()
        return [(one.kind, msgspec.to_builtins(read_body(one))) for one in map(read_envelope, rows)]


def test_the_register_says_what_is_due_and_who_knows(house: House, signed_in: SignIn) -> None:
    """The list has each lock with place, custodian, due date and how many know it; its page names them (C8.2, C8.3)."""
    lock(house)
    auditor = signed_in("auditor")
    page = auditor.get("/combinations").text
    assert "図面金庫" in page
    assert "2026/11/29" in page
    assert "1 person" in page
    one = auditor.get("/combinations/factory/1").text
    assert "A knower may not know it any more" in one
    assert one.count("Nguyễn Văn An") + one.count("鈴木 次郎") >= 2
    house.time = house.time.replace(month=12, day=24)
    assert "Overdue since" in signed_in("auditor").get("/combinations").text


def test_a_leaver_who_knows_a_number(house: House, signed_in: SignIn) -> None:
    """The page before somebody leaves names the locks whose number they know, and says that their changes open (C7.4, C8.4)."""
    lock(house)
    page = signed_in("manager").get("/people/factory/2/leave").text
    assert "図面金庫" in page and "A change of the number opens" in page


def test_the_register_is_a_file(house: House, signed_in: SignIn) -> None:
    """The register of shared numbers (鍵番号の共有の管理簿) leaves as CSV and Excel with the columns of the page (C8.2)."""
    lock(house)
    auditor = signed_in("auditor")
    text = auditor.get("/combinations/factory/register.csv?lang=ja").data.decode("utf-8-sig")
    assert "図面金庫,試作室,電子錠" in text
    assert auditor.get("/combinations/factory/register.xlsx").data[:2] == b"PK"
    assert auditor.get("/combinations/factory/register.doc").status_code == 404
    assert signed_in("guard").get("/combinations/factory/register.csv").status_code == 403


ONE = "/combinations/factory/1"
MOVED = {"place": "store", "station": "desk"}
FORMS: tuple[tuple[str, str, str, dict[str, str], str, dict[str, Any]], ...] = (
    ("guard", "", f"{ONE}/report", {"reason": "leak"}, "combination.report", {"combination": 1, "reason": "leak"}),
    ("suzuki", "", f"{ONE}/share", {"person": "1", "told_by": "2"}, "knower.add", {"person": 1, "told_by": 2}),
    ("suzuki", "", f"{ONE}/unshare/1", {}, "knower.remove", {"knower": 1}),
    ("suzuki", "", f"{ONE}/appoint", {"custodian": "1"}, "combination.appoint", {"combination": 1, "custodian": 1}),
    ("suzuki", "", f"{ONE}/relocate", MOVED, "combination.relocate", {"combination": 1, **MOVED}),
    ("suzuki", "", f"{ONE}/retire", {}, "combination.retire", {"combination": 1}),
    ("suzuki", "", f"{PAGE}/plan", {"witness": "1", "knower": "2"}, "combination.plan", {"witness": 1, "knowers": (2,)}),
    ("suzuki", "begun", f"{PAGE}/break-off", {}, "combination.break_off", {"change": 1}),
    ("suzuki", "dead", f"{PAGE}/finish", {"seal": "S-12"}, "combination.finish", {"change": 1, "seal": "S-12"}),
)


@pytest.mark.parametrize(("name", "step", "address", "fields", "kind", "body"), FORMS)
def test_a_form_becomes_a_request(
    house: House,
    signed_in: SignIn,
    name: str,
    step: str,
    address: str,
    fields: dict[str, str],
    kind: str,
    body: dict[str, Any],
) -> None:
    """What is asked for reaches the site as a signed request of who is signed in (C8.4)."""
    lock(house, step)
    assert signed_in(name).post(address, **fields).status_code == 303
    assert [(of, {key: what[key] for key in body}) for of, what in asked(house)] == [(kind, body)]


def test_registering_takes_whoever_holds_a_right_to_the_place(house: House, signed_in: SignIn) -> None:
    """A lock is registered with a custodian of its place alone; what is missing is said beside its field."""
    lock(house)
    browser = signed_in("suzuki")
    fields = {"name": "第二金庫", "place": "lab", "sort": "keypad", "digits": "8", "station": "desk", "custodian": "5"}
    refused = browser.post("/combinations/factory/new", **fields)
    assert refused.status_code == 400
    assert "Choose the custodian." in refused.text
    assert browser.post("/combinations/factory/new", **fields | {"custodian": "3"}).status_code == 303
    ((kind, body),) = asked(house)
    assert (kind, body["place"], body["digits"], body["custodian"]) == ("combination.register", "lab", 8, 3)


def test_the_change_says_what_is_next(house: House, signed_in: SignIn) -> None:
    """The page of a change is a list of steps, one of them the next; only the lock's custodian finds buttons (C8.3)."""
    lock(house, "set")
    own, other = signed_in("suzuki").get(PAGE).text, signed_in("auditor").get(PAGE).text
    assert own.count('aria-current="step"') == 1
    assert 'aria-current="step"><span class="chip warn"' in own.replace("\n", "")
    assert "Break off" in own
    assert "Break off" not in other
    assert "plans and ends its change" in other


def test_a_drawn_number_is_shown_once_to_the_custodian_with_their_password(house: House, signed_in: SignIn) -> None:
    """Opening or asking draws nothing; a wrong password shows nothing; then it is shown once, never to be kept (C8.3)."""
    lock(house, "begun")
    browser = signed_in("suzuki")
    assert SHOWN.search(browser.get(f"{PAGE}/draw").text) is None
    assert (
        browser.post(f"{PAGE}/draw", page=f"{PAGE}/draw", password=PASSWORD).status_code == 404
    )  # nothing is on record yet
    assert browser.post(f"{PAGE}/draw/record", page=f"{PAGE}/draw").status_code == 303
    assert asked(house) == [("combination.draw", {"change": 1})]

    house.write(change.CombinationDrawn(1, 3, 3, "drawn"))
    wrong = browser.post(f"{PAGE}/draw", page=f"{PAGE}/draw", password=PASSWORD + "!")
    assert (wrong.status_code, SHOWN.search(wrong.text)) == (422, None)
    shown = browser.post(f"{PAGE}/draw", page=f"{PAGE}/draw", password=PASSWORD)
    number = SHOWN.search(shown.text)
    assert number is not None
    assert (len(number[1]), broken(KEYPAD, number[1])) == (8, ())
    assert shown.headers["Cache-Control"] == "no-store"

    again = browser.post(f"{PAGE}/draw", page=f"{PAGE}", password=PASSWORD)
    assert (again.status_code, SHOWN.search(again.text)) == (409, None)
    for address in (f"{PAGE}/draw", PAGE, "/combinations/factory/1", "/ledger"):
        assert number[1] not in browser.get(address).text


@pytest.mark.parametrize(
    ("name", "step", "status"),
    [("suzuki", "set", 404), ("suzuki", "", 404), ("admin", "begun", 403), ("guard", "begun", 403)],
)
def test_nobody_else_and_at_no_other_time(house: House, signed_in: SignIn, name: str, step: str, status: int) -> None:
    """A number is drawn for the custodian as a person while it is to be set, and for no role."""
    lock(house, step, drawn=True)
    answer = signed_in(name).client.get(f"{PAGE}/draw")
    assert answer.status_code == status


def test_the_register_is_no_file_of_another_sort(house: House, signed_in: SignIn) -> None:
    """As PDF and as workbook it is made like every register; while others are made, it waits (503), it does not fail."""
    auditor = signed_in("auditor")
    for sort in ("pdf", "xlsx", "csv"):
        assert auditor.get(f"/combinations/factory/register.{sort}").status_code == 200
    assert auditor.get("/combinations/factory/register.html").status_code == 404
