"""The page that lives: rows and doors as they change, pausing while one reads, and whole without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.record.kinds.door import DoorClosed, DoorForced, PortalReleased
from controller.record.kinds.entry import EntryRefused
from controller.record.private import PrivateRow

from .conftest import Served, until

SOON_MS = 3000


@pytest.fixture
def now(browser: Browser, fresh: Served) -> Iterator[Page]:
    """Now, live, in English."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    yield page
    context.close()


def _refuse(served: Served) -> None:
    served.house.write(EntryRefused("lab", "in", "lab", "right", "", "", 6, 6, 2))


def test_a_tap_appears_by_itself(fresh: Served, now: Page) -> None:
    """A record is the feed's first row within a second of its arrival, in words, its name as text and not as markup."""
    _refuse(fresh)

    row = now.locator("#feed tr").first
    expect(row).to_contain_text("No right to this zone", timeout=1000)
    expect(row).to_contain_text("<script>alert(1)</script>")
    expect(row.locator(".chip")).to_have_text("Refused")
    row.locator("a").click()
    expect(now.locator("h1")).to_contain_text("Entry refused")


def test_a_live_row_is_made_as_the_page_makes_it(fresh: Served, now: Page) -> None:
    """What the script puts into the feed reads exactly as the same row after a reload."""
    _refuse(fresh)
    first = now.locator("#feed tr").first
    expect(first).to_contain_text("No right to this zone")
    live = re.sub(r"\s+", " ", first.inner_text())

    now.reload()

    assert re.sub(r"\s+", " ", now.locator("#feed tr").first.inner_text()) == live


def test_a_door_changes_before_its_record(fresh: Served, now: Page) -> None:
    """A forced door turns its tile, by word and icon, as soon as the site says so."""
    tile = now.locator("#tile-factory-lab")
    expect(tile.locator(".alarm-word")).to_be_hidden()

    seq = fresh.house.peer.write(DoorForced("lab", "forced"))
    fresh.house.state("lab", "forced", "secure", "open", seq, "forced")

    expect(tile.locator(".alarm-word")).to_be_visible(timeout=SOON_MS)
    expect(tile).to_contain_text("Forced open")
    expect(tile).to_contain_text("Opened without permission")


def test_the_feed_pauses_while_one_reads(fresh: Served, now: Page) -> None:
    """Scrolled into the list nothing moves; a button counts what waits, and shows it."""
    now.mouse.wheel(0, 1200)
    now.wait_for_function("document.getElementById('feed').getBoundingClientRect().top < 0")
    first = now.locator("#feed tr").first.inner_text()

    _refuse(fresh)
    _refuse(fresh)

    more = now.locator("#more")
    expect(more).to_have_text("New records: 2", timeout=SOON_MS)
    assert now.locator("#feed tr").first.inner_text() == first
    more.click()
    expect(now.locator("#feed tr").first).to_contain_text("No right to this zone")


def test_the_feed_pauses_when_asked(fresh: Served, now: Page) -> None:
    """The pause button holds the feed until it is pressed again."""
    hold = now.get_by_role("button", name="Pause")
    hold.click()
    expect(hold).to_have_attribute("aria-pressed", "true")
    _refuse(fresh)
    expect(now.locator("#more")).to_have_text("New records: 1", timeout=SOON_MS)
    expect(now.locator("#feed tr").first).not_to_contain_text("No right to this zone")

    hold.click()
    expect(now.locator("#feed tr").first).to_contain_text("No right to this zone")


def test_only_a_count_is_read_out(fresh: Served, now: Page) -> None:
    """The one live region says how many came, not each of them."""
    for _ in range(3):
        fresh.house.write(DoorClosed("dock", "secure"))

    expect(now.locator("#live-status")).to_have_text("New records: 3", timeout=8000)
    assert now.locator("[aria-live], [role=status]").count() == 1


def test_without_a_free_stream_the_page_polls(browser: Browser, fresh: Served) -> None:
    """When all streams are taken the page says so and goes on by asking every five seconds."""
    taken = [fresh.streams.take() for _ in range(fresh.streams.most)]
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "polling", timeout=SOON_MS)

    _refuse(fresh)

    expect(page.locator("#feed tr").first).to_contain_text("No right to this zone", timeout=8000)
    context.close()
    for slot in taken:
        assert slot is not None
        slot.free()


def test_a_hidden_page_holds_no_stream(fresh: Served, now: Page) -> None:
    """A page in the background lets its stream go, and catches up when it is looked at again."""
    until(lambda: fresh.streams.taken == 1)
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    now.evaluate(hide, True)
    fresh.house.runtime.changed.announce()
    _refuse(fresh)
    until(lambda: fresh.streams.taken == 0)

    now.evaluate(hide, False)

    expect(now.locator("#feed tr").first).to_contain_text("No right to this zone", timeout=SOON_MS)


def test_a_release_is_followed_to_its_record(fresh: Served, now: Page) -> None:
    """From the tile to the door, its effect named, the reason written, and the site's answer without a reload."""
    now.locator("#tile-factory-lab a").click()
    now.get_by_role("link", name="Unlock once").click()
    expect(now.locator(".notice").first).to_contain_text("Whoever stands before it can enter")
    now.get_by_label("Reason").fill("設備の点検")
    now.get_by_role("button", name="Unlock Prototype lab").click()
    expect(now.locator("#progress")).to_contain_text("Waiting for the site")

    id = now.url.rsplit("/", 1)[1]
    text = PrivateRow("reason-9", 1, {"reason": "設備の点検"}, "00" * 16).ref()
    fresh.house.write(PortalReleased("lab", 3, text, "released", 5), by="operator:3")
    fresh.house.reply(id)

    expect(now.locator("#progress")).to_contain_text("Accepted", timeout=SOON_MS)
    expect(now.locator("#progress")).to_contain_text("Unlocked by an operator")


def test_everything_but_liveness_works_without_javascript(browser: Browser, fresh: Served) -> None:
    """Signing in, reading, filtering, unlocking, and being told the answer: forms and links are enough."""
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    fresh.sign_in(page, "suzuki")
    expect(page.locator("#feed tr")).to_have_count(40)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()

    page.get_by_role("link", name="Ledger", exact=True).click()
    page.locator("#f-result").select_option("refused")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(5)

    page.goto(f"{fresh.url}/portals/factory/lab/release")
    page.get_by_label("Reason").fill("点検")
    page.get_by_role("button", name="Unlock Prototype lab").click()
    expect(page.locator("#progress")).to_contain_text("Waiting for the site")
    fresh.house.reply(page.url.rsplit("/", 1)[1], "scope", "operator.scope")
    expect(page.locator("#progress")).to_contain_text("Refused", timeout=8000)
    context.close()
