"""Debian's Chromium on the real application, served as in production. One browser and one server for all pages."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_house import PASSWORD, House
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from dashboard.server import Server
from dashboard.tls.certificate import Served as Certificate
from dashboard.web.context import Here
from dashboard.web.slots import Slots

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"there is no {CHROMIUM}: apt install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


def until(holds: Callable[[], bool], most_s: float = 15.0) -> None:
    """Waits for a condition, so long and no longer."""
    late = time.monotonic() + most_s
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < late, "it did not come to hold"
        pause.wait(0.02)


class Served:
    """A house and where it is served."""

    def __init__(self, house: House, served: Certificate | None = None) -> None:
        self.house = house
        self._app = house.app(served)
        self._server = Server(self._app, "127.0.0.1", 0, served)
        scheme = "http" if served is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.run, name="server")
        self._thread.start()

    @property
    def streams(self) -> Slots:
        """The live streams that are open."""
        parts = self._app.extensions["sekimori"]
        assert isinstance(parts, Here)
        return parts.streams

    def close(self) -> None:
        self.house.runtime.changed.close()
        until(lambda: self.streams.taken == 0)
        self._server.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def sign_in(self, page: Page, name: str) -> None:
        page.goto(f"{self.url}/sign-in")
        page.fill("#f-name", name)
        page.fill("#f-password", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{self.url}/")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example site after a day, for tests that only look."""
    served = Served(House(tmp_path_factory.mktemp("house")).settle().a_day().groups().orders().calendar())
    yield served
    served.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """An example site of its own, for tests that change something."""
    served = Served(House(tmp_path).settle().a_day())
    yield served
    served.close()


def only_this_host(context: BrowserContext, url: str) -> list[str]:
    """Whatever a page asks of another host is not sent, and listed here."""
    strays: list[str] = []

    def look(route: Route) -> None:
        address = route.request.url
        if address.startswith((f"{url}/", "data:")):
            route.continue_()
        else:
            strays.append(address)
            route.abort()

    context.route("**/*", look)
    return strays
