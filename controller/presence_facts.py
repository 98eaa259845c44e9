"""What the rules ask of who is where. Beside `controller.facts`; indexed queries, and few rows each."""

import sqlite3

from controller.record.envelope import decode
from controller.record.kinds.door import ExitRequested
from controller.record.kinds.entry import EntryGranted
from controller.record.kinds.presence import EVERYWHERE

NEWEST = "select max(seq) from presence where zone = ?"
DOUBT = "select max(seq) from presence_doubt where zone in (?, '*')"


def newer(connection: sqlite3.Connection, zone: str) -> bool:
    """Whether somebody in this zone was seen after it was last doubted."""
    newest = connection.execute(NEWEST, (zone,)).fetchone()[0]
    doubted = connection.execute(DOUBT, (zone,)).fetchone()[0]
    return newest is not None and newest > (doubted or 0)


def anybody(connection: sqlite3.Connection) -> bool:
    """Whether anybody was seen since everything was last doubted."""
    row = connection.execute(
        """select exists (select 1 from presence where seq >
            (select coalesce(max(seq), 0) from presence_doubt where zone = ?))""",
        (EVERYWHERE,),
    ).fetchone()
    return bool(row[0])


def standing(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Zone and portal of the doubts that have no end yet."""
    return connection.execute("select zone, portal from presence_doubt where standing = 1").fetchall()


def passer(connection: sqlite3.Connection, release: int) -> tuple[int, str] | None:
    """Who was let pass by the record of this number, and to which side; None for nobody in particular."""
    row = connection.execute("select bytes from record where seq = ?", (release,)).fetchone()
    match None if row is None else decode(row[0]).body:
        case EntryGranted(person=int(person), side=side):
            return person, side
        case ExitRequested(person=int(person)):
            return person, "out"
    return None
