"""People who may only pass together, in a browser: a door that waits, people left behind, in every dress (C7.7, C8.9)."""

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_house import House
from playwright.sync_api import Browser, expect

from controller.record.canonical import timestamp
from controller.record.kinds import party

from .conftest import Served
from .test_appearance import OPTIONS, Looker


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_a_waiting_door_in_every_dress(browser: Browser, tmp_path: Path, lang: str) -> None:
    """The door that waits says so and then no more; who was left behind is an alert on both pages; axe finds nothing."""
    house = House(tmp_path).settle().a_day()
    house.together(timestamp(house.now() + timedelta(minutes=1)))
    served = Served(house)
    eye = Looker(browser, served, "guard", lang)
    for address, shown in (
        ("/portals/factory/server", "[data-waiting=second_person]"),
        ("/portals/factory/lab", "[data-violation=escort]"),
        ("/", "[data-violation=second_person]"),
    ):
        eye.go(address)
        for theme in ("light", "dark"):
            eye.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            expect(eye.page.locator(shown)).to_be_visible()
            assert Axe().run(eye.page, options=OPTIONS).response["violations"] == []
    house.write(party.PartyEntered("server", "server", (1, 2), 0), party.ZoneRestored("server", 2, "second_person"))
    eye.page.goto(f"{served.url}/portals/factory/server?lang={lang}")
    expect(eye.page.locator("[data-waiting]")).to_have_count(0)
    expect(eye.page.locator("[data-violation]")).to_have_count(0)
    served.close()
