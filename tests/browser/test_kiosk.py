"""The screen beside a key cabinet on a tablet: from the badge to the key and back, changing by itself."""

import house_cabinet as at
from playwright.sync_api import Browser, expect

from .conftest import Served
from .test_pin import accessible


def test_a_key_is_borrowed_at_the_screen(browser: Browser, fresh: Served) -> None:
    """C8.2: badge, tile, purpose, another's badge, take, back: each step comes by itself, and what is typed stays."""
    house = at.with_cabinet(fresh.house)
    context = browser.new_context(locale="ja", viewport={"width": 820, "height": 1180})
    page = context.new_page()
    fresh.sign_in(page, "guard")
    page.goto(f"{fresh.url}/kiosk")
    accessible(page)
    page.get_by_role("button", name="このブラウザーを鍵箱の画面にする").click()
    expect(page.get_by_role("heading", name="バッジをかざしてください")).to_be_visible()
    accessible(page)

    at.signed_in(house)
    expect(page.get_by_role("heading", name="山田 花子さん、どの鍵を使いますか")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="K-02").click()
    at.asked_what_for(house)
    page.get_by_label("ほかの目的").fill("鍵の点検")
    with page.expect_response(lambda answer: "/kiosk/cabinet/" in answer.url):
        pass  # it has looked again, and there was nothing new
    expect(page.get_by_label("ほかの目的")).to_have_value("鍵の点検")
    accessible(page)
    at.asks_another(house)
    expect(page.get_by_role("heading", name="承認する人のバッジをかざしてください（本人以外）")).to_be_visible()
    at.opens(house)
    expect(page.get_by_role("heading", name="2番を取り出してください。")).to_be_visible()
    accessible(page)
    at.taken(house)
    expect(page.locator("#kiosk").get_by_text("2番を貸し出しました。")).to_be_visible()
    at.brought_back(house, 4)
    expect(page.locator("#kiosk").get_by_text("2番の鍵が4番にあります。")).to_be_visible()
    accessible(page)
    context.close()
