"""The pages on a real database, filled through the dashboard's own intake."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from databases import copied
from example_house import PASSWORD, House
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Browser:
    """A test client that carries the CSRF token of the page it was on, as a browser's form does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, **options: object) -> TestResponse:
        return self.client.get(address, **options)  # type: ignore[arg-type]

    def post(self, address: str, page: str = "", **fields: str) -> TestResponse:
        """Opens the page (the address itself by default) and submits its form."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or address).text)
        assert found, f"no form on {page or address}"
        return self.client.post(address, data={"csrf_token": found[1], **fields})

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", name=name, password=password)


def plain(answer: TestResponse) -> str:
    """A page without its CSRF tokens, which differ each time."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)


@pytest.fixture(scope="session")
def after_a_day(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The example site after a day, made once and copied for each test."""
    made = House(tmp_path_factory.mktemp("made")).settle().a_day()
    made.engine.dispose()
    return made


@pytest.fixture
def house(tmp_path: Path, after_a_day: House) -> House:
    """A copy of the example site after a day, heard of a moment ago."""
    copied(after_a_day.data, tmp_path)
    peer = replace(after_a_day.peer, records=list(after_a_day.peer.records))
    copy = House(tmp_path, after_a_day.keys, peer, after_a_day.time)
    copy.hear()
    return copy


@pytest.fixture
def anybody(house: House) -> Browser:
    """A browser in which nobody is signed in."""
    app = house.app()
    app.testing = True
    return Browser(app.test_client())


@pytest.fixture
def signed_in(house: House) -> Callable[[str], Browser]:
    """A browser for each name, in English, all of one application."""
    app = house.app()
    app.testing = True

    def enter(name: str) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in(name).status_code == 303
        browser.get("/?lang=en")
        return browser

    return enter
