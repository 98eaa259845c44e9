"""A round of tethers on a phone: go on, tick, say what is wrong, end it; readable in every dress (C8.13)."""

from playwright.sync_api import Browser, Page, expect
from tethered_house import tethered

from controller.record.kinds.tether_round import TetherChecked, TetherDeviated, TetherRoundEnded

from .conftest import Served
from .test_why import accessible


def answered(served: Served, body: object) -> None:
    """The site does what was asked last."""
    served.house.write(body, by="operator:2")  # type: ignore[arg-type]


def test_a_round_on_a_phone(browser: Browser, fresh: Served) -> None:
    """Somebody goes on with a round, ticks one thing, finds another damaged, and ends it with its counts."""
    house = tethered(fresh.house)
    page: Page = browser.new_context(locale="ja", viewport={"width": 360, "height": 740}).new_page()
    fresh.sign_in(page, "manager")
    page.goto(f"{fresh.url}/tethers")
    accessible(page, "ja")
    page.get_by_role("link", name="点検を続ける").click()
    accessible(page, "ja")

    page.locator('[data-thing="1"]').get_by_role("button").click()
    expect(page.locator('[data-thing="1"]')).to_contain_text("送信中：異常なし")
    answered(fresh, TetherChecked(2, 1, "lab", "ok", None, 2, "2027-11-22T00:00:00.000000Z"))
    page.locator('[data-thing="2"]').get_by_role("link").click()
    accessible(page, "ja")
    page.get_by_role("button", name="記録").click()
    expect(page.locator("#mistakes")).to_be_visible()
    page.get_by_label("異常の内容").select_option("damaged")
    page.get_by_label("点検の結果").fill("ワイヤーがゆるい")
    page.get_by_role("button", name="記録").click()
    note = house.private("note-1", note="ワイヤーがゆるい").ref()
    answered(fresh, TetherDeviated(2, 2, "lab", "damaged", note, 2, "2026-11-29T00:00:00.000000Z"))
    page.reload()
    expect(page.get_by_role("status").first).to_contain_text("異常なし 2、なし 0、破損 1、未点検 0")
    expect(page.locator('[data-thing="2"]')).to_contain_text("ワイヤーがゆるい")

    page.get_by_role("link", name="点検を終了する").click()
    page.get_by_role("button", name="点検 2 を終了").click()
    answered(fresh, TetherRoundEnded(2, "", 2, 2, 0, 1, 0, "ended"))
    house.reply(page.url.rpartition("/")[2].partition("?")[0])
    expect(page.locator(".notice.ok")).to_be_visible()
    page.context.close()
