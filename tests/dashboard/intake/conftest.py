"""A dashboard's intake without a network, and the site that it listens to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from listener import Listener, listening


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """A dashboard that follows one site, which has not said anything yet."""
    with listening(tmp_path) as heard:
        yield heard


@pytest.fixture
def following(listener: Listener) -> Listener:
    """The same, after the site said that it is there."""
    listener.hear(listener.peer.online())
    return listener
