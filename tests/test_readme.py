"""The README is true: its settings load, its commands exist, its links lead somewhere."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from controller.site import settings_of
from dashboard.config import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def blocks(language: str) -> list[str]:
    """The README's code blocks of a language."""
    return [text for name, text in BLOCKS if name == language]


def test_first_door_can_be_checked(tmp_path: Path) -> None:
    """The example of a first door is a `site.toml` without a mistake (C8.7)."""
    first, _ = [text for text in blocks("toml") if "[[portal]]" in text]
    (tmp_path / "site.toml").write_text(first, encoding="utf-8")

    facility = settings_of(tmp_path)

    assert list(facility.portals) == ["rnd-door"]


def test_what_a_zone_can_ask_for_can_be_checked(tmp_path: Path) -> None:
    """The example of the rules of access, behind that of the first door, is a `site.toml` without a mistake."""
    first, rules = [text for text in blocks("toml") if "[[portal]]" in text]
    (tmp_path / "site.toml").write_text(f"{first}\n{rules}", encoding="utf-8")

    facility = settings_of(tmp_path)

    assert list(facility.zones) == ["rnd", "vault", "drawings"]
    assert facility.zones["vault"].rules.two_person


def test_what_there_is_for_storage_can_be_checked(tmp_path: Path) -> None:
    """The example of stations, a key cabinet and a tether, behind the other two, is a `site.toml` without a mistake (C8.2)."""
    first, rules = [text for text in blocks("toml") if "[[portal]]" in text]
    (storage,) = [text for text in blocks("toml") if "[[cabinet]]" in text]
    (tmp_path / "site.toml").write_text(f"{first}\n{rules}\n{storage}", encoding="utf-8")

    facility = settings_of(tmp_path)

    assert list(facility.stations) == ["desk", "key-desk"]
    assert list(facility.cabinets) == ["keys"]


def test_settings_of_messages_can_be_read(tmp_path: Path) -> None:
    """The example of `[notify]` is one."""
    (text,) = [text for text in blocks("toml") if "[notify]" in text]
    services = tmp_path / "notify.services"
    services.write_text('mail = "mailtos://user:password@smtp.example?to={address}"\n')
    services.chmod(0o600)

    notify = parse(text, tmp_path).notify
    assert notify is not None


def test_dashboard_settings_can_be_read(tmp_path: Path) -> None:
    """The example of `dashboard.toml` is one."""
    (text,) = [text for text in blocks("toml") if "listen" in text]
    text = text.replace("/etc/sekimori-dashboard", str(tmp_path))
    (tmp_path / "tls").mkdir()
    for file in ("broker.password", "ca.pem", "tls/server.pem", "tls/ca.pem"):
        (tmp_path / file).write_text("x")

    assert parse(text, tmp_path).broker.host == "broker.example"


@pytest.mark.parametrize("program", ["sekimori", "sekimori-dashboard"])
def test_commands_exist(program: str) -> None:
    """Every command that the README names is one."""
    named = set(re.findall(rf"(?<![\w/.-]){program} +([a-z][a-z-]+)", README)) - {"and"}

    help_text = subprocess.run(
        [Path(sys.executable).with_name(program), "--help"], capture_output=True, text=True, check=True
    ).stdout

    assert named
    for command in named:
        assert re.search(rf"[│ ]{command} ", help_text), command


def test_links_lead_somewhere() -> None:
    """Every link and picture in the README is a file of this repository, or an address on the web."""
    targets = re.findall(r"\]\(([^)#]+)\)", README)

    assert targets
    for target in targets:
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_make_targets_exist() -> None:
    """Every `make` that the README names is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^|`|&& )make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_dependencies_have_a_reason() -> None:
    """Every run-time dependency is named in the README."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    for requirement in project["dependencies"]:
        name = re.split(r"[<>=;! ]", requirement)[0]
        assert name.lower() in README.lower(), name
