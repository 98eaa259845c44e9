"""Places, the catalogue and labels on the dashboard (C1.1, C1.2, C2.1, C3.1, C8.1)."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
from example_house import House
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from controller.record.canonical import moment
from controller.record.envelope import decode
from controller.record.kinds.label import LabelPrinted

from .conftest import Browser
from .test_requests import _asked, _count

SignIn = Callable[[str], Browser]
SEED = [
    "業務分類", "情報資産名称", "備考", "利用者範囲", "管理部署", "媒体・保存先",
    "個人情報の種類個人情報", "個人情報の種類要配慮個人情報", "個人情報の種類特定個人情報", "保存期限", "登録日",
]  # fmt: skip
"""The columns of the training material's 目録, in order; in a file of one head the common heading stands before the three."""


@pytest.fixture
def house(house: House) -> House:
    return house.catalogue()


def words(pdf: bytes) -> list[str]:
    """What can be read on each page, without its spaces."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]


PLACES = {"place": "safe-a", "secrecy": "secret", "title": "図面"}


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body", "private"),
    [
        (
            "manager",
            "/places/factory/register",
            {"name": "金庫B", "container": "safe-b", "sort": "safe", "zone": "store", "lock": "key"},
            "container.register",
            {"container": "safe-b", "container_sort": "safe", "zone": "store", "lock": "key"},
            {"name": "金庫B"},
        ),
        (
            "manager",
            "/places/factory/safe-a/move",
            {"zone": "lab", "reason": "模様替え"},
            "container.move",
            {"container": "safe-a", "zone": "lab"},
            {"reason": "模様替え"},
        ),
        (
            "manager",
            "/places/factory/office/keepers",
            {"manager": "#1", "deputy": "鈴木"},
            "keeper.propose",
            {"place": "office", "manager": 1, "deputy": 3},
            {},
        ),
        ("suzuki", "/appointments/factory/3", {"act": "approve"}, "keeper.approve", {"appointment": 3}, {}),
        ("manager", "/appointments/factory/3", {"act": "decline"}, "keeper.decline", {"appointment": 3}, {}),
        (
            "manager",
            "/assets/factory/register",
            {
                **PLACES, "measure-two_person": "1", "assurance": "mutual", "allowed-lab": "1", "personal-my_number": "1",
                "retain_until": "2031/03/31", "owner": "甲社",
            },
            "asset.register",
            {
                "place": "safe-a", "secrecy": "secret", "measures": ("least_assurance:mutual", "two_person"),
                "allowed": ("lab",), "personal": ("my_number",), "retain_until": "2031-03-31",
            },
            {"title": "図面", "owner": "甲社"},
        ),
        (
            "manager",
            "/assets/factory/1/change",
            PLACES,
            "asset.change",
            {"asset": 1, "place": "safe-a", "secrecy": "secret"},
            {"title": "図面"},
        ),
        (
            "manager",
            "/assets/factory/1/withdraw",
            {"reason": "returned"},
            "asset.withdraw",
            {"asset": 1, "reason": "returned"},
            {},
        ),
        (
            "manager",
            "/places/factory/safe-a/labels",
            {"template": "sheet24", "lang": "ja", "count": "3", "start": "23"},
            "label.print",
            {
                "place": "safe-a", "template": "sheet24", "count": 3, "lang": "ja", "secrecy": "top_secret", "manager": 3,
                "deputy": 3,
            },
            {},
        ),
    ],
)  # fmt: skip
def test_a_form_becomes_a_signed_request(
    house: House, signed_in: SignIn, name: str, address: str, fields: dict[str, str], kind: str, body: dict[str, Any],
    private: dict[str, str],
) -> None:  # fmt: skip
    """What was typed reaches the site as a request of the operator who is signed in."""
    signed_in(name).post(address, **fields)

    assert _asked(house)[:3] == (kind, body, private)


@pytest.mark.parametrize(
    ("address", "fields", "wrong"),
    [
        ("/places/factory/register", {"name": "金庫B", "container": "safe-a"}, "container"),
        ("/places/factory/register", {"name": "金庫B", "container": "Safe B"}, "container"),
        ("/places/factory/safe-a/move", {"zone": "store", "reason": "理由"}, "zone"),
        ("/places/factory/office/keepers", {"manager": "#1", "deputy": "#1"}, "deputy"),
        ("/places/factory/office/keepers", {"manager": "#1", "deputy": "#999"}, "deputy"),
        ("/assets/factory/register", {**PLACES, "title": " "}, "title"),
        ("/assets/factory/register", {**PLACES, "retain_until": "31.3."}, "retain_until"),
        ("/places/factory/safe-a/labels", {"template": "sheet24", "lang": "ja", "count": "0"}, "count"),
        ("/places/factory/safe-a/labels", {"template": "sheet24", "lang": "ja", "start": "25"}, "start"),
        ("/places/factory/safe-a/labels", {"template": "sheet24", "lang": "ja", "right": "5.1"}, "right"),
    ],
)
def test_a_wrong_field_is_named(
    house: House, signed_in: SignIn, address: str, fields: dict[str, str], wrong: str
) -> None:
    """A mistake is said at its field, and nothing is asked."""
    answer = signed_in("manager").post(address, **fields)

    assert answer.status_code == 400 and _count(house) == 0
    assert f'href="#f-{wrong}"' in answer.text


def test_the_places_tell_who_answers_and_what_is_missing(house: House, signed_in: SignIn) -> None:
    """Without its own deputy it says who stands in, without anybody that; its class is the strictest of what it holds."""
    text = signed_in("auditor").get("/places").text
    safe, lab = (text.split(f'data-place="{place}"')[1].split("</tr>")[0] for place in ("safe-a", "lab"))

    assert "鈴木 次郎" in safe and "None of its own" in safe and 'data-missing="deputy"' in safe and "Top secret" in safe
    assert "Nobody" in lab and 'data-missing="manager"' in lab
    assert "Decide" not in text  # an auditor looks
    assert 'data-place="store"' not in signed_in("auditor").get("/places?only=missing").text
    assert "山田 花子 and 鈴木 次郎 are proposed" in signed_in("manager").get("/places/factory/lab").text


def test_a_guard_sees_a_place_and_not_what_it_holds(house: House, signed_in: SignIn) -> None:
    """Who answers for a place is for everybody; the catalogue is not (C7.1)."""
    guard = signed_in("guard")

    assert "鈴木 次郎" in guard.get("/places/factory/safe-a").text
    assert "製品設計図" not in guard.get("/places/factory/safe-a").text
    assert guard.get("/assets").status_code == guard.get("/assets/factory/1").status_code == 403
    assert guard.get("/places/factory/attic").status_code == 404


def test_nobody_approves_their_own_appointment(house: House, signed_in: SignIn) -> None:
    """Who proposed it is told so, and a POST by hand asks nothing (C7.3)."""
    manager = signed_in("manager")

    assert "You cannot approve your own request." in manager.get("/appointments/factory/3").text
    assert manager.post("/appointments/factory/3", act="approve").status_code == 200
    assert _count(house) == 0


def test_the_catalogue_is_taken_along_in_its_form(house: House, signed_in: SignIn) -> None:
    """CSV, Excel and PDF have the training material's columns in their order, and no cell is a formula (C1.1)."""
    manager = signed_in("manager")
    manager.get("/?lang=ja")

    rows = list(csv.reader(io.StringIO(manager.get("/assets.csv").get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0][: len(SEED)] == SEED
    line = ["技術", "製品設計図", "現役製品の設計図", "開発部", "開発部", "書類", "○", "", "", "2026/11/01", "2016/07/01"]
    assert rows[1][: len(SEED)] == line
    assert rows[2][1] == "'=cmd()"
    sheet = load_workbook(io.BytesIO(manager.get("/assets.xlsx").data)).worksheets[0]
    assert [cell.value for cell in sheet[1]][:7] == [*SEED[:6], "個人情報の種類"]
    assert [cell.value for cell in sheet[2]][6:9] == ["個人情報", "要配慮個人情報", "特定個人情報"]
    text = "".join(words(manager.get("/assets.pdf").data))
    assert "情報資産" in text and "製品設計図" in text
    assert len(manager.get("/assets?class=internal").text.split("data-asset=")) == 2
    assert "製品設計図" in manager.get("/assets?over=1&q=設計").text


def test_the_paper_is_handed_out_when_the_print_is_on_record(house: House, signed_in: SignIn) -> None:
    """Before the record there is no paper; then what the record says, for whoever asked and for a quarter of an hour (C2.1)."""
    manager = signed_in("manager")
    answer = manager.post("/places/factory/safe-a/labels", template="sheet24", lang="ja", count="3", start="23")
    request = answer.location.rpartition("/")[2].partition("?")[0]
    paper = f"/labels/factory/{request}.pdf?start=23"

    assert manager.get(paper).status_code == 404
    house.write(LabelPrinted(1, "safe-a", "sheet24", 3, "ja", "top_secret", 3, 1, 2), by="operator:2")
    house.reply(request)
    assert "Fetch the PDF" in manager.get(answer.location).text
    pages = words(manager.get(paper).data)
    assert len(pages) == 2  # two labels on what is left of the first sheet, one on the next
    assert all(said in pages[0] for said in ("極秘", "関係者限り", "金庫A", "鈴木次郎", "山田花子", "safe-a"))
    assert signed_in("suzuki").get(paper).status_code == 404
    house.time = moment(decode(house.peer.records[-1]).at) + timedelta(minutes=16)
    assert manager.get(paper).status_code == 410


def test_a_label_is_moved_by_millimetres(house: House, signed_in: SignIn) -> None:
    """What the trial print has shown is made good: the ruler stands two millimetres further, and nonsense moves nothing."""
    manager = signed_in("manager")

    def left(query: str) -> float:
        page = pypdfium2.PdfDocument(manager.get(f"/labels/factory/trial/sheet24.pdf{query}").data)[0]
        return float(min(one.get_bounds()[0] for one in page.get_objects())) / 72 * 25.4

    assert left("?right=2") - left("") == pytest.approx(2, abs=0.01)
    assert left("?right=nan") == left("?right=99") == left("")


def test_the_ledger_says_what_became_of_places(house: House, signed_in: SignIn) -> None:
    """A line names the container, who was appointed and the asset by number; its name stands in the catalogue alone."""
    text = signed_in("guard").get("/ledger").text

    assert "金庫A" in text and "Manager 山田 花子" in text and "#1" in text
    assert "製品設計図" not in text


def test_a_trial_sheet_needs_no_record(house: House, signed_in: SignIn) -> None:
    """The edges and a ruler, before a label is wasted."""
    answer = signed_in("manager").get("/labels/factory/trial/tape24.pdf")

    _width, height = pypdfium2.PdfDocument(answer.data)[0].get_size()
    assert height == pytest.approx(24 / 25.4 * 72, abs=0.1)
    assert _count(house) == 0


def test_a_right_can_name_a_container(house: House, signed_in: SignIn) -> None:
    """The form offers the site's containers behind its zones, and the matrix has a column for each."""
    manager = signed_in("manager")

    assert '<option value="safe-a">金庫A</option>' in manager.get("/people/factory/1/rights/ask").text
    assert "金庫A" in manager.get("/matrix").text


def upload(browser: Browser, text: str) -> TestResponse:
    """Hands in a file."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/assets/factory/import").text)
    assert token
    fields = {"csrf_token": token[1], "file": (io.BytesIO(text.encode()), "assets.csv")}
    return browser.client.post("/assets/factory/import", data=fields, content_type="multipart/form-data")


def test_what_was_taken_along_can_be_imported(house: House, signed_in: SignIn) -> None:
    """The catalogue's own file, without its numbers, is entered as it was; twice confirmed it is one request (C1.1)."""
    manager = signed_in("manager")
    manager.get("/?lang=ja")
    rows = list(csv.reader(io.StringIO(manager.get("/assets.csv").get_data(as_text=True).removeprefix("\ufeff"))))
    buffer = io.StringIO()
    csv.writer(buffer).writerows([row[:-1] for row in rows])

    page = upload(manager, buffer.getvalue())
    hidden = dict(re.findall(r'name="(act|plan|ids|packed)" value="([^"]*)"', page.text))
    assert page.status_code == 200 and "製品設計図" in page.text and _count(house) == 0
    for _ in range(2):
        assert manager.post("/assets/factory/import", **hidden).status_code == 303
    kind, body, private = _asked(house)[:3]
    assert (kind, _count(house)) == ("assets.import", 1)
    assert body["rows"][0] == {
        "secrecy": "top_secret", "place": "safe-a", "marking": "concerned", "personal": ("personal",), "allowed": ("lab",),
        "measures": ("least_assurance:aes", "two_person"), "retain_until": "2026-11-01", "registered_on": "2016-07-01",
    }  # fmt: skip
    assert private["title.0"] == "製品設計図" and private["owner.0"] == "甲社" and "title.1" in private


def test_all_mistakes_of_a_file_are_said_at_once(house: House, signed_in: SignIn) -> None:
    """Each with its line and its column; nothing is asked."""
    text = "情報資産名称,秘密区分,保管場所,保存期限,番号\n,秘,試作室,,\n図面,大秘,物置,2031/13/1,\n金型,秘,試作室,,1\n"
    page = upload(signed_in("manager"), text)

    assert page.status_code == 400 and _count(house) == 0
    for said in ("called", "大秘", "物置", "2031/13/1", "asset no. 1"):
        assert said in page.text, said
    assert "names of the assets" in upload(signed_in("manager"), "備考\nx\n").text
