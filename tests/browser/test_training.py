"""Training and pledges in a browser: every page in every dress; a course put on record for the people who lack it; My page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_house import SHA, House
from playwright.sync_api import Browser, expect

from controller.record.kinds import condition

from .conftest import Served
from .test_appearance import Looker

PAGES = {
    "suzuki": [
        "/",
        "/my",
        "/training",
        "/training?only=soon",
        "/training?only=all&q=x",
        "/training/factory/record?person=4&person=5",
        "/training/factory/people/1",
        "/training/factory/1/withdraw",
        "/training/factory/6/withdraw",
        "/people/factory/3",
        "/rights/factory/8/approve",
    ],
    "auditor": ["/training?only=all", "/my"],
}


@pytest.fixture(scope="module")
def required(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site after a day, its office requiring a pledge and a course."""
    served = Served(House(tmp_path_factory.mktemp("required")).settle().a_day().required())
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", list(PAGES))
def test_training_in_every_dress(browser: Browser, required: Served, name: str, lang: str) -> None:
    """axe finds nothing on matrix, form, history, withdrawal and My page, phone and desk, light and dark; nothing too wide."""
    eye = Looker(browser, required, name, lang)
    for address in PAGES[name]:
        eye.go(address)
        expect(eye.page.locator("h1")).to_be_visible()
        eye.in_every_dress(address)
    eye.close()


def test_a_course_for_those_who_lack_it(browser: Browser, tmp_path: Path) -> None:
    """A manager chooses two people in the list, corrects a form by keyboard, and they are in the list no more (C5.1)."""
    served = Served(House(tmp_path).settle().a_day().required())
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    served.sign_in(page, "manager")
    try:
        page.goto(f"{served.url}/people")
        page.get_by_role("link", name="教育・誓約").click()
        page.get_by_label("髙橋 﨑子さんを選ぶ").check()
        page.get_by_label("Nguyễn Văn Anさんを選ぶ").check()
        page.get_by_role("button", name="選んだ人について記録する").click()
        expect(page.get_by_label("髙橋 﨑子")).to_be_checked()
        for part in page.locator("main .btn:visible, main .pick").all():
            box = part.bounding_box()
            assert box is not None and box["height"] >= 44
        button = page.get_by_role("button", name="記録する")
        button.click()
        expect(page.locator("#mistakes")).to_be_visible()
        expect(page.get_by_label("髙橋 﨑子")).to_be_checked()
        page.get_by_label("導入教育").focus()
        page.keyboard.press("Space")
        button.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("教育の受講の記録")
        request = page.url.rpartition("/")[2].partition("?")[0]
        until = "2027-11-22T15:00:00.000000Z"
        for number, who in ((30, 4), (31, 5)):
            signed = ("2026-11-22", "joining", None, 2, None, "recorded")
            served.house.write(condition.PledgeSigned(number + 2, who, "nda", "2026-04", SHA, *signed))
            done = ("2026-11-22", until, 2, None, "recorded")
            served.house.write(condition.TrainingCompleted(number, who, "induction", *done), by="operator:2")
        served.house.reply(request)
        page.goto(f"{served.url}/training")
        expect(page.get_by_role("link", name="鈴木 次郎")).to_be_visible()
        expect(page.get_by_role("link", name="髙橋 﨑子")).to_have_count(0)
    finally:
        context.close()
        served.close()


def test_my_page_names_the_way_out(browser: Browser, required: Served) -> None:
    """From the menu to My page: what is missing, the zones it keeps one out of, and whom to ask; in words, not by colour."""
    context = browser.new_context(locale="ja")
    page = context.new_page()
    required.sign_in(page, "suzuki")
    page.locator("summary", has_text="suzuki").click()
    page.get_by_role("link", name="マイページ").click()

    missing = page.locator('[data-missing="training:induction"]')
    expect(missing).to_contain_text("導入教育")
    expect(missing).to_contain_text("期限切れ")
    expect(missing).to_contain_text("事務所")
    expect(missing).to_contain_text("managerさん")
    expect(page.locator('[data-refused="pledge"]')).to_contain_text("秘密保持誓約書")
    context.close()
