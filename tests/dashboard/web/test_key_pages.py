"""Keys on the dashboard: what a form asks of the site, what each page tells, and the register as files (C8.2, C7.4)."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from example_house import House
from house_keys import with_keys
from openpyxl import load_workbook

from controller.record.kinds.right import RightApproved
from controller.record.kinds.trust import OperatorRegistered

from .conftest import Browser
from .test_requests import _asked, _count

SignIn = Callable[[str], Browser]
FORM = {
    "label": "K-20", "name": "金庫室", "opens": "store", "home": "office", "due_time": "17:30", "authorisers": "2",
}  # fmt: skip
KEPT = {
    "label": "K-20", "opens": "store", "home": "office", "due_time": "17:30", "authorisers": 2, "cabinet": "", "slot": 0,
    "ring": 0, "copy_of": 0, "due_minutes": 0, "most": 0, "stays_in": "",
}  # fmt: skip
SPAN = {"from": "2026-11-25 10:00", "until": "2026-11-25 12:00"}
SPAN_ASKED = {"from_at": "2026-11-25T01:00:00.000000Z", "until_at": "2026-11-25T03:00:00.000000Z"}


@pytest.fixture
def house(house: House) -> House:
    return with_keys(house)


def employee(house: House, person: int = 2) -> None:
    """An account of somebody who asks for nothing but their own."""
    text = house.private("operator-9", name="佐藤").ref()
    house.write(OperatorRegistered(9, ("employee",), ("*",), person, text, "active"), by="console")
    house.account("sato", 9)


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body", "private"),
    [
        ("suzuki", "/keys/factory/register", FORM, "key.register", KEPT, {"name": "金庫室"}),
        ("suzuki", "/keys/factory/7/change", FORM, "key.change", {"key": 7, **KEPT}, {"name": "金庫室"}),
        (
            "guard", "/keys/factory/7/lend?q=1", {"person": "1", "purpose": "点検"}, "key.lend", {"key": 7, "person": 1},
            {"purpose": "点検"},
        ),
        (
            "guard", "/keys/factory/2/hand-over?q=1", {"person": "1", "purpose": "点検"}, "key.hand_over",
            {"key": 2, "person": 1}, {"purpose": "点検"},
        ),
        ("guard", "/keys/factory/2/return", {"person": "2"}, "key.return", {"key": 2, "returned_by": 2}, {}),
        ("guard", "/keys/factory/2/return?q=4", {"person": "4"}, "key.return", {"key": 2, "returned_by": 4}, {}),
        ("guard", "/keys/factory/2/return", {"person": ""}, "key.return", {"key": 2, "returned_by": None}, {}),
        (
            "guard", "/keys/factory/7/reserve?q=1", {"person": "1", "purpose": "点検", **SPAN}, "key.reserve",
            {"key": 7, "person": 1, **SPAN_ASKED}, {"purpose": "点検"},
        ),
        (
            "manager", "/keys/factory/2/lost", {"reason": "紛失", "lock_down": "yes"}, "key.report_lost",
            {"key": 2, "lock_down": True}, {"reason": "紛失"},
        ),
        ("suzuki", "/keys/factory/5/lock", {"lock": "C-9", "new_key": "7"}, "key.change_lock",
         {"key": 5, "lock": "C-9", "new_key": 7}, {}),
        ("suzuki", "/keys/factory/7/seal", {"seal": "S-1", "place": "store"}, "key.seal",
         {"key": 7, "seal": "S-1", "place": "store"}, {}),
        ("suzuki", "/keys/factory/6/unseal", {"reason": "停電"}, "key.unseal", {"key": 6}, {"reason": "停電"}),
        ("suzuki", "/keys/factory/7/retire", {"reason": "廃棄"}, "key.retire", {"key": 7}, {"reason": "廃棄"}),
        ("manager", "/people/factory/2/keys", {"most": "3"}, "key.limit", {"person": 2, "most": 3}, {}),
    ],
)  # fmt: skip
def test_a_form_becomes_a_signed_request(
    house: House,
    signed_in: SignIn,
    name: str,
    address: str,
    fields: dict[str, str],
    kind: str,
    body: dict[str, Any],
    private: dict[str, str],
) -> None:
    """What was typed reaches the site as a request of the operator who is signed in."""
    signed_in(name).post(address, **fields)

    assert _asked(house)[:3] == (kind, body, private)


@pytest.mark.parametrize(
    ("name", "page", "address", "fields", "kind", "body"),
    [
        ("suzuki", "/keys/factory/loans/1", "/keys/factory/loans/1/call-off", {}, "key.call_off", {"loan": 1}),
        ("suzuki", "/keys/factory/loans/1", "/keys/factory/loans/1/authorise", {}, "key.authorise", {"loan": 1}),
        ("suzuki", "/keys/factory/loans/1", "/keys/factory/loans/1/hand-out", {}, "key.hand_out", {"loan": 1}),
        ("guard", "/keys/factory/7", "/keys/factory/reservations/1/cancel", {}, "key.cancel_reservation", {"reservation": 1}),
        ("suzuki", "/keys/factory/audits/1", "/keys/factory/audits/1/end", {}, "key_audit.end", {"audit": 1}),
        (
            "guard", "/keys/factory/audits/1", "/keys/factory/audits/1/count",
            {"seen-1": "present", "seen-3": "present", "seen-7": "present"}, "key_audit.count",
            {"audit": 1, "counts": ({"key": 1, "seen": "present"}, {"key": 7, "seen": "present"})},
        ),
    ],
)  # fmt: skip
def test_a_button_becomes_a_signed_request(
    house: House, signed_in: SignIn, name: str, page: str, address: str, fields: dict[str, str], kind: str, body: dict[str, Any]
) -> None:
    """What is decided about a loan, a reservation or a round is a request too; what is counted already is not said again."""
    signed_in(name).post(address, page, **fields)

    assert _asked(house)[:2] == (kind, body)


WRONG = (
    ("/keys/factory/register", FORM | {"label": ""}, "label"),
    ("/keys/factory/register", FORM | {"due_time": ""}, "due_time"),
    ("/keys/factory/register", FORM | {"home": "moon"}, "home"),
    ("/keys/factory/register", FORM | {"slot": "-1"}, "slot"),
    ("/keys/factory/register", FORM | {"authorisers": "９"}, "authorisers"),
    ("/keys/factory/7/lend?q=1", {"person": "x", "purpose": "点検"}, "person"),
    ("/keys/factory/7/lend?q=1", {"person": "1", "purpose": " "}, "purpose"),
    ("/keys/factory/7/reserve?q=1", {"person": "1", "purpose": "点検", **SPAN, "until": "2026-11-25 09:00"}, "until"),
    ("/keys/factory/2/lost", {"reason": ""}, "reason"),
    ("/keys/factory/7/seal", {"seal": "", "place": "store"}, "seal"),
    ("/people/factory/2/keys", {"most": ""}, "most"),
)


def test_a_wrong_field_is_named(house: House, signed_in: SignIn) -> None:
    """A mistake is said at its field, and nothing is asked."""
    suzuki = signed_in("suzuki")
    for address, fields, wrong in WRONG:
        answer = suzuki.post(address, **fields)

        assert answer.status_code == 400 and f'href="#f-{wrong}"' in answer.text, (address, wrong)
    assert _count(house) == 0


def test_the_grid_says_where_each_key_is(house: House, signed_in: SignIn) -> None:
    """Each key has its state as a word, who has it, and for how long it should have been back."""
    page = signed_in("auditor").get("/keys?lang=ja").text

    rows = dict(re.findall(r'data-key="(\d)">(.*?)</tr>', page, re.S))
    assert "期限超過 2時間10分" in rows["2"] and "佐藤 一郎" in rows["2"]
    assert "保管中" in rows["1"] and "紛失" in rows["5"] and "封印番号 S-0041" in rows["6"]
    assert "期限を過ぎた鍵が1本あります。" in page
    only = signed_in("auditor").get("/keys?state=late").text
    assert re.findall(r'data-key="(\d)"', only) == ["2"]
    assert re.findall(r'data-key="(\d)"', signed_in("auditor").get("/keys?q=工具").text) == ["7"]
    assert signed_in("auditor").get("/keys?state=melted").status_code == 400


def test_a_key_tells_its_history(house: House, signed_in: SignIn) -> None:
    """Its ring, its duplicates, its loans and who brought it back; what it was lost with asks for another lock."""
    manager = signed_in("manager")

    assert "K-04" in manager.get("/keys/factory/3").text and "渡辺 五郎" in manager.get("/keys/factory/4").text
    assert "K-06" in manager.get("/keys/factory/1").text
    assert "data-lock-due" in manager.get("/keys/factory/5").text
    assert manager.get("/keys/factory/99").status_code == 404
    assert "試作室 予備扉" not in signed_in("guard").get("/people/factory/2").text


HEAD = ["番号", "鍵", "借用者", "目的", "承認者", "貸出し", "期限", "返却", "返却者", "備考"]


def test_the_register_is_taken_away_with_its_columns(house: House, signed_in: SignIn) -> None:
    """CSV, Excel and PDF have the register's columns in its order; a loan that waits is not in it."""
    auditor = signed_in("auditor")
    csv = auditor.get("/keys/loans.csv?lang=ja").text.lstrip("\ufeff").splitlines()
    book = load_workbook(io.BytesIO(auditor.get("/keys/loans.xlsx?lang=ja").data)).active
    pdf = auditor.get("/keys/loans.pdf?lang=ja")

    assert csv[0].split(",") == HEAD and len(csv) == 3
    assert "鍵束（ほか1本）、別の人が返却、期限後に返却" in csv[1]
    assert book is not None and [cell.value for cell in book[1]] == HEAD
    assert pdf.data.startswith(b"%PDF") and pdf.mimetype == "application/pdf"
    assert len(auditor.get("/keys/loans.csv?person=2").text.splitlines()) == 2
    assert len(auditor.get("/keys/loans.csv?key=4").text.splitlines()) == 2
    assert auditor.get("/keys/loans.csv?key=x").status_code == 400
    assert signed_in("guard").get("/keys/loans.csv").status_code == 403


def test_who_asked_for_a_loan_is_not_offered_to_agree(house: House, signed_in: SignIn) -> None:
    """An operator whom the site does not know as a person agrees to nothing: the page says who has to."""
    assert "Agree to the loan" not in signed_in("guard").get("/keys/factory/loans/1").text
    text = house.private("operator-8", name="承認者").ref()
    house.write(OperatorRegistered(8, ("manager",), ("*",), 4, text, "active"), by="console")
    house.account("takahashi", 8)

    assert "Agree to the loan" in signed_in("takahashi").get("/keys/factory/loans/1").text


def test_an_employee_sees_only_what_is_theirs(house: House, signed_in: SignIn) -> None:
    """They find their key on their own page, report it, and reserve for themselves alone; other keys' pages are shut."""
    employee(house)
    sato = signed_in("sato")

    assert "K-02" in sato.get("/my").text and sato.get("/keys").status_code == 403
    assert sato.get("/keys/factory/7/lost").status_code == 403
    sato.post("/keys/factory/2/lost", reason="落とした")
    assert _asked(house)[:2] == ("key.report_lost", {"key": 2, "lock_down": False})
    assert sato.get("/keys/factory/7/reserve").status_code == 404
    house.ask_right(50, 2, "lab")
    house.write(RightApproved(50, 3, "active"))
    page = sato.get("/keys/factory/7/reserve?q=1").text
    assert "佐藤 一郎" in page and "山田 花子" not in page


def test_an_employee_learns_nothing_of_keys_that_are_not_for_them(house: House, signed_in: SignIn) -> None:
    """A guessed number shows no key of a place without a right; without a person on record nobody has a key (C7.4)."""
    employee(house)
    found = signed_in("sato")
    offered = set(map(int, re.findall(r"/keys/factory/(\d+)/reserve", found.get("/keys/factory/mine").text)))
    shown = {id for id in range(1, 12) if found.get(f"/keys/factory/{id}/reserve").status_code == 200}
    assert offered <= shown < set(range(1, 12))
    text = house.private("operator-8", name="仮").ref()
    house.write(OperatorRegistered(8, ("employee",), ("*",), None, text, "active"), by="console")
    house.account("kari", 8)
    nobody = signed_in("kari")
    assert {nobody.get(f"/keys/factory/{id}/lost").status_code for id in range(1, 12)} <= {403, 404}
    assert {nobody.get(f"/keys/factory/{id}/reserve").status_code for id in range(1, 12)} == {404}
