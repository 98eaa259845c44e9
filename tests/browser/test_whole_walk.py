"""The whole edge in a browser: the demo's four processes, an emulated card in the field, and a person before the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.demo.stage import Plan, Stage
from hardware.simulated.client import BuildingClient


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """A demo with one day behind it, playing."""
    stage = Stage(tmp_path_factory.mktemp("demo"))
    try:
        yield stage.play(stage.prepare(1, lambda part: None))
    finally:
        stage.processes.stop()


@pytest.fixture
def page(browser: Browser, plan: Plan) -> Iterator[Page]:
    """Signed in as the manager of the example, in Japanese, on Now, live."""
    context = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    password = next(account.password for account in plan.accounts if account.login == "suzuki")
    page.goto(f"{plan.url}/sign-in")
    page.fill("input[name=name]", "suzuki")
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    expect(page.locator("#tile-minato-main")).to_be_visible(timeout=20_000)
    yield page
    context.close()


def test_a_tap_appears_live(page: Page, plan: Plan) -> None:
    """A right holder taps, the door opens, and the entry is on the page by itself, with the person's name (C8.9)."""
    with BuildingClient(plan.building) as building:
        outcome = building.tap("sato", "main/in")

    assert outcome.opened
    row = page.locator("#feed tr", has_text="通行を許可").first
    expect(row).to_contain_text("正面入口", timeout=5000)
    expect(row).to_contain_text("佐藤 恵子")


def test_a_copied_card_is_shown_refused(page: Page, plan: Plan) -> None:
    """A copied card number opens nothing, and the page says why."""
    with BuildingClient(plan.building) as building:
        outcome = building.tap("copy", "main/in", timeout_s=0.6)

    assert outcome.lock_released_at is None
    expect(page.locator("#feed tr").first).to_contain_text("カードが本物と確認できません", timeout=5000)


def test_a_door_is_released_from_its_page(page: Page, plan: Plan) -> None:
    """A manager unlocks a door once, with a reason; the lock lets go, and the request is shown as done (C8.8)."""
    with BuildingClient(plan.building) as building:
        page.goto(f"{plan.url}/portals/minato/dock/release")
        page.fill("textarea[name=reason]", "納品業者の搬入")
        page.get_by_role("button", name="試作室 搬入口を解錠する").click()

        building.wait_for(lambda seen: seen.doors["dock"].released)

    expect(page.locator("main")).to_contain_text("受理", timeout=10_000)
