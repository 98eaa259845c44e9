"""Schedules, special days and evacuations in a browser: by thumb and keyboard, without JavaScript, on paper (C8.8, C8.9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.kinds import calendar, evacuation

from .conftest import Served
from .test_appearance import Looker


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Served]:
    """The example site with its calendar."""
    served = Served(House(tmp_path).settle().a_day().calendar())
    yield served
    served.close()


def test_half_day_from_the_phone(browser: Browser, house: Served) -> None:
    """A manager sets a half-day on a phone without JavaScript: a mistake is led to by its link, the answer is seen, the picture
    shows the day."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    house.sign_in(page, "manager")
    page.goto(f"{house.url}/schedules")
    page.get_by_role("link", name="特別日を設定する").click()
    page.fill("#f-day", "2026-11-25")
    page.get_by_label("別の時間にする").check()
    page.fill("#f-reason", "停電の点検")
    page.get_by_role("button", name="特別日を設定する").click()
    expect(page.locator("#mistakes")).to_be_visible()
    page.locator("#mistakes a").click()
    page.fill("#f-hours", "09:00-12:00")
    for part in page.locator("main .btn:visible, main .pick, main input[type=date]").all():
        box = part.bounding_box()
        assert box is not None and box["height"] >= 44
    page.get_by_role("button", name="特別日を設定する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("特別日の設定")

    ref = house.house.private("reason-25", reason="停電の点検").ref()
    set_day = calendar.SpecialDaySet(25, "2026-11-25", "office", "09:00-12:00", ref, 2, "set")
    house.house.write(set_day, by="operator:2")
    page.goto(f"{house.url}/schedules")
    row = page.locator("section", has=page.get_by_role("heading", name="正面入口", exact=True)).locator(
        "tr", has=page.locator('time[datetime="2026-11-25"]')
    )
    expect(row.locator(".hours")).to_have_text("09:00–12:00")
    expect(row.locator(".because")).to_contain_text("特別日 停電の点検")
    bar = row.locator(".b-hours").bounding_box()
    whole = row.locator(".b-ground").bounding_box()
    assert bar is not None and whole is not None
    assert abs(bar["width"] / whole["width"] - 3 / 24) < 0.01 and abs((bar["x"] - whole["x"]) / whole["width"] - 9 / 24) < 0.01
    context.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_an_evacuation_in_every_dress(browser: Browser, tmp_path: Path, lang: str) -> None:
    """axe finds nothing while an evacuation stands, on the pages that say it most, phone and desk, light and dark."""
    served = Served(House(tmp_path).settle().a_day().calendar().evacuate())
    eye = Looker(browser, served, "suzuki", lang)
    for address in ("/", "/schedules", "/evacuation/factory", "/evacuation/factory/all/end", "/ledger"):
        eye.go(address)
        expect(eye.page.locator('[data-evacuation="factory/*"]')).to_be_visible()
        eye.in_every_dress(address)
    eye.close()
    served.close()


def test_evacuation_appears_on_an_open_page(browser: Browser, house: Served) -> None:
    """A guard presses twice and gives a reason; the first page, open at the office, shows the alarm by itself, and its end."""
    guard, office = browser.new_context(locale="ja"), browser.new_context(locale="ja")
    page, watched = guard.new_page(), office.new_page()
    house.sign_in(watched, "suzuki")
    expect(watched.locator("#pulse")).to_have_attribute("data-state", "live")
    house.sign_in(page, "guard")
    page.goto(f"{house.url}/evacuation/factory")
    page.locator("main a", has_text="全館").click()
    page.fill("#f-reason", "火災")
    page.get_by_role("button", name="避難を開始：全館").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("避難の開始")

    reason = house.house.private("reason-9", reason="火災").ref()
    house.house.write(evacuation.EvacuationBegun("*", "operator", 4, reason), by="operator:4")

    expect(watched.locator('[data-evacuation="factory/*"]')).to_contain_text("避難中")
    house.house.write(evacuation.EvacuationEnded("*", 2, reason), by="operator:2")
    expect(watched.locator("[data-evacuation]")).to_have_count(0)
    guard.close()
    office.close()


def test_on_paper_every_day_is_there(browser: Browser, house: Served) -> None:
    """Printed, the picture keeps its bars, its words and its days, and leaves the buttons out."""
    context = browser.new_context(locale="en", viewport={"width": 794, "height": 1123}, color_scheme="dark")
    page = context.new_page()
    house.sign_in(page, "auditor")
    page.goto(f"{house.url}/schedules?lang=en")
    page.emulate_media(media="print")

    plan = page.locator("table.plan").first
    expect(plan.locator("tbody tr")).to_have_count(14)
    assert plan.locator("thead").evaluate("part => getComputedStyle(part).display") == "table-header-group"
    assert page.locator("main .actions:visible, .top:visible").count() == 0
    bar = plan.locator(".b-hours").first.evaluate("part => getComputedStyle(part).fill")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert bar == "rgb(11, 63, 179)" and ground == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 10_000
    context.close()
