"""Leaving, reviews and the register in a browser: every page in every dress, and each flow as people go through it."""

from collections.abc import Iterator

import pytest
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.kinds import badge, condition, person, review, right
from controller.record.private import PrivateRef

from .conftest import Served
from .test_appearance import Looker

DUE = ("2026-12-01", "2026-12-01T15:00:00.000000Z")
UNTIL = "2027-03-31T15:00:00.000000Z"
PAGES = {
    "suzuki": [
        "/",
        "/people/factory/1/change",
        "/people/factory/2/leave",
        "/people/factory/2",
        "/people/factory/5",
        "/reviews",
        "/reviews/factory/open",
        "/reviews/factory/1",
        "/reviews/factory/1?status=keep",
        "/reviews/factory/rights/20/keep",
        "/rights?state=suspended",
        "/right-holders",
        "/right-holders?day=2026-11-21",
        "/right-holders?day=2030-01-01",
    ],
}


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site with a review under way, somebody whose last day is set, one who left, and a course taken."""
    house = House(tmp_path_factory.mktemp("reviewed")).settle().a_day()
    house.ask_right(20, 7, "office", by=1)
    house.write(right.RightApproved(20, 2, "active"), by="operator:2")
    house.write(review.ReviewOpened(1, ("office",), *DUE, 3, "open"), by="operator:3")
    house.write(review.RightKept(1, 1, 5, "keep", "office", UNTIL, "active"), review.RightSuspended(4, 1, "suspended"))
    ref = PrivateRef("person-2", 1, "ab" * 32)
    house.write(person.PersonChanged(2, ref, "2026-12-31", "2026-12-31T15:00:00.000000Z", "operator:2"))
    house.write(badge.BadgeRetired(5, "retired"), right.RightRevoked(5, 2, "revoked"))
    house.write(person.PersonLeft(5, "operator:2", "left"), by="operator:2")
    house.write(condition.TrainingCompleted(1, 1, "induction", "2026-11-20", None, 2, None, "recorded"))
    house.hear()
    served = Served(house)
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_every_page_in_every_dress(browser: Browser, reviewed: Served, lang: str) -> None:
    """axe finds nothing on any of the pages, on a phone and a desk, light and dark; nothing is wider than the screen."""
    for name, addresses in PAGES.items():
        eye = Looker(browser, reviewed, name, lang)
        for address in addresses:
            eye.go(address)
            expect(eye.page.locator("h1")).to_be_visible()
            eye.in_every_dress(address)
        eye.close()


def test_somebody_leaves(browser: Browser, fresh: Served) -> None:
    """From the person's page by the preview to one button; red until the site has done it, and then when (C7.4)."""
    page = browser.new_context(locale="ja").new_page()
    fresh.sign_in(page, "manager")
    page.goto(f"{fresh.url}/people/factory/1")
    page.get_by_role("link", name="退職・異動の処理").click()
    expect(page.get_by_role("heading", name="終了するもの")).to_be_visible()
    expect(page.get_by_text("返却してもらう")).to_be_visible()
    page.get_by_role("button", name="山田 花子 さんの権限をすべて終了する").click()

    expect(page.locator("[data-effect=waiting]")).to_be_visible()
    request = page.url.rpartition("ask=")[2]
    house = fresh.house
    house.write(badge.BadgeRetired(1, "retired"), right.RightRevoked(1, 2, "revoked"), by="operator:2")
    house.write(person.PersonLeft(1, "operator:2", "left"), by="operator:2")
    house.reply(request)

    expect(page.locator("[data-effect=done]")).to_be_visible()
    page.goto(f"{fresh.url}/people/factory/1")
    expect(page.locator("[data-left]")).to_be_visible()
    expect(page.get_by_role("link", name="退職・異動の処理")).to_have_count(0)
    page.context.close()


def test_a_right_is_reviewed(browser: Browser, fresh: Served) -> None:
    """A review is opened; of its rights the one that I did not give is kept, and my own say that another decides (C7.4)."""
    house = fresh.house
    page = browser.new_context(locale="ja").new_page()
    fresh.sign_in(page, "suzuki")
    page.goto(f"{fresh.url}/rights")
    page.get_by_role("link", name="権限の見直し").click()
    page.get_by_role("link", name="見直しを始める").click()
    page.get_by_label("すべての区画").check()
    page.get_by_role("button", name="見直しを始める").click()
    expect(page.get_by_text("返答待ち")).to_be_visible()
    house.ask_right(20, 7, "office", by=1)
    house.write(right.RightApproved(20, 2, "active"), by="operator:2")
    house.write(review.ReviewOpened(1, ("*",), *DUE, 3, "open"), by="operator:3")

    page.goto(f"{fresh.url}/reviews/factory/1")
    expect(page.get_by_text("自分が与えた権限です").first).to_be_visible()
    page.get_by_role("link", name="継続・縮小").click()
    page.get_by_role("button", name="引き続き必要").click()
    expect(page.get_by_text("返答待ち")).to_be_visible()
    house.write(review.RightKept(20, 1, 3, "keep", "office", UNTIL, "active"), by="operator:3")

    page.goto(f"{fresh.url}/reviews/factory/1?status=keep")
    expect(page.get_by_text("渡辺 五郎")).to_be_visible()
    page.context.close()


def test_the_register_of_a_day(browser: Browser, fresh: Served) -> None:
    """The register of today has the right holders; that of a day before the ledger says when it begins (C7.5)."""
    page = browser.new_context(locale="ja").new_page()
    fresh.sign_in(page, "auditor")
    page.goto(f"{fresh.url}/people")
    page.get_by_role("link", name="権限を持つ人の名簿").click()
    expect(page.get_by_text("山田 花子")).to_be_visible()
    page.get_by_label("基準日").fill("2026-11-20")
    page.get_by_role("button", name="表示する").click()
    expect(page.get_by_text("この時点で権限を持つ人はいません。")).to_be_visible()
    page.context.close()
