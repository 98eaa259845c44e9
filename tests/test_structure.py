"""The direction of imports is checked by import-linter, and the check itself is checked: each rule sees its violation."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("hardware", "firmware_bridge", "controller", "dashboard")

VIOLATIONS = {
    "one-direction": ("hardware/protocols.py", "import controller.clock"),
    "published-language": ("dashboard/config.py", "import controller.facts"),
    "record-knows-nobody": ("controller/record/canonical.py", "import controller.rules.schedule"),
    "pure-rules": ("controller/rules/access.py", "import sqlite3"),
    "one-root": ("controller/loop.py", "import hardware.gpio"),
    "loop-order": ("controller/ledger/database.py", "import controller.loop"),
}


def contracts() -> dict[str, str]:
    """Id and name of each contract in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def lint(tree: Path) -> str:
    """What import-linter says of a tree."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages' Python files and of pyproject.toml."""
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=lambda _, names: [n for n in names if n == "__pycache__"])
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def test_every_contract_has_a_planted_violation() -> None:
    """No rule on imports stands untried."""
    assert set(contracts()) == set(VIOLATIONS)


@pytest.mark.parametrize("contract", sorted(VIOLATIONS))
def test_violation_is_seen(copy: Path, contract: str) -> None:
    """An import against a rule breaks that rule's contract."""
    file, line = VIOLATIONS[contract]
    path = copy / file
    before = path.read_text(encoding="utf-8")
    path.write_text(before + f"\n\n{line}\n", encoding="utf-8")
    try:
        said = lint(copy)
    finally:
        path.write_text(before, encoding="utf-8")

    assert re.search(re.escape(contracts()[contract]) + r"\s+BROKEN", said), said


def test_packages_are_ours() -> None:
    """`controller`, `hardware` and `dashboard` are too common as names: what is imported is this checkout's."""
    import controller
    import dashboard
    import hardware

    for package in (controller, dashboard, hardware):
        assert Path(str(package.__file__)).is_relative_to(ROOT)
