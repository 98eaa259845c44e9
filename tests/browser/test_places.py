"""Places, the catalogue and labels in a browser: every page in every dress; two people appoint, a sign is printed (C3.1)."""

from collections.abc import Iterator

import pytest
from example_house import House
from playwright.sync_api import Browser, Page, expect

from controller.record.kinds import keeper, label

from .conftest import Served
from .test_appearance import Looker

PAGES = {
    "ja": [
        "/places", "/places/factory/safe-a", "/places/factory/lab/keepers", "/places/factory/safe-a/labels", "/assets",
        "/assets/factory/register", "/assets/factory/import",
    ],
    "en": [
        "/places?only=missing", "/places/factory/register", "/places/factory/safe-a/move", "/places/factory/safe-a/retire",
        "/appointments/factory/3", "/assets/factory/1", "/assets/factory/1/withdraw",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site after a day, with containers, keepers and a catalogue."""
    served = Served(House(tmp_path_factory.mktemp("kept")).settle().a_day().catalogue())
    yield served
    served.close()


@pytest.mark.parametrize("lang", list(PAGES))
def test_places_in_every_dress(browser: Browser, kept: Served, lang: str) -> None:
    """axe finds nothing on lists, pages and forms, phone and desk, light and dark; nothing is too wide."""
    eye = Looker(browser, kept, "suzuki", lang)
    for address in PAGES[lang]:
        eye.go(address)
        expect(eye.page.locator("h1")).to_be_visible()
        eye.in_every_dress(address)
    eye.close()


def answered(served: Served, page: Page, *bodies: object, by: str = "operator:2") -> str:
    """The site does what was asked; the request's number."""
    request = page.url.rpartition("/")[2].partition("?")[0]
    served.house.write(*bodies, by=by)  # type: ignore[arg-type]
    served.house.reply(request)
    expect(page.locator(".notice.ok")).to_be_visible()
    return request


def test_two_people_appoint_and_a_sign_is_printed(browser: Browser, kept: Served) -> None:
    """On a phone a manager proposes who answers for the lab, corrected where a name fits nobody; another approves; its sign
    comes as a PDF once the print is on record (C2.1, C3.1)."""
    phone = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    desk = browser.new_context(locale="ja", accept_downloads=True)
    first, second = phone.new_page(), desk.new_page()
    kept.sign_in(first, "manager")
    kept.sign_in(second, "suzuki")

    first.goto(f"{kept.url}/places")
    first.get_by_role("link", name="サーバー室").click()
    first.get_by_role("link", name="管理者・代理の選任").click()
    first.get_by_label("管理者", exact=True).fill("ダレカ")
    first.get_by_label("管理者代理").fill("鈴木")
    first.get_by_role("button", name="申請").click()
    expect(first.locator("#mistakes")).to_be_visible()
    first.get_by_label("管理者", exact=True).fill("ヤマダ")
    first.get_by_role("button", name="申請").click()
    answered(kept, first, keeper.KeeperProposed(4, "server", 1, 3, 2, "requested"))

    second.goto(f"{kept.url}/places/factory/server")
    second.get_by_role("link", name="承認・却下").first.click()
    second.get_by_role("button", name="承認").click()
    answered(kept, second, keeper.KeeperAppointed(4, "server", 1, 3, 3, "active"), by="operator:3")

    second.goto(f"{kept.url}/places/factory/server")
    expect(second.locator("main .notice")).to_have_count(0)
    second.get_by_role("link", name="ラベル・標識の印刷").click()
    second.get_by_label("用紙", exact=True).select_option("sign")
    second.get_by_role("button", name="記録して印刷").click()
    answered(kept, second, label.LabelPrinted(2, "server", "sign", 1, "ja", "", 1, 3, 3), by="operator:3")
    with second.expect_download() as fetched:
        second.get_by_role("link", name="PDFを受け取る").click()
    assert fetched.value.suggested_filename == "label_server_2.pdf"
    phone.close()
    desk.close()
