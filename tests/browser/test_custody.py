"""The custody ledger in a browser: asked for on a phone, approved at a desk, brought back; every page in both dresses.

(C4.1, C4.2, C9.1.)
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_house import PASSWORD, House
from playwright.sync_api import Browser, Page, expect

from controller.record.kinds import custody

from .conftest import Served
from .test_appearance import OPTIONS, Looker
from .test_groups import answered

PAGES = (
    "/custody", "/custody?which=all&act=take_off", "/custody/approvals", "/custody/factory/1", "/custody/factory/2",
    "/custody/factory/3", "/custody/factory/4", "/custody/factory/5", "/custody/factory/ask", "/custody/handouts", "/things",
    "/things/factory/1", "/things/factory/register",
)  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example with its custody ledger, and an account for person 1 who asks for themselves alone."""
    served = Served(House(tmp_path_factory.mktemp("custody")).settle().a_day().employee(1).custody())
    yield served
    served.close()


def sign_in(served: Served, page: Page) -> None:
    """The employee, who begins at My page."""
    page.goto(f"{served.url}/sign-in")
    page.fill("[name=name]", "employee")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{served.url}/my")


DUE = "2026-12-01T15:00:00.000000Z"


def ask_for_it(served: Served, employee: Page) -> None:
    """The employee asks on the phone; what is missing is said first."""
    employee.get_by_role("link", name="持出し・取扱いを申請する").first.click()
    employee.get_by_label("対象情報").select_option("thing:2")
    employee.get_by_label("取扱い", exact=True).select_option("take_off")
    employee.get_by_label("場所", exact=True).select_option("off_site")
    employee.get_by_role("button", name="申請する").click()
    expect(employee.locator("#mistakes")).to_be_visible()
    employee.get_by_label("社外の行き先").fill("名古屋の顧客")
    employee.get_by_label("目的").fill("設計審査")
    employee.get_by_role("button", name="申請する").click()
    told = served.house.private("custody-6", purpose="設計審査", where="名古屋の顧客").ref()
    body = custody.CustodyRequested(
        6, 2, None, "take_off", "paper", "off_site", "lab", 1, 0, DUE, DUE, told, 9, "requested"
    )
    answered(served, employee, body, by="operator:9")


def test_a_take_out_on_a_phone_and_its_return(browser: Browser, there: Served) -> None:
    """An employee asks on a phone, the manager approves at a desk, it is in hand, brought back, and seen by the manager."""
    phone = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    desk = browser.new_context(locale="ja")
    employee, manager = phone.new_page(), desk.new_page()
    sign_in(there, employee)
    there.sign_in(manager, "suzuki")
    ask_for_it(there, employee)

    manager.goto(f"{there.url}/custody/approvals")
    manager.locator("[data-custody='6'] a.btn-main").click()
    expect(manager.get_by_text("名古屋の顧客")).to_be_visible()
    manager.locator("form[action$='/approve'] button").click()
    answered(there, manager, custody.CustodyApproved(6, 1, 3, DUE, "approved"), by="operator:3")

    employee.goto(f"{there.url}/custody/factory/6")
    employee.get_by_role("button", name="受け取りました").click()
    begun = custody.CustodyBegun(6, 2, 1, "take_off", "lab", "lab", "", 9, DUE, "open")
    answered(there, employee, begun, by="operator:9")
    employee.goto(f"{there.url}/my")
    expect(employee.get_by_text("持出し中", exact=True).first).to_be_visible()
    employee.goto(f"{there.url}/custody/factory/6")
    employee.get_by_role("button", name="終了する").click()
    over = custody.CustodyEnded(6, 2, 1, 1, "returned", "", 9, None, None, "ended")
    answered(there, employee, over, by="operator:9")

    manager.goto(f"{there.url}/custody/factory/6")
    manager.get_by_role("button", name="返却を確認しました").click()
    answered(there, manager, custody.CustodyConfirmed(6, 3), by="operator:3")
    manager.goto(f"{there.url}/custody")
    expect(manager.locator("tr[data-custody='6']").get_by_text("返却", exact=False).first).to_be_visible()
    phone.close()
    desk.close()


@pytest.mark.parametrize(
    ("lang", "theme", "width"),
    [("ja", "light", 360), pytest.param("en", "dark", 1280, marks=pytest.mark.long)],
)
def test_every_page_of_custody_in_every_dress(browser: Browser, there: Served, lang: str, theme: str, width: int) -> None:
    """axe finds nothing on any page, and nothing is wider than the screen: a phone by day in Japanese, a desk by night."""
    eye = Looker(browser, there, "suzuki", lang)
    eye.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    eye.page.set_viewport_size({"width": width, "height": 780})
    for address in PAGES:
        eye.go(address)
        assert eye.page.evaluate("document.documentElement.scrollWidth") <= width, address
        found = Axe().run(eye.page, options=OPTIONS)
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"
    eye.close()
