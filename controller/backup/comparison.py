"""What a restore would change: the backup beside what is in the data directory now."""

import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from controller.backup.archive import LEDGER, SETTINGS, Manifest
from controller.ledger.database import latest_time, open_reader
from controller.ledger.nodes import subtree_of
from controller.record.tree import range_hash

_MOST = 50


class Difference(msgspec.Struct, frozen=True):
    """The two sides. Of there, 0 records and an empty time when there is no ledger.

    `history`: `none` there, the `same`, there `ahead` of the backup, there `behind` it, `other` (from some record on they say
    different things), or `unreadable` there. `keys` and `files` by name: `same`, `other`, or `missing` there. `settings`: keys
    of `site.toml` that differ.
    """

    records: int
    newest: str
    records_there: int
    newest_there: str
    history: str
    keys: dict[str, str]
    files: dict[str, str]
    settings: tuple[str, ...]


def compare(manifest: Manifest, unpacked: Path, data: Path) -> Difference:
    """The backup, unpacked, beside the data directory. Raises sqlite3.Error, OSError."""
    names = [member.name for member in manifest.members if member.name not in (LEDGER, SETTINGS)]
    here = {name: _side(unpacked / name, data / name) for name in names}
    count, newest, history = 0, "", "none"
    if (data / LEDGER).exists():
        try:
            count, newest, history = _ledgers(manifest, unpacked / LEDGER, data / LEDGER)
        except (sqlite3.DatabaseError, LookupError):
            history = "unreadable"
    ours = open_reader(unpacked / LEDGER)
    try:
        latest = latest_time(ours)
    finally:
        ours.close()
    return Difference(
        manifest.size, latest, count, newest, history,
        {name: side for name, side in here.items() if name.startswith("keys/")},
        {name: side for name, side in here.items() if not name.startswith("keys/")},
        tuple(sorted(_changed(unpacked / SETTINGS, data / SETTINGS))[:_MOST]),
    )  # fmt: skip


def _side(ours: Path, theirs: Path) -> str:
    if not theirs.exists():
        return "missing"
    return "same" if ours.read_bytes() == theirs.read_bytes() else "other"


def _ledgers(manifest: Manifest, ours: Path, theirs: Path) -> tuple[int, str, str]:
    mine, there = open_reader(ours), open_reader(theirs)
    try:
        there.execute("begin")  # one moment of a ledger in use
        count: int = there.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        common = min(count, manifest.size)
        agree = common > 0 and _root(mine, common) == _root(there, common)
        history = "other"
        if agree:
            history = "same" if count == manifest.size else "ahead" if count > manifest.size else "behind"
        return count, latest_time(there), history
    finally:
        mine.close()
        there.close()


def _root(connection: sqlite3.Connection, size: int) -> bytes:
    return range_hash(0, size, subtree_of(connection))


def _changed(ours: Path, theirs: Path) -> set[str]:
    if not theirs.exists():
        return set()
    try:
        new, old = (dict(_flat(tomllib.loads(path.read_text(encoding="utf-8")))) for path in (ours, theirs))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {SETTINGS}
    return {key for key in new.keys() | old.keys() if new.get(key) != old.get(key)}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, object]]:  # noqa: ANN401 - whatever TOML holds
    match value:
        case dict():
            for key, below in value.items():
                yield from _flat(below, f"{path}.{key}" if path else key)
        case list():
            for n, below in enumerate(value, 1):
                yield from _flat(below, f"{path}[{n}]")
        case _:
            yield path, value
