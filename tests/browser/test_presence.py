"""Who is inside, in a browser: in every dress, live, and printed with one click (C8.9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.kinds.noted import EntryConfirmed
from controller.record.kinds.presence import PresenceMoved

from .conftest import Served
from .test_appearance import Looker

PAGES = {
    "manager": [
        "/presence",
        "/presence/factory/muster",
        "/presence/factory/1/correct",
        "/presence/factory/1/forgive",
        "/presence/factory/4/note",
    ],
    "guard": ["/presence/factory/entries", "/presence/factory/entries/1/confirm", "/presence/factory/muster?zone=lab"],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site after a day, with people inside."""
    served = Served(House(tmp_path_factory.mktemp("inside")).settle().a_day().presence())
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", list(PAGES))
def test_presence_in_every_dress(browser: Browser, house: Served, name: str, lang: str) -> None:
    """axe finds nothing on the pages, on a phone and a desk, light and dark; nothing is too wide."""
    eye = Looker(browser, house, name, lang)
    for address in PAGES[name]:
        eye.go(address)
        expect(eye.page.get_by_role("heading", level=1)).to_be_visible()
        eye.in_every_dress(address)
    eye.close()


def test_people_come_and_go_on_the_open_page(browser: Browser, tmp_path: Path) -> None:
    """While the page is open somebody leaves and somebody comes in: it shows both without being loaded anew."""
    served = Served(House(tmp_path).settle().a_day().presence())
    context = browser.new_context(locale="ja")
    page = context.new_page()
    served.sign_in(page, "guard")
    try:
        page.goto(f"{served.url}/presence")
        expect(page.locator("[data-total='3']")).to_be_visible()
        page.evaluate("window.stays = true")
        served.house.write(PresenceMoved(3, "lab", "", "lab", 9, True))
        expect(page.locator("[data-total='2']")).to_be_visible()
        served.house.write(PresenceMoved(5, "office", "lab", "lab", 9, True))
        expect(page.get_by_role("link", name="Nguyễn Văn An")).to_be_visible()
        assert page.evaluate("window.stays") is True
    finally:
        context.close()
        served.close()


def test_one_click_prints_the_list(browser: Browser, house: Served) -> None:
    """From the page to the list, and one click prints it: with names and boxes to tick, without what is only for the screen."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    house.sign_in(page, "guard")
    page.goto(f"{house.url}/presence")
    page.get_by_role("link", name="点呼表", exact=True).click()
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="印刷").click()
    assert page.evaluate("window.printed") is True
    page.emulate_media(media="print")
    expect(page.get_by_text("山田 花子")).to_be_visible()
    expect(page.locator(".tick").first).to_be_visible()
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_role("button", name="印刷")).to_be_hidden()
    context.close()


def test_an_entry_gets_its_second_name(browser: Browser, tmp_path: Path) -> None:
    """What one operator noted from the book another one confirms, and the person is inside, marked as written by hand."""
    served = Served(House(tmp_path).settle().a_day().presence())
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    served.sign_in(page, "guard")
    try:
        page.goto(f"{served.url}/presence")
        page.get_by_role("link", name="手書きの出入り").click()
        page.get_by_role("link", name="確認する").click()
        page.get_by_role("button", name="手書きの出入りを確認する").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("手書きの出入りの確認")
        request = page.url.rpartition("/")[2].partition("?")[0]
        at = served.house.peer.now()
        served.house.write(
            EntryConfirmed(1, 4, "front", "in", "office", at, 2, 4, True, True, "confirmed"), by="operator:4"
        )
        served.house.reply(request)
        expect(page.locator(".notice.ok")).to_be_visible()
        page.goto(f"{served.url}/presence")
        expect(page.get_by_role("link", name="髙橋 﨑子")).to_be_visible()
        expect(page.locator("[data-source=book]")).to_be_visible()
    finally:
        context.close()
        served.close()
