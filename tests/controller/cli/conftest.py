"""Sites for the command line's tests."""

from collections.abc import Iterator

import pytest
from site_process import SiteProcess


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A site whose controller does not run yet."""
    with SiteProcess(tmp_path_factory.mktemp("s")) as site:
        yield site


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A running site with two people who may enter the office, shared by the tests of a module."""
    with SiteProcess(tmp_path_factory.mktemp("r")) as site:
        with site.past() as past:
            for name, card in (("山田 花子", "yamada"), ("佐藤 一郎", "sato")):
                person = past.person(name)
                past.right(person, "office")
                past.badge(person, card)
            past.person("鈴木 次郎")
        site.start()
        yield site
        assert site.stop() == 0
