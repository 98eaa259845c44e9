"""Keys in a browser: lent by hand on a phone with another's agreement, taken back, counted; every page in every dress.

(C8.2.)
"""

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_house import House
from house_keys import kept, purpose, with_keys
from playwright.sync_api import Browser, Page, expect

from controller.record.canonical import timestamp
from controller.record.kinds import key_audit, key_loan
from controller.record.kinds.trust import OperatorRegistered

from .conftest import Served
from .test_appearance import OPTIONS, Looker
from .test_groups import answered

PAGES = (
    "/keys", "/keys/factory/1", "/keys/factory/5", "/keys/factory/register", "/keys/factory/7/lend?q=a",
    "/keys/factory/2/return", "/keys/factory/5/lock", "/keys/factory/7/seal", "/keys/loans", "/keys/factory/loans/1",
    "/keys/audits", "/keys/factory/audits/1",
)  # fmt: skip


def to_lend(folder: Path) -> House:
    """A key to whose loans one other has to agree, and a manager whom the site knows as person 4."""
    house = House(folder).settle().a_day()
    house.write(kept(house, 1, "K-01", "試作室 予備扉", authorisers=1), by="operator:3")
    text = house.private("operator-8", name="承認者").ref()
    house.write(OperatorRegistered(8, ("manager",), ("*",), 4, text, "active"), by="console")
    house.account("takahashi", 8)
    return house


def ask_for_it(served: Served, guard: Page) -> None:
    """The guard asks for a loan to person 2."""
    guard.goto(f"{served.url}/keys")
    guard.get_by_role("link", name="K-01 試作室 予備扉").click()
    guard.get_by_role("link", name="貸出し", exact=True).click()
    guard.get_by_label("氏名または番号").fill("サトウ")
    guard.get_by_role("button", name="探す").click()
    expect(guard.get_by_role("radio", name="佐藤 一郎")).to_be_checked()
    guard.get_by_role("button", name="貸出し").click()
    expect(guard.locator("#mistakes")).to_be_visible()
    guard.get_by_label("目的").fill("部品の棚卸し")
    guard.get_by_role("button", name="貸出し").click()
    asked = key_loan.KeyAsked(1, 1, (1,), "K-01", "lab", 2, purpose(served.house, 1), 1, 4, "asked")
    answered(served, guard, asked, by="operator:4")


def hand_out_and_take_back(served: Served, guard: Page) -> None:
    """The guard hands the key out; it becomes overdue, and person 4 brings it."""
    guard.goto(f"{served.url}/keys/factory/loans/1")
    guard.get_by_role("button", name="鍵を引き渡す").click()
    due = timestamp(served.house.now() - timedelta(minutes=130))
    lent = key_loan.KeyLent(1, 1, (1,), "K-01", "lab", 2, purpose(served.house, 1), (4,), due, 4, "hand", 0, "lent")
    answered(served, guard, lent, by="operator:4")

    guard.goto(f"{served.url}/keys")
    expect(guard.locator("tr[data-key='1']").get_by_text("期限超過 2時間10分")).to_be_visible()
    guard.goto(f"{served.url}/keys/factory/1/return?q=4")
    guard.get_by_role("radio", name="髙橋 﨑子").check()
    guard.get_by_role("button", name="返却を受け付ける").click()
    answered(served, guard, key_loan.KeyReturned(1, (1,), 2, 4, "hand", 4, "", 0, True, "in_place"), by="operator:4")


def test_a_key_is_lent_by_hand_to_somebody_another_agrees_to(browser: Browser, tmp_path: Path) -> None:
    """The guard asks on a phone, a manager agrees at a desk, the guard hands it out and takes it back from somebody else."""
    house = to_lend(tmp_path)
    served = Served(house)
    phone = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    desk = browser.new_context(locale="ja")
    guard, manager = phone.new_page(), desk.new_page()
    served.sign_in(guard, "guard")
    served.sign_in(manager, "takahashi")

    ask_for_it(served, guard)
    manager.goto(f"{served.url}/keys")
    manager.get_by_role("link", name="K-01 → 佐藤 一郎").click()
    manager.get_by_role("button", name="貸出しに同意").click()
    answered(served, manager, key_loan.KeyAuthorised(1, 4, (4,), 8, "asked"), by="operator:8")

    hand_out_and_take_back(served, guard)
    guard.goto(f"{served.url}/keys/loans")
    expect(guard.locator("tr[data-loan='1']").get_by_text("別の人が返却")).to_be_visible()
    house.write(key_audit.KeyAuditBegun(1, "office", "monthly", False, timestamp(house.now()), 0, "open"))
    guard.goto(f"{served.url}/keys/factory/audits/1")
    guard.get_by_label("あり").check()
    guard.get_by_role("button", name="確認した結果を記録").click()
    answered(served, guard, key_audit.KeyCounted(1, 1, "in_place", "present", False, 4), by="operator:4")
    phone.close()
    desk.close()
    served.close()


@pytest.mark.parametrize(
    ("lang", "theme", "width"),
    [("ja", "light", 360), pytest.param("en", "dark", 1280, marks=pytest.mark.long)],
)
def test_every_page_of_keys_in_every_dress(
    browser: Browser, tmp_path: Path, lang: str, theme: str, width: int
) -> None:
    """axe finds nothing on any page, and nothing is wider than the screen: a phone by day, and some at a desk by night."""
    served = Served(with_keys(House(tmp_path).settle().a_day()))
    eye = Looker(browser, served, "suzuki", lang)
    eye.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    eye.page.set_viewport_size({"width": width, "height": 780})
    for address in PAGES if lang == "ja" else PAGES[::3]:
        eye.go(address)
        assert eye.page.evaluate("document.documentElement.scrollWidth") <= width, address
        found = Axe().run(eye.page, options=OPTIONS)
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"
    eye.close()
    served.close()
