"""A site begun by one person, in a browser: the banner, the list, the confirmation, in every dress; and the way to its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.kinds import start

from .conftest import Served
from .test_appearance import Looker

PAGES = {
    "suzuki": [
        "/",
        "/start/factory",
        "/start/factory/confirm?upto=30",
        "/ledger?mark=alone",
        "/ledger/factory/1/30",
        "/rights/factory/8/approve",
    ],
    "admin": ["/", "/start/factory", "/start/factory/confirm?upto=30"],
    "auditor": ["/start/factory"],
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site, begun by its administrator alone, after a day."""
    served = Served(House(tmp_path_factory.mktemp("alone")).settle(alone=True).a_day())
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", list(PAGES))
def test_the_start_in_every_dress(browser: Browser, alone: Served, name: str, lang: str) -> None:
    """axe finds nothing on banner, list and confirmation, on a phone and a desk, light and dark; nothing is too wide."""
    eye = Looker(browser, alone, name, lang)
    for address in PAGES[name]:
        eye.go(address)
        expect(eye.page.locator("[data-start=factory]")).to_be_visible()
        eye.in_every_dress(address)
    eye.close()


def test_from_the_banner_to_its_end(browser: Browser, tmp_path: Path) -> None:
    """The second person goes from the banner to the list, confirms it by keyboard and thumb, and the banner is gone."""
    served = Served(House(tmp_path).settle(alone=True).a_day())
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    served.sign_in(page, "suzuki")
    try:
        page.get_by_role("link", name="行ったことを確認する").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("一人で行ったこと")
        expect(page.get_by_text("山田 花子").first).to_be_visible()
        page.get_by_role("link", name="すべて見ました").click()
        button = page.get_by_role("button", name="単独での開始を終える")
        for part in page.locator("main .btn:visible, main .pick").all():
            box = part.bounding_box()
            assert box is not None and box["height"] >= 44
        button.click()
        expect(page.locator("#mistakes")).to_be_visible()
        page.locator("#mistakes a").click()
        page.keyboard.press("Space")
        button.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("単独での開始の確認")
        request = page.url.rpartition("/")[2].partition("?")[0]
        upto = len(served.house.peer.records)
        served.house.write(start.StartReviewed(1, 3, upto, "reviewed"), by="operator:3")
        served.house.reply(request)
        expect(page.locator(".notice.ok")).to_be_visible()
        expect(page.get_by_text("単独での開始を別の人が確認")).to_be_visible()

        page.goto(f"{served.url}/")
        expect(page.locator("[data-start]")).to_have_count(0)
        page.goto(f"{served.url}/ledger")
        expect(page.locator("main [data-mark=alone]").nth(3)).to_be_visible()
    finally:
        context.close()
        served.close()


def test_a_live_record_carries_its_mark(browser: Browser, tmp_path: Path) -> None:
    """A record that arrives while the page is open shows the mark, and one behind the review does not."""
    served = Served(House(tmp_path).settle(alone=True).a_day())
    context = browser.new_context(locale="ja")
    page = context.new_page()
    served.sign_in(page, "suzuki")
    try:
        expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
        served.house.hear()
        served.house.ask_right(50, 1, "lab", by=1)
        newest = page.locator("#feed tr").first
        expect(newest.get_by_text("権限を申請")).to_be_visible()
        expect(newest.locator("[data-mark=alone]")).to_be_visible()
        served.house.write(start.StartReviewed(1, 3, len(served.house.peer.records), "reviewed"), by="operator:3")
        expect(newest.get_by_text("単独での開始を別の人が確認")).to_be_visible()
        expect(newest.locator("[data-mark]")).to_have_count(0)
    finally:
        context.close()
        served.close()
