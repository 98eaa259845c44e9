"""The custody ledger on the dashboard: the form, whose it is, what waits, and every act as a request (C4.1, C4.2, C9.1)."""

import csv
import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from example_house import House
from openpyxl import load_workbook

from dashboard import database as db

from .conftest import Browser

SignIn = Callable[[str], Browser]
FORM = (
    "No.", "対象情報", "目的", "媒体", "取扱区分 (収集・作成、保管、複製、 利用、提供及び廃棄)", "保管・持出場所",
    "開始時日付", "開始時担当者", "開始時承認者", "終了時日付", "終了時担当者", "終了時承認者", "備考",
)  # fmt: skip
"""The seed's 管理簿（例）, its two rows of headings in one."""


@pytest.fixture
def there(house: House) -> House:
    """The example with things and lines: 1 overdue, 2 waits, 3 ended, 4 with copies, 5 destroyed, of persons 1 and 3."""
    return house.employee(1).custody()


def asked(house: House) -> list[str]:
    """The kinds of the requests that were handed to the outbox."""
    with house.engine.connect() as connection:
        return list(connection.execute(sa.select(db.outbox.c.kind).order_by(db.outbox.c.id)).scalars())


def test_the_ledger_is_exported_in_the_form_of_its_paper(there: House, signed_in: SignIn) -> None:
    """CSV (BOM, CRLF), Excel and PDF have exactly the form's columns in its order (C4.1)."""
    auditor = signed_in("auditor")
    auditor.get("/custody?lang=ja")

    text = auditor.get("/custody/file/csv?which=ledger").data.decode()
    assert text.startswith("\ufeff") and text.count("\r\n") == text.count("\n")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == FORM
    first = dict(zip(FORM, rows[1], strict=True))
    assert (first["No."], first["媒体"]) == ("1", "USBメモリ")
    assert (first["開始時担当者"], first["開始時承認者"]) == ("山田 花子", "suzukiさん")
    assert (first[FORM[4]], first["保管・持出場所"]) == ("利用", "社外：顧客先")
    assert [row[0] for row in rows[1:]] == ["1", "3", "4", "5"]

    sheet = load_workbook(io.BytesIO(auditor.get("/custody/file/xlsx").data)).active
    assert [cell.value for cell in sheet[1]][:7] == [*FORM[:6], "開始時"]
    assert [cell.value for cell in sheet[2]][6:12] == ["日付", "担当者", "承認者"] * 2
    assert auditor.get("/custody/file/pdf").data.startswith(b"%PDF")
    assert auditor.get("/custody/file/doc").status_code == 404


def test_an_employee_sees_and_takes_away_their_own_alone(there: House, signed_in: SignIn) -> None:
    """Somebody else's line is not there for an employee, nor the register as a file; their own are on My page."""
    employee = signed_in("employee")

    assert 'data-custody="1"' in employee.get("/custody").text
    assert 'data-custody="3"' not in employee.get("/custody?which=all").text
    assert employee.get("/custody/factory/1").status_code == 200
    assert employee.get("/custody/factory/3").status_code == 404
    assert employee.get("/custody/file/csv").status_code == 403
    assert "/custody/factory/2" in employee.get("/my").text
    assert employee.get("/things").status_code == 403


def test_asking_says_what_is_missing_and_sends_the_rest(there: House, signed_in: SignIn) -> None:
    """A form without purpose or with a place that is not allowed goes nowhere; a good one is one request (C8.5)."""
    employee = signed_in("employee")
    good = {"subject": "thing:1", "act": "take_off", "place": "off_site", "where": "顧客先", "due": "2026-11-30"}
    good |= {"purpose": "打合せ"}
    mistakes = ("purpose", ""), ("place", "server"), ("due", "2026-11-01"), ("subject", "thing:99"), ("where", ""), ("act", "")

    for name, wrong in mistakes:
        assert employee.post("/custody/factory/ask", **(good | {name: wrong})).status_code == 400, name
    assert asked(there) == []
    assert employee.post("/custody/factory/ask", **good).status_code == 303
    assert asked(there) == ["custody.request"]


def test_whoever_answers_for_it_decides_and_nobody_their_own(there: House, signed_in: SignIn) -> None:
    """The manager is offered what waits, approves and declines with a reason; who asked is told that another has to (C4.2)."""
    manager = signed_in("suzuki")

    assert 'data-custody="2"' in manager.get("/custody/approvals").text
    page = manager.get("/custody/factory/2").text
    assert "/custody/factory/2/approve" in page and "data-own" not in page
    assert manager.post("/custody/factory/2/reject", page="/custody/factory/2").location == "/custody/factory/2"
    assert asked(there) == []
    manager.post("/custody/factory/2/approve", page="/custody/factory/2")
    assert "/custody/factory/2/approve" not in signed_in("employee").get("/custody/factory/2").text
    assert asked(there) == ["custody.approve"]


@pytest.mark.parametrize(
    ("name", "act", "number", "fields", "kind"),
    [
        ("employee", "end", 1, {"outcome": "returned", "brought_by": "1"}, "custody.end"),
        ("employee", "ask-extension", 1, {"due": "2026-12-24"}, "custody.ask_extension"),
        ("suzuki", "extend", 1, {"due": "2026-12-24"}, "custody.extend"),
        ("employee", "hand-out", 4, {"people": "#2\n取引先 次郎"}, "custody.hand_out"),
        ("employee", "collect", 4, {"number": "1", "fate": "returned"}, "custody.collect"),
        ("suzuki", "confirm", 3, {}, "custody.confirm"),
        ("suzuki", "witness", 5, {}, "custody.witness"),
        ("employee", "decline", 2, {}, "custody.decline"),
    ],
)
def test_each_act_is_a_request(
    there: House, signed_in: SignIn, name: str, act: str, number: int, fields: dict[str, str], kind: str
) -> None:
    """Ending, putting off, handing out, collecting, confirming and watching each hand one request to the outbox."""
    answer = signed_in(name).post(f"/custody/factory/{number}/{act}", page=f"/custody/factory/{number}", **fields)

    assert answer.location.startswith("/requests/") and asked(there) == [kind]


def test_copies_are_listed_until_they_are_back(there: House, signed_in: SignIn) -> None:
    """The page of numbered copies says which are out and with whom, and which were never handed out (C4.2)."""
    text = signed_in("auditor").get("/custody/handouts").text

    assert "1 of 3 are out" in text and "not handed out" in text and "佐藤 一郎" in text


def test_a_thing_has_its_page_and_its_sticker(there: House, signed_in: SignIn) -> None:
    """A thing is registered, given up, and shown with its lines and stickers (C9.1)."""
    manager = signed_in("suzuki")

    assert "USB-001" in manager.get("/things").text and 'href="/custody/factory/1"' in manager.get("/things/factory/1").text
    assert manager.post("/things/factory/register", code="PC-9").status_code == 400
    manager.post("/things/factory/register", code="PC-9", label="会議用", medium="pc", place="lab", allowed="off_site")
    manager.post("/things/factory/1/retire", page="/things/factory/1", state="lost")
    assert asked(there) == ["thing.register", "thing.retire"]
    assert manager.get("/things/factory/99").status_code == 404


def test_the_ledger_names_its_things_however_many(
    there: House, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form offers so many things to choose from; a line of the ledger has the name of its own, whichever it is (C4.1)."""
    auditor = signed_in("auditor")
    every = auditor.get("/custody/file/csv?which=all").data
    monkeypatch.setattr("dashboard.read.things.MOST", 1)
    assert auditor.get("/custody/file/csv?which=all").data == every
