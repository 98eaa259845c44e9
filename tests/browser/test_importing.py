"""Importing in a browser: a file with mistakes, the same put right, the preview, and what became of it (C7.1, C7.3)."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from controller.record.kinds import person
from dashboard.importing.reading import COLUMNS

from .conftest import Served
from .test_appearance import OPTIONS

HEAD = ",".join(called[0] for called in COLUMNS.values())
WRONG = f"{HEAD}\r\n,新田 誠,,,,月面,業務時間,,2027/03/31,試作,\r\n,,,,,,,,,,x\r\n"
RIGHT = f"{HEAD}\r\n,新田 誠,ニッタ マコト,設計部,,試作室,業務時間,,2027/03/31,試作,\r\n"


def looks_good(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    found = Axe().run(page, options=OPTIONS)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_from_excel_to_the_request(browser: Browser, fresh: Served) -> None:
    """All mistakes are told with their lines and nothing is done; the corrected file is shown, confirmed, and done in one."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    fresh.sign_in(page, "manager")
    page.goto(f"{fresh.url}/people")
    page.get_by_role("link", name="取込み").click()

    page.get_by_label("CSVファイル").set_input_files(
        {"name": "人.csv", "mimeType": "text/csv", "buffer": WRONG.encode("cp932")}
    )
    page.get_by_role("button", name="変更内容を確認する").click()
    expect(page.get_by_role("alert")).to_contain_text("誤りが3件あります")
    expect(page.get_by_role("row", name="月面")).to_be_visible()
    looks_good(page)

    page.get_by_label("CSVファイル").set_input_files(
        {"name": "人.csv", "mimeType": "text/csv", "buffer": RIGHT.encode("cp932")}
    )
    page.get_by_role("button", name="変更内容を確認する").click()
    expect(page.get_by_text("1人を登録")).to_be_visible()
    looks_good(page)
    page.get_by_role("button", name="すべて申請する").click()
    expect(page.get_by_role("link", name="第1部")).to_be_visible()
    looks_good(page)
    request = page.get_by_role("link", name="第1部").get_attribute("href") or ""
    text = fresh.house.private("person-9", name="新田 誠").ref()
    fresh.house.write(person.PersonRegistered(9, text, "active"), by="operator:2")
    fresh.house.reply(request.rpartition("/")[2])
    expect(page.get_by_text("すべて完了しました")).to_be_visible()
    context.close()
