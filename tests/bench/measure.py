"""What every group of rows shares: a row, percentiles, and the yardstick of one bare durable commit."""

import gc
import os
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is `value` ÷ what it is measured `against`; `met` None: there is no target."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    target: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    people: int
    rights_each: int
    taps: int
    bursts: int
    decisions: int
    wire_records: int
    wire_rounds: int
    requests: int
    starts: int
    leaves: int


FULL = Sizes(
    people=100_000, rights_each=10, taps=1500, bursts=15, decisions=5000, wire_records=10_000, wire_rounds=3,
    requests=400, starts=3, leaves=1_000_000,
)  # fmt: skip
QUICK = Sizes(
    people=2_000, rights_each=10, taps=300, bursts=5, decisions=1000, wire_records=4_000, wire_rounds=1,
    requests=100, starts=1, leaves=20_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the bench: its sizes, and a folder on the disk that is measured."""

    sizes: Sizes
    folder: Path
    say: Callable[[str], None]

    def place(self, name: str) -> Path:
        """A fresh folder."""
        path = self.folder / name
        path.mkdir()
        return path


def p50(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def p99(values: Sequence[float]) -> float:
    """The 99th percentile, the nearest value."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def timed(act: Callable[[], object]) -> float:
    """Seconds that it took."""
    begin = perf_counter()
    act()
    return perf_counter() - begin


@contextmanager
def quiet_gc() -> Iterator[None]:
    """What the bench itself made is not looked through by the collector while it measures; new garbage still is."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class BareCommits:
    """The yardstick: SQLite, WAL, synchronous=FULL, one row of a record's size a commit, raw sqlite3 with one statement."""

    def __init__(self, path: Path, row: bytes) -> None:
        self._row = row
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.execute("create table record (seq integer primary key, bytes blob not null) strict")

    def one(self) -> None:
        """One durable commit."""
        self._connection.execute("insert into record (bytes) values (?)", (self._row,))

    def many(self, count: int) -> None:
        """So many, one after the other."""
        for _ in range(count):
            self.one()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def rss_mb(pid: int) -> float:
    """The resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forget_pages(path: Path) -> None:
    """Lets the kernel drop what it holds of a file, so that the next reader meets the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
