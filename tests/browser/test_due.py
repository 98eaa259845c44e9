"""What is due in a browser: from the alarm on the first page to the list, and how one is told; on a phone and a desk."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.canonical import timestamp
from controller.record.kinds import trust
from controller.record.kinds.due import DueReached
from dashboard.notify import addresses
from dashboard.notify.settings import Settings

from .conftest import Served
from .test_appearance import Looker


@pytest.fixture(scope="module")
def owing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site after a day: a key of operator 3's person is overdue, a combination due today, an audit in weeks."""
    house = House(tmp_path_factory.mktemp("owing")).settle().a_day()
    services = house.data / "notify.services"
    services.write_text('mail = "mailtos://u:p@smtp.example?to={address}"\n')
    services.chmod(0o600)
    house.runtime = replace(house.runtime, config=replace(house.runtime.config, notify=Settings(services)))
    text = house.private("operator-3", name="suzukiさん").ref()
    house.write(trust.OperatorRegistered(3, ("manager", "custodian"), ("*",), 3, text, "active"), by="console")
    for sort, number, stage, hours, person in (
        ("reservation", 7, "escalated", -30, 3), ("combination", 2, "today", 5, None), ("key_audit", 1, "", 500, None),
    ):  # fmt: skip
        due_at = timestamp(house.time + timedelta(hours=hours))
        house.write(DueReached(sort, number, stage, due_at, "lab", person, 0, None))
    served = Served(house)
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_what_is_due_in_every_dress(browser: Browser, owing: Served, lang: str) -> None:
    """axe finds nothing on the alarm, the jobs, the list, an empty one and the form; nothing is too wide."""
    eye = Looker(browser, owing, "suzuki", lang)
    for address in ("/", "/due", "/due?which=late&sort=custody", "/my/notifications"):
        eye.go(address)
        eye.in_every_dress(address)
    eye.close()


def test_from_the_alarm_to_the_thing(browser: Browser, owing: Served) -> None:
    """The alarm leads to what is overdue, and from there to the record that told of it; the filter finds one's own."""
    page = Looker(browser, owing, "suzuki", "ja").page
    page.goto(f"{owing.url}/?lang=ja")
    expect(page.locator("[data-overdue='1']")).to_contain_text("期限超過が1件あります。")
    expect(page.locator("[data-job='reservation:7']")).to_be_visible()
    page.click("text=期限超過の一覧")

    expect(page.locator("[data-due='reservation:7']")).to_contain_text("管理者へ報告")
    page.check("[name=mine]")
    page.click("text=表示")
    expect(page.locator("tr[data-due]")).to_have_count(1)
    page.click("[data-due='reservation:7'] a")
    expect(page.locator("h1")).to_contain_text("期限")
    page.context.close()


def test_choosing_how_one_is_told(browser: Browser, owing: Served) -> None:
    """Address and language are typed once, kept, and not shown again."""
    page = Looker(browser, owing, "guard", "ja").page
    page.goto(f"{owing.url}/my/notifications?lang=ja")
    page.fill("#f-to", "guard@works.example")
    page.check("[name=lang][value=en]")
    page.get_by_role("button", name="保存").click()

    expect(page.locator("[data-told=mail]")).to_be_visible()
    expect(page.locator("#f-to")).to_have_value("")
    (told,) = addresses.read(Path(owing.house.data)).values()
    assert (told.address, told.lang) == ("guard@works.example", "en")
    page.context.close()
