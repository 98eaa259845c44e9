"""A site at rest with a little history, for backups."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import SiteProcess


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """Two people with rights and badges; the controller does not run yet."""
    with SiteProcess(tmp_path_factory.mktemp("s")) as site:
        with site.past() as past:
            for name, card in (("山田 花子", "yamada"), ("佐藤 一郎", "sato")):
                person = past.person(name)
                past.right(person, "office")
                past.badge(person, card)
        yield site


@pytest.fixture
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere: the stick in the safe."""
    return tmp_path_factory.mktemp("far")
