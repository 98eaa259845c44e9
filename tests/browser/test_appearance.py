"""Every page in both languages, both themes, on a phone and a desk: accessible, within the screen, and from this host alone."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from .conftest import Served, only_this_host

PAGES = {
    "suzuki": [
        "/",
        "/ledger",
        "/ledger?kind=entry.grnted&from=yesterday",
        "/ledger?kind=inputs.dropped",
        "/ledger/factory/1/60",
        "/people",
        "/people/factory/1",
        "/people/factory/7",
        "/people/factory/register",
        "/people/factory/1/suspend",
        "/people/factory/1/badges/1/retire",
        "/people/factory/1/pin/unlock",
        "/people/factory/1/rights/ask",
        "/groups",
        "/groups/factory/create",
        "/groups/factory/1",
        "/groups/factory/2",
        "/groups/factory/1/rename",
        "/groups/factory/1/close",
        "/groups/factory/1/join?q=a",
        "/groups/factory/1/rights/ask",
        "/memberships/factory/2/approve",
        "/memberships/factory/1/end",
        "/people/factory/2",
        "/people/factory/import",
        "/matrix",
        "/matrix?q=9999",
        "/rights",
        "/rights/factory/8/approve",
        "/rights/factory/1/revoke",
        "/portals/factory/back",
        "/portals/factory/lab/release",
        "/portals/factory/dock",
        "/portals/factory/lab/override",
        "/portals/factory/dock/resume",
        "/schedules",
        "/schedules?weeks=8&from=2026-12-20",
        "/schedules/factory/special",
        "/schedules/factory/special/2/approve",
        "/schedules/factory/special/1/clear",
        "/evacuation/factory",
        "/evacuation/factory/all/begin",
        "/lockdown/factory",
        "/lockdown/factory/lab/begin",
        "/lockdown/factory/server/end",
        "/nowhere",
    ],
    "admin": [
        "/people/factory/1/pin/enrol",
        "/people/factory/1/pin/enrolment/lab-in",
        "/people/factory/1/pin/clear",
        "/people/factory/1/enrol",
        "/people/factory/1/enrolment/lab-in",
        "/rights/factory/8/approve",
    ],
    "": ["/sign-in", "/welcome"],
}
SIZES = {"phone": (360, 740), "desk": (1280, 800)}


OPTIONS = {"resultTypes": ["violations"]}
"""axe looks at everything all the same; it only keeps what it found wrong."""


class Looker:
    """A signed-in page whose context notes what it should not ask for or say."""

    def __init__(self, browser: Browser, served: Served, name: str, lang: str) -> None:
        context = browser.new_context(locale=lang)
        self.strays = only_this_host(context, served.url)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if "Security" in said.text else None)
        if name:
            served.sign_in(self.page, name)
        self._url, self._lang = served.url, lang

    def go(self, address: str) -> None:
        """To the page in this language."""
        self.page.goto(f"{self._url}{address}{'&' if '?' in address else '?'}lang={self._lang}")

    def in_every_dress(self, address: str) -> None:
        """What must hold of the page that is shown: light and dark, on a phone and a desk.

        axe looks at it light on the phone in Japanese, and dark on the desk in English: colours are of the theme, and what is
        where of the size.
        """
        axed = ("light", "phone") if self._lang == "ja" else ("dark", "desk")
        for theme, size in (("light", "phone"), ("dark", "phone"), ("dark", "desk"), ("light", "desk")):
            width, height = SIZES[size]
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": height})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, address
            if (theme, size) == axed:
                found = Axe().run(self.page, options=OPTIONS)
                assert found.violations_count == 0, f"{address} {theme} {width}: {found.generate_report()}"

    def close(self) -> None:
        """Ends it; nothing was asked for elsewhere, and the console stayed silent."""
        assert (self.strays, self.complaints) == ([], [])
        self.page.context.close()


@pytest.fixture(scope="module")
def looker(browser: Browser, served: Served) -> Iterator[Callable[[str, str], Looker]]:
    """One signed-in page for each account and language, used again by every test of this file."""
    known: dict[tuple[str, str], Looker] = {}

    def find(name: str, lang: str) -> Looker:
        if (name, lang) not in known:
            known[name, lang] = Looker(browser, served, name, lang)
        return known[name, lang]

    yield find
    for one in known.values():
        one.page.context.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize(("name", "address"), [(name, address) for name, pages in PAGES.items() for address in pages])
def test_every_page_in_every_dress(
    served: Served, looker: Callable[[str, str], Looker], name: str, address: str, lang: str
) -> None:
    """axe finds nothing, nothing is wider than the screen, nothing comes from elsewhere, the console stays silent."""
    eye = looker(name, lang)
    eye.go(address)
    eye.page.locator("details.menu summary").click()
    eye.in_every_dress(address)

    assert (eye.strays, eye.complaints) == ([], [])


def test_a_chosen_theme_overrules_the_device(browser: Browser, served: Served) -> None:
    """Dark by the switch is dark on a light device, and the reverse: the same colours as by the device's own setting."""
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(f"{served.url}/sign-in?lang=en")

    def ground() -> str:
        page.wait_for_function("getComputedStyle(document.body).backgroundColor !== 'rgba(0, 0, 0, 0)'")
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    def choose(theme: str) -> None:
        page.locator("details.menu summary").click()
        with page.expect_navigation():
            page.get_by_role("button", name=theme).click()

    light = ground()
    page.emulate_media(color_scheme="dark")
    dark = ground()
    choose("Light")
    assert ground() == light != dark
    page.emulate_media(color_scheme="light")
    choose("Dark")
    assert ground() == dark
    context.close()


def test_the_keyboard_reaches_everything(browser: Browser, served: Served) -> None:
    """The first Tab leads past the navigation; every stop on the way is visible."""
    context = browser.new_context(locale="en")
    page = context.new_page()
    served.sign_in(page, "suzuki")
    page.goto(f"{served.url}/portals/factory/lab?lang=en")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(6):
        page.keyboard.press("Tab")
        box = page.locator(":focus").bounding_box()
        assert box is not None and box["width"] > 0 and box["height"] >= 20
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    context.close()


def test_buttons_are_large_enough_for_a_thumb(browser: Browser, served: Served) -> None:
    """Every button, field and entry of the navigation is at least 44 pixels high on a phone."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    page = context.new_page()
    served.sign_in(page, "suzuki")
    for address in ("/", "/ledger", "/portals/factory/lab/release", "/people/factory/1/rights/ask"):
        page.goto(served.url + address)
        page.locator("details.menu summary").click()
        for part in page.locator(".btn:visible, .nav-main a, .choice > *, input:visible, select, summary").all():
            box = part.bounding_box()
            assert box is not None and box["height"] >= 44, part.evaluate("part => part.outerHTML")
    context.close()
