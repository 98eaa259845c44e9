"""Ledgers that a dying disk left behind: what is whole of them goes on, what is not is kept aside, and a record says so."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, give_right, make_site, people, stored_tables, tap

from controller.ledger import salvage
from controller.ledger.ledger import Ledger, WrongLedger
from controller.ledger.verify import verify_file
from controller.record.kinds.disk import LedgerSalvaged

PAGE = 4096


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that ended in order, with some hundred records, checkpoints and private rows."""
    folder = tmp_path_factory.mktemp("ended")
    site = people(make_site(folder))
    for n in range(300):
        site.turn(tap("front/in", f"card:{n % 4 + 1}"))
        if n % 40 == 0:
            site.loop.sign()
    site.loop.stop()
    site.close()
    return folder


@pytest.fixture
def folder(ended: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(ended, tmp_path / "site"))


def ledger_of(folder: Path) -> Path:
    return folder / "ledger.sqlite3"


def records(path: Path) -> list[bytes]:
    """The records in a sound file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [data for (data,) in connection.execute("select bytes from record order by seq")]
    finally:
        connection.close()


def beginning(site: TestSite, count: int) -> list[bytes]:
    """So many records of a running site from the first on."""
    rows = site.ledger.connection.execute("select bytes from record where seq <= ? order by seq", (count,))
    return [data for (data,) in rows]


def change(path: Path, at: int, data: bytes) -> None:
    """Writes over a part of the file, as a torn write does."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_a_sound_ledger_is_left_alone(folder: Path) -> None:
    """A ledger that ended in order is opened as it is, also when every page is looked at."""
    salvage.suspect(ledger_of(folder)).touch()
    before = records(ledger_of(folder))

    site = make_site(folder, boot="boot-2")

    assert not (folder / "damaged").exists()
    assert not salvage.suspect(ledger_of(folder)).exists()
    assert beginning(site, len(before)) == before
    site.close()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // PAGE // 2 * PAGE])


def torn_in_the_middle_of_a_page(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - PAGE // 2])


def no_header(path: Path) -> None:
    change(path, 0, bytes(100))


def noise(path: Path) -> None:
    path.write_bytes(b"\xa5" * 50_000)


def a_record_changed(path: Path) -> None:
    data = path.read_bytes()
    at = data.index(b'"controller.stopped"') if b'"controller.stopped"' in data else data.rindex(b'"entry.granted"')
    change(path, at + 1, b"X")


def nodes_gone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("delete from node")
    connection.commit()
    connection.close()


def tail_cut_below_its_checkpoint(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("drop trigger record_is_not_deleted")
    connection.execute("delete from record where seq > 200")
    connection.execute("update fold set seq = 200")
    connection.commit()
    connection.close()


DAMAGES: tuple[tuple[Callable[[Path], None], str], ...] = (
    (empty, "missing"),
    (gone, "missing"),
    (half, "malformed"),
    (torn_in_the_middle_of_a_page, "records"),
    (no_header, "malformed"),
    (noise, "malformed"),
    (a_record_changed, "checkpoint"),
    (nodes_gone, "records"),
    (tail_cut_below_its_checkpoint, "checkpoint"),
)


@pytest.mark.parametrize(("damage", "word"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_whole_goes_on(folder: Path, damage: Callable[[Path], None], word: str) -> None:
    """Whatever is wrong with the file: it is kept aside, its longest whole beginning goes on, and a record says so."""
    before = records(ledger_of(folder))
    damage(ledger_of(folder))
    left = ledger_of(folder).read_bytes() if ledger_of(folder).exists() else None

    site = make_site(folder, boot="boot-2")

    told = next(record for record in site.records() if isinstance(record.body, LedgerSalvaged))
    assert told.body.damage == word
    assert beginning(site, told.body.kept) == before[: told.body.kept]
    assert told.body.kept >= {"nodes_gone": len(before), "tail_cut_below_its_checkpoint": 200}.get(damage.__name__, 0)
    aside = folder / told.body.aside / "ledger.sqlite3"
    assert left is None or (aside.exists() and len(aside.read_bytes()) == len(left))
    site.turn(tap("front/in", "card:1"))
    tables = stored_tables(site.ledger.connection)
    site.ledger.rebuild()
    assert stored_tables(site.ledger.connection) == tables
    site.close()
    assert verify_file(ledger_of(folder)).ok
    again = make_site(folder, boot="boot-3")
    assert [type(record.body) for record in again.records()].count(LedgerSalvaged) == 1
    again.close()


def test_any_page_lost_is_survived(ended: Path, tmp_path: Path) -> None:
    """Whichever page of the file was lost, a start that looks at every page keeps a whole beginning of the history."""
    size = ledger_of(ended).stat().st_size
    before = records(ledger_of(ended))
    kept: set[int] = set()
    for page in range(0, size // PAGE, max(1, size // PAGE // 40)):
        folder = Path(shutil.copytree(ended, tmp_path / f"page-{page}"))
        change(ledger_of(folder), page * PAGE, bytes(PAGE))
        salvage.suspect(ledger_of(folder)).touch()
        ledger = Ledger(ledger_of(folder), "works")
        found = [data for (data,) in ledger.connection.execute("select bytes from record order by seq")]
        kept.add(len(found))
        assert found == before[: len(found)]
        assert ledger.connection.execute("pragma integrity_check").fetchone() == ("ok",)
        ledger.close()
        shutil.rmtree(folder)
    assert len(before) in kept  # a page of tables costs no record
    assert len(kept) > 3


def test_a_log_that_was_taken_away_loses_its_tail_only(tmp_path: Path) -> None:
    """Without the log the file is as it last was written back: a whole beginning of the history."""
    (tmp_path / "a").mkdir()
    site = people(make_site(tmp_path / "a"))
    site.ledger.connection.execute("pragma wal_checkpoint(truncate)")
    written = site.ledger.size
    give_right(site, 1, "vault")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    site.close()
    for suffix in ("-wal", "-shm"):
        (tmp_path / "b" / f"ledger.sqlite3{suffix}").unlink()

    without = make_site(tmp_path / "b", boot="boot-2")

    assert without.records(written + 1)[0].kind == "controller.started"
    without.turn(tap("front/in", "card:1"))
    assert without.actuator.releases() == ["front"]
    without.close()


def test_a_first_run_whose_log_was_taken_away_is_no_new_site(tmp_path: Path) -> None:
    """When all that was committed stood in the log, its loss is told: an empty ledger is not begun as if nothing had been."""
    site = people(make_site(tmp_path))
    site.ledger.connection.execute("pragma wal_autocheckpoint = 0")
    held = sqlite3.connect(site.path)  # keeps the log from being written back at the end
    held.execute("begin")
    held.execute("select count(*) from record").fetchone()
    site.close()
    shutil.copy(site.path, tmp_path / "copy")
    held.close()
    for name in ("ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy", tmp_path / "ledger.sqlite3")

    again = make_site(tmp_path, boot="boot-2")

    told = [record.body for record in again.records() if isinstance(record.body, LedgerSalvaged)]
    assert [(body.damage, body.kept) for body in told] == [("missing", 0)]
    again.close()


@pytest.mark.parametrize("step", range(12))
def test_a_salvage_cut_off_anywhere_is_ended_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Whichever step the power fails at: the next start keeps the same records, and the damaged files are still aside."""
    before = records(ledger_of(folder))
    tail_cut_below_its_checkpoint(ledger_of(folder))
    steps = iter(range(100))

    class PowerCut(BaseException):
        """The end, at once."""

    def cut(name: str, owner: object) -> None:
        real = getattr(owner, name)

        def instead(*args: object, **kwargs: object) -> object:
            if next(steps) == step:
                raise PowerCut
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, instead)

    for name in ("_write", "_sync", "_copy", "open_writer"):
        cut(name, salvage)
    cut("replace", salvage.os)
    cut("rename", Path)
    cut("unlink", Path)
    try:
        make_site(folder, boot="boot-2").close()
    except PowerCut:
        pass
    monkeypatch.undo()

    site = make_site(folder, boot="boot-3")

    told = [record.body for record in site.records() if isinstance(record.body, LedgerSalvaged)]
    assert [(body.damage, body.kept) for body in told] == [("checkpoint", 200)]
    assert beginning(site, 200) == before[:200]
    assert len(list((folder / "damaged").iterdir())) <= 2
    site.close()
    assert verify_file(ledger_of(folder)).ok


def test_another_sites_ledger_is_refused_and_not_moved(folder: Path) -> None:
    """A ledger of another site, damaged or not, is left where it is: the controller does not start over it."""
    with pytest.raises(WrongLedger):
        make_site(folder, text=SITE_TOML.replace('id = "works"', 'id = "other"'))
    tail_cut_below_its_checkpoint(ledger_of(folder))
    with pytest.raises(WrongLedger):
        make_site(folder, text=SITE_TOML.replace('id = "works"', 'id = "other"'))
    assert not (folder / "damaged").exists()
