"""`sekimori check`."""

import json
from pathlib import Path

import pytest
from command_line import sekimori
from site_process import site_toml

GOOD = site_toml("127.0.0.1:9", {"front/in": 1001, "lab/in": 1002, "lab/out": 1003})


def check(folder: Path, text: str | None, *options: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `check` over this `site.toml`."""
    if text is not None:
        (folder / "site.toml").write_text(text, encoding="utf-8")
    said = sekimori("check", "--data", folder, *options)
    return said.code, said.out, said.err


def test_good_settings_are_summarised(tmp_path: Path) -> None:
    """A good file exits 0 and lists its zones, portals and schedules; nothing is written beside it."""
    code, said, _ = check(tmp_path, GOOD)

    assert 0 == code
    for word in ("Office", "mutual", "outside → office", "nfc+udp://127.0.0.1:1001", "mon-sun 00:00-00:00"):
        assert word in said
    assert ["site.toml"] == [path.name for path in tmp_path.iterdir()]


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    """All mistakes come at once, each with its key path and, where one is near, what was meant; exit 1."""
    broken = (
        GOOD.replace('inner = "lab"', 'inner = "labb"')
        .replace('lock = "simulated:100"', 'lock = "simulatd:100"')
        .replace(":1003", ":1002")
        .replace("release_s = 3", "release_s = 0", 1)
    )

    code, said, _ = check(tmp_path, broken, "--json")

    found = {mistake["place"]: mistake["mistake"] for mistake in json.loads(said)["mistakes"]}
    assert 1 == code
    assert {"portal[2].inner", "portal[1].lock", "portal[2].reader[2].device", "portal[1].release_s"} == set(found)
    assert "did you mean 'lab'" in found["portal[2].inner"]


@pytest.mark.parametrize(
    ("text", "word"), [("[site\n", "line 1"), ("[site]\nidd = 'x'", "did you mean 'id'"), ("", "site")]
)
def test_what_is_no_settings_file_is_a_mistake(tmp_path: Path, text: str, word: str) -> None:
    """Bad TOML, an unknown key and an empty file exit 1 and say where."""
    code, said, _ = check(tmp_path, text)

    assert 1 == code
    assert word in said


def test_no_file_is_not_a_mistake_in_it(tmp_path: Path) -> None:
    """A directory without `site.toml` exits 2, with one line on standard error and nothing on standard output."""
    code, said, errors = check(tmp_path, None)

    assert (2, "") == (code, said)
    assert "No such file" in errors
    assert 1 == errors.count("\n")


def test_errors_are_json_too(tmp_path: Path) -> None:
    """With `--json`, also what keeps a command from running is JSON, on standard error, with its code."""
    _, _, errors = check(tmp_path, None, "--json")

    assert "system" == json.loads(errors)["error"]
