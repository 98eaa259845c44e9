"""What must be true after a soak: judged by the journal of the locks, the ledger's file and the dashboard's database."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.ledger.database import open_reader
from controller.ledger.verify import verify_file
from controller.record.envelope import Record, decode
from controller.record.tables import TABLES
from controller.site import open_site

ALLOWING = ("entry.granted", "exit.requested", "portal.released")
LATEST_S = 2.0
"""How long after its record a lock may let go: a full batch, its commit, and a busy machine."""

Line = tuple[str, str, str, datetime]
Place = tuple[str, str]


def judge(data: Path, dashboard: Path, journal: Path) -> list[str]:
    """Everything that is wrong, one line each; nothing for a good run. The site must be at rest."""
    return [*_locks(data, journal), *_ledger(data), *_copies(data, dashboard)]


def _locks(data: Path, journal: Path) -> Iterator[str]:
    lines = [_line(text) for text in journal.read_text().splitlines()]
    allowed, portals = _allowed(data), {line[2] for line in lines}
    secured: dict[str, set[str]] = defaultdict(set)
    last: dict[str, str] = {}
    for boot, what, portal, at in lines:
        last[portal] = what
        if what == "secured":
            secured[boot].add(portal)
            continue
        if secured[boot] != portals:
            yield f"{portal} let go at {at} before every lock was commanded secure after the start"
        if not _take(allowed[boot, portal], at):
            yield f"{portal} let go at {at} in run {boot} without a record that allows it, or late"
    for portal, what in last.items():
        if what != "secured":
            yield f"{portal} was left {what}"


def _line(text: str) -> Line:
    boot, what, portal, at = text.split(" ")
    return boot, what, portal, datetime.fromisoformat(at)


def _allowed(data: Path) -> dict[Place, list[datetime]]:
    """When a record allowed a release, by run and portal, the latest first."""
    allowed: dict[Place, list[datetime]] = defaultdict(list)
    for record in _records(data):
        if record.kind in ALLOWING and record.body.status == "released":
            allowed[record.boot, record.body.portal].append(datetime.fromisoformat(record.at))
    for times in allowed.values():
        times.reverse()
    return allowed


def _take(times: list[datetime], at: datetime) -> bool:
    """Uses up the oldest record that may still allow a release at `at`: one record, one release."""
    while times and (at - times[-1]).total_seconds() > LATEST_S:
        times.pop()  # its release was never performed
    if not times or times[-1] > at:
        return False
    times.pop()
    return True


def _records(data: Path) -> Iterator[Record]:
    with closing(open_reader(data / "ledger.sqlite3")) as connection:
        for (stored,) in connection.execute("select bytes from record order by seq"):
            yield decode(stored)


def _ledger(data: Path) -> Iterator[str]:
    report = verify_file(data / "ledger.sqlite3")
    yield from (f"verify: {finding.text}" for finding in report.findings)
    site = open_site(data)
    try:
        live = _tables(site.ledger.connection)
        site.ledger.rebuild()
        folded = _tables(site.ledger.connection)
    finally:
        site.ledger.close()
    yield from (f"table {name} is not what the records fold to" for name in TABLES if live[name] != folded[name])


def _tables(connection: Any) -> dict[str, list[Any]]:
    return {
        table.name: connection.execute(
            f'select {", ".join(table.columns)} from "{table.name}" order by {", ".join(table.key)}'
        ).fetchall()
        for table in TABLES.values()
    }


def _copies(data: Path, dashboard: Path) -> Iterator[str]:
    """The dashboard has every record once, verbatim, in order, and saw no contradiction."""
    query = "select seq, bytes from record order by seq"
    with (
        closing(open_reader(data / "ledger.sqlite3")) as site,
        closing(sqlite3.connect(f"file:{dashboard}/dashboard.sqlite3?mode=ro", uri=True)) as copy,
    ):
        theirs = copy.execute(query)
        for mine in site.execute(query):
            if theirs.fetchone() != mine:
                yield f"the dashboard has not record {mine[0]} as it is, once, at its place"
                break
        else:
            if (more := theirs.fetchone()) is not None:
                yield f"the dashboard has a record {more[0]} that the site has not"
        for broken, forged, malformed in copy.execute("select broken, forged, malformed from source"):
            if broken or forged or malformed:
                yield f"the dashboard says broken {broken}, forged {forged}, malformed {malformed}"
