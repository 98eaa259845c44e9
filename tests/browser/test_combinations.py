"""Combination locks in a browser: the register, a change that goes on by itself, the number shown once (C8.2, C8.3)."""

import pytest
from combination_house import lock
from example_house import PASSWORD
from playwright.sync_api import Browser, expect

from controller.record.kinds import change, confirmation

from .conftest import Served
from .test_pin import accessible

CHANGE = "combinations/factory/changes/1"


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("ja", "light", 360), pytest.param("en", "dark", 1280, marks=pytest.mark.long)],
    ids=["phone-ja-light", "desk-en-dark"],
)
def test_every_page_can_be_used_by_everybody(browser: Browser, fresh: Served, locale: str, scheme: str, width: int) -> None:
    """Every page of combination locks passes axe and fits the screen, in both languages, light and dark."""
    lock(fresh.house, "dead")
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    one = "combinations/factory/1"
    acts = ("report", "share", "unshare/1", "appoint", "relocate", "retire")
    for address in (
        "combinations", one, *(f"{one}/{act}" for act in acts), "combinations/factory/new", CHANGE, f"{CHANGE}/plan",
        f"{CHANGE}/finish", f"{CHANGE}/break-off",
    ):  # fmt: skip
        page.goto(f"{fresh.url}/{address}?lang={locale}")
        accessible(page)
    context.close()


def test_a_change_goes_on_while_its_page_is_open(browser: Browser, fresh: Served) -> None:
    """What badges confirm appears by itself; the drawn number is shown, and is gone with its page (C8.3)."""
    house = fresh.house
    lock(house)
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    page.goto(f"{fresh.url}/{CHANGE}")
    page.get_by_role("button", name="錠の前で開始する").click()
    house.reply(page.url.partition("request=")[2][:26])
    house.write(confirmation.ChangeBegun(1, "desk", 3, 3, 1, 1, "begun", "running"))
    expect(page.locator('[aria-current="step"]')).to_contain_text("新しい番号を設定する")

    page.goto(f"{fresh.url}/{CHANGE}/draw")
    accessible(page)
    page.get_by_role("button", name="記録する").click()
    house.write(change.CombinationDrawn(1, 3, 3, "drawn"))
    house.reply(page.url.partition("request=")[2][:26])
    page.get_by_label("パスワード（もう一度）").fill(PASSWORD)
    accessible(page)
    page.get_by_role("button", name="番号を表示する").click()
    number = page.locator(".drawn").inner_text()
    assert len(number) == 8
    accessible(page)
    page.get_by_role("link", name="覚えたので隠す").click()
    expect(page.locator('[aria-current="step"]')).to_be_visible()
    page.go_back()
    assert number not in page.content()
    context.close()
