"""The pages over TLS in a real browser: the authority's page in every dress, sign-in, and the live stream."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_house import PASSWORD, House
from playwright.sync_api import Browser, Page, expect
from serving import made_certificate

from controller.record.kinds.door import DoorClosed
from dashboard.config import Config, TlsFiles

from .conftest import Served
from .test_appearance import OPTIONS, SIZES


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site, served with a certificate of its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = made_certificate(folder)
    pem = folder / "tls" / "server.pem"
    config = Config(folder, tls=TlsFiles(pem, pem, folder / "tls" / "ca.pem"))
    served = Served(House(tmp_path_factory.mktemp("house"), config=config).settle().a_day(), certificate)
    yield served
    served.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that went on past its warning: Chromium's own store of authorities is not ours to change."""
    context = browser.new_context(locale="en-GB", ignore_https_errors=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_the_authority_page_in_every_dress(secured: Served, page: Page, lang: str) -> None:
    """axe finds nothing on the page of the authority, and nothing is wider than the screen."""
    page.goto(f"{secured.url}/certificate?lang={lang}")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            found = Axe().run(page, options=OPTIONS)
            assert found.violations_count == 0, f"{theme} {width}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_authority_is_downloaded_before_sign_in(secured: Served, page: Page) -> None:
    """From the sign-in page to the file, by links alone."""
    page.goto(f"{secured.url}/sign-in?lang=en")
    page.get_by_role("link", name="The browser warns of this site").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the authority").click()
    file = page.context.request.get(download.value.url)

    # The browser's own store of downloads is not looked at: it is the machine's affair, and was seen to fail when that is busy.
    assert download.value.suggested_filename.endswith(".crt")
    assert file.ok and file.body()[:1] == b"\x30"


def test_sign_in_and_live_records_over_tls(secured: Served, page: Page) -> None:
    """Sign-in gives a Secure cookie bound to this host, the page is live, and a record appears by itself."""
    page.goto(f"{secured.url}/sign-in?lang=en")
    page.fill("#f-name", "suzuki")
    page.fill("#f-password", PASSWORD)
    page.click("main button")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    cookie = next(one for one in page.context.cookies() if one["name"] == "__Host-sekimori")
    assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")

    secured.house.write(DoorClosed("dock", "secure"))

    expect(page.locator("#feed tr").first).to_contain_text("Door closed", timeout=5000)


def test_signing_out_over_tls(secured: Served, page: Page) -> None:
    """The form at the top ends the session: a POST with its token and its origin, both checked over TLS."""
    secured.sign_in(page, "guard")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()

    page.wait_for_url(f"{secured.url}/sign-in")
