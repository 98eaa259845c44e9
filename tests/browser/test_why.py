"""From a refused entry to why, in a browser: asked with one button, answered while one waits; readable in every dress."""

import re

import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from controller.record.explained import Explained, Said
from dashboard import database as db

from .conftest import Served, only_this_host

SIZES = ((360, 740), (1280, 800))


def answer(served: Served, code: str | None = "approval", badge: int | None = 7) -> None:
    """The site answers the newest question."""
    with served.house.engine.connect() as connection:
        asked = connection.execute(sa.select(db.question).order_by(db.question.c.id.desc())).first()
    assert asked is not None
    checks = (
        Said("card", None, "", ()),
        Said("enrolment", None, "", (27,)),
        Said("active_badge", None, "", (27,), asked=badge is not None),
        Said("right", code, "right.7.state" if code else "", tuple(range(20, 30))),
        Said("pledge", "pledge" if code else None, "condition.nda", ()),
    )
    at = asked.at or "2026-11-22T01:00:00.000000Z"
    found = Explained(asked.person, badge, asked.portal, "store", at, 40, code, None if code else 7, "", checks)
    served.house.answer(asked.id, found)


def accessible(page: Page, lang: str) -> None:
    """axe finds nothing and nothing is wider than the screen: light and dark, on a phone and a desk."""
    address = re.sub(r"[?&]lang=\w+", "", page.url)
    page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, f"{lang} {theme} {width}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_from_a_refusal_to_its_reason(browser: Browser, fresh: Served) -> None:
    """The answer appears on the open page by itself, names the first thing that is missing, and the way out leads there."""
    context = browser.new_context(locale="ja-JP")
    strays = only_this_host(context, fresh.url)
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    page.goto(f"{fresh.url}/ledger?result=refused&person=7")
    page.get_by_role("link", name="なぜ？").first.click()
    accessible(page, "ja")
    accessible(page, "en")
    page.goto(f"{fresh.url}/ledger?result=refused&person=7&lang=ja")
    page.get_by_role("link", name="なぜ？").first.click()
    page.get_by_role("button", name="拠点に問い合わせる").click()
    expect(page.locator("#why")).to_contain_text("拠点に問い合わせました")
    accessible(page, "en")
    accessible(page, "ja")

    answer(fresh)
    expect(page.locator(".verdict-word")).to_have_text("開きません", timeout=5000)
    expect(page.locator(".checks .stop")).to_have_attribute("data-check", "right")
    accessible(page, "en")
    accessible(page, "ja")
    page.get_by_role("link", name="権限を承認・却下する").click()
    assert page.url.endswith("/rights/factory/7/approve")
    assert strays == []
    context.close()


def test_without_javascript(browser: Browser, fresh: Served) -> None:
    """The whole way works without a script: the waiting page asks for itself again until the answer is there."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    fresh.sign_in(page, "guard")
    page.goto(f"{fresh.url}/why/factory?portal=store&lang=en")
    page.fill("#f-who", "7")
    page.get_by_role("button", name="Ask the site").click()
    expect(page.locator("#why")).to_contain_text("The site has been asked")

    answer(fresh, None)
    expect(page.locator(".verdict-word")).to_have_text("Opens", timeout=10_000)
    expect(page.locator(".checks")).to_have_count(0)
    context.close()
