"""Settings that somebody or something has spoilt: each is refused with its place, or means something; no other exception."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from site_process import site_toml
from sites import SITE_TOML

from controller.facility import load_facility
from controller.facility.settings import BadSettings
from dashboard import config
from dashboard.toml_table import BadConfig

SITES = (SITE_TOML, site_toml("127.0.0.1:1", {f"{id}": 1 for id in ("front/in", "lab/in", "lab/out")}, ("localhost", 1883)))
DASHBOARD = """\
listen = "127.0.0.1:8000"
database = "sqlite:///dashboard.sqlite3"
[broker]
host = "localhost"
port = 1883
[sites]
works = "sekimori-key-1.AAAA"
"""
HOSTILE = ('""', "0", "-1", "1e999", "nan", "true", "[]", "{}", '"\\u0000"', '"%s"' % ("x" * 70_000), "9" * 30, "2026-13-01",
           '"../../etc/passwd"',
           '"::1"', '"nfc+udp://[::1"', '"gpio:99999999999"', '"simulated:-1"', "[[1]]", '"25:00-26:00"')  # fmt: skip


def spoilt(text: str, seed: int) -> str:
    """The settings with some values exchanged, some characters changed, or a piece gone."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        values = list(re.finditer(r"(?<== )[^\n{]+|\"[^\"\n]*\"", text))
        match chance.randrange(4):
            case 0 | 1 if values:
                hit = chance.choice(values)
                text = text[: hit.start()] + chance.choice(HOSTILE) + text[hit.end() :]
            case 2:
                at = chance.randrange(len(text) + 1)
                text = text[:at] + chance.choice("\x00\"'[]{}=\n.é") + text[at + chance.randint(0, 1) :]
            case _:
                at = chance.randrange(len(text) + 1)
                text = text[:at] + text[at + chance.randint(1, 60) :]
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


@settings(max_examples=1000)
@given(st.sampled_from(SITES), st.integers(0, 2**64 - 1))
def test_spoilt_site_settings(folder: Path, text: str, seed: int) -> None:
    """A spoilt `site.toml` is a facility, or BadSettings with at least one mistake in words; nothing else is raised."""
    path = folder / "site.toml"
    path.write_text(spoilt(text, seed), encoding="utf-8")
    try:
        assert load_facility(path).id
    except BadSettings as error:
        assert str(error).strip() and "Traceback" not in str(error)


@settings(max_examples=1000)
@given(st.integers(0, 2**64 - 1))
def test_spoilt_dashboard_settings(folder: Path, seed: int) -> None:
    """A spoilt `dashboard.toml` is a configuration, or BadConfig with at least one mistake in words; nothing else is raised."""
    (folder / "dashboard.toml").write_text(spoilt(DASHBOARD, seed), encoding="utf-8")
    try:
        assert config.load(folder)
    except BadConfig as error:
        assert str(error).strip()
