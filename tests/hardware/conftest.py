"""Fixtures of the hardware tests."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hardware_bench import Bench, Build, BuildingProcess

from hardware.card_keys import CardKeys


@pytest.fixture(scope="session")
def keys() -> CardKeys:
    """The card keys of one site."""
    return CardKeys(secrets.token_bytes(32))


@pytest.fixture
def bench(keys: CardKeys) -> Iterator[Bench]:
    """An antenna with a reader."""
    bench = Bench(keys)
    yield bench
    bench.close()


@pytest.fixture
def build(tmp_path: Path, keys: CardKeys) -> Iterator[Build]:
    """Makes buildings in processes of their own, all in the same folder; ends them after the test."""
    made: list[BuildingProcess] = []

    def build(**options: Any) -> BuildingProcess:
        made.append(BuildingProcess(tmp_path, keys, **options))
        return made[-1]

    yield build
    for building in made:
        building.close()


@pytest.fixture
def building(build: Build) -> BuildingProcess:
    """A building in a process of its own."""
    return build()
