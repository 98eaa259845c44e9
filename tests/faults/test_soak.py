"""A short soak, and that its judge sees what it is there to see. The long one is `make soak`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.soak.judge import judge
from tests.soak.play import Play

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """1,200 taps at 20 portals, somebody killed every second or two."""
    play = Play(tmp_path_factory.mktemp("soak"), 11, 200, lambda text: None, (0.5, 1.5))
    play.prepare()
    play.run(1200, 0.3)
    return play


def judged(play: Play) -> list[str]:
    """What the judge says of the play as its files stand."""
    return judge(play.data, play.dashboard_data, play.journal)


def journal_with(play: Play, change: Callable[[list[str]], list[str]]) -> list[str]:
    """What the judge says when the locks had done something else."""
    path: Path = play.journal.with_name("changed.journal")
    path.write_text("\n".join(change(play.journal.read_text().splitlines())) + "\n")
    return judge(play.data, play.dashboard_data, path)


@pytest.mark.slow
def test_short_soak(played: Play) -> None:
    """Killed again and again, nothing opens unrecorded and nothing recorded is lost (C8.9)."""
    assert played.decided.total() >= 1200
    assert played.kills.total() >= 3

    assert judged(played) == []


@pytest.mark.slow
def test_release_without_a_record_is_seen(played: Play) -> None:
    """A lock that let go a second time for the same record is found."""

    def twice(lines: list[str]) -> list[str]:
        n = next(n for n, line in enumerate(lines) if " released " in line)
        boot, _, portal, at = lines[n].split(" ")
        return [*lines[: n + 1], f"{boot} secured {portal} {at}", lines[n], *lines[n + 1 :]]

    assert any("without a record" in text for text in journal_with(played, twice))


@pytest.mark.slow
def test_late_release_is_seen(played: Play) -> None:
    """A lock that let go only after the controller was started again is found."""

    def late(lines: list[str]) -> list[str]:
        n = next(n for n, line in enumerate(lines) if " released " in line)
        boot, what, portal, at = lines[n].split(" ")
        newest = lines[-1].split(" ")
        return [
            *lines[:n],
            *lines[n + 1 :],
            f"{newest[0]} {what} {portal} {newest[3]}",
            f"{boot} secured {portal} {at}",
        ]

    assert any("without a record" in text for text in journal_with(played, late))


@pytest.mark.slow
def test_lock_left_released_is_seen(played: Play) -> None:
    """A lock that nobody secured at the end, or not before the first release of a run, is found."""
    said = journal_with(played, lambda lines: [line for line in lines if " secured portal-3 " not in line])

    assert any("portal-3 was left released" in text for text in said)
    assert any("before every lock was commanded secure" in text for text in said)


@pytest.mark.slow
def test_missing_copy_is_seen(played: Play, tmp_path: Path) -> None:
    """A record that the dashboard lacks is found."""
    with (
        closing(sqlite3.connect(played.dashboard_data / "dashboard.sqlite3")) as copy,
        closing(sqlite3.connect(tmp_path / "dashboard.sqlite3")) as changed,
    ):
        copy.backup(changed)
        changed.execute("delete from record where seq = (select max(seq) / 2 from record)")
        changed.commit()

    assert any("the dashboard has not record" in text for text in judge(played.data, tmp_path, played.journal))
