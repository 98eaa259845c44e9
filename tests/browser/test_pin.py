"""PINs in a browser: chosen at the door while the page follows, a lock-out lifted, and a call for help seen at once."""

from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from controller.record.canonical import timestamp
from controller.record.kinds import pin

from .conftest import Served


def accessible(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_pin_is_chosen_while_the_page_follows(browser: Browser, fresh: Served) -> None:
    """The operator starts it and sees what to do at the door, then that it is done; nowhere can a digit be typed."""
    house, context = fresh.house, browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    fresh.sign_in(page, "admin")
    page.goto(f"{fresh.url}/people/factory/1")
    page.get_by_role("link", name="暗証番号を設定してもらう").click()
    page.get_by_label("どの読取機で設定しますか。").select_option("lab-in")
    page.get_by_role("button", name="設定を始める").click()
    expect(page.get_by_text("拠点に受付を依頼しています。")).to_be_visible()

    request = page.url.partition("request=")[2][:26]
    until = timestamp(house.time + timedelta(seconds=180))
    house.write(pin.PinEnrolmentOpened("lab-in", 1, 1, until), by="operator:1")
    house.reply(request)
    expect(page.get_by_text("バッジをかざすと、ランプが二度ずつ点滅します。")).to_be_visible()
    accessible(page)
    house.write(pin.PinSet(1, 1, "lab-in", "set"))
    expect(page.locator(".notice.ok")).to_be_visible()
    accessible(page)

    page.goto(f"{fresh.url}/people/factory/1")
    expect(page.get_by_text("設定済み")).to_be_visible()
    accessible(page)
    context.close()


def test_a_lock_out_is_lifted(browser: Browser, fresh: Served) -> None:
    """A manager sees who is locked out, is told to ask them first, and lifts it by a request."""
    house, context = fresh.house, browser.new_context(locale="ja")
    house.write(
        pin.PinSet(1, 1, "", "set"), pin.PinLocked(1, "lab", 5, timestamp(house.time + timedelta(minutes=15)))
    )
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    page.goto(f"{fresh.url}/people/factory/1")
    page.get_by_role("link", name="停止を解除").click()
    expect(page.get_by_text("本人か、先に確かめてください", exact=False)).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="停止を解除").click()
    request = page.url.rpartition("/")[2].partition("?")[0]
    house.write(pin.PinUnlocked(1, 3), by="operator:3")
    house.reply(request)

    expect(page.locator(".notice.ok")).to_be_visible()
    context.close()


def test_a_call_for_help_appears_by_itself(browser: Browser, fresh: Served) -> None:
    """A guard who looks at the page of what is now sees the call for help at once, in red and in words."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    fresh.sign_in(page, "guard")
    page.goto(f"{fresh.url}/")
    expect(page.locator("#pulse")).to_be_visible()

    (seq,) = fresh.house.write(pin.PinDuress(2, "lab", "lab-in"))

    call = page.locator(f".notice.no[data-duress='{seq}']")
    expect(call).to_be_visible(timeout=15_000)
    expect(call).to_contain_text("佐藤 一郎")
    accessible(page)
    context.close()
