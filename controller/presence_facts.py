"""What the rules ask of who is where. Beside `controller.facts`; indexed queries, and few rows each."""

import sqlite3
from collections.abc import Collection
from datetime import datetime

from controller.record.canonical import moment, timestamp
from controller.record.envelope import decode
from controller.record.kinds.door import (
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorObserved,
    DoorOpened,
    ExitRequested,
    ReleaseAbandoned,
)
from controller.record.kinds.entry import EntryAbandoned, EntryGranted
from controller.record.kinds.posture import PortalLocked, PortalUnlocked
from controller.record.kinds.presence import EVERYWHERE
from controller.rules.passback import Whereabouts
from controller.rules.whereabouts import Noted

_LOOK_BACK = 64
"""Records behind a release of which nobody knows the outcome: two people tap for one opening within seconds."""
_MOVED = (
    DoorClosed, DoorForced, DoorHeld, DoorObserved, DoorOpened, EntryAbandoned, PortalLocked, PortalUnlocked, ReleaseAbandoned,
)  # fmt: skip
"""What ends a portal's waiting: whoever was let pass before it has passed, or has not."""

NEWEST = "select max(seq) from presence where zone = ?"
DOUBT = "select max(seq) from presence_doubt where zone in (?, '*')"


WHERE = "select zone, since, certain, coalesce(pardon_until, ''), seq, source from presence where person = ?"
WHY = """select reason, seq from presence_doubt where zone in (?, '*') and (standing = 1 or seq > ?)
    order by reason = 'button', seq desc limit 1"""
"""A fault of ours before a button by the door: it excuses more."""


COUNT = "select 1 from presence where zone in ({places}) and person not in ({people}) limit ?"


def whereabouts(connection: sqlite3.Connection, person: int, now: datetime) -> Whereabouts | None:
    """Where the person is; None for somebody who was never seen."""
    row = connection.execute(WHERE, (person,)).fetchone()
    if row is None or row[0] is None:
        return None
    zone, since, certain, pardon, seq, source = row
    reason, doubt_seq = connection.execute(WHY, (zone, seq)).fetchone() or ("", 0)
    doubt = reason if certain or reason else source
    return Whereabouts(zone, moment(since), seq, doubt, doubt_seq, pardoned=timestamp(now) < pardon)


def count(connection: sqlite3.Connection, zones: Collection[str], apart: Collection[int], most: int) -> int:
    """How many people are in these zones, without those, counted up to `most`."""
    places, people = ", ".join("?" * len(zones)), ", ".join("?" * len(apart))
    query = COUNT.format(places=places, people=people)
    return len(connection.execute(query, (*zones, *apart, most)).fetchall())


def noted(connection: sqlite3.Connection, note: int) -> Noted | None:
    """The entry that was written down under this number."""
    row = connection.execute(
        """select note, noted_entry.person, portal, side, zone, book_at, noted_by, operator.person, noted_entry.state
        from noted_entry left join operator on operator.operator = noted_by where note = ?""",
        (note,),
    ).fetchone()
    return None if row is None else Noted(*row)


def next_note(connection: sqlite3.Connection) -> int:
    """The number of the next entry that is written down."""
    number: int = connection.execute("select coalesce(max(note), 0) + 1 from noted_entry").fetchone()[0]
    return number


def doubted_at(connection: sqlite3.Connection, zone: str) -> datetime | None:
    """When this zone was last doubted for what happened at its doors. A time without the controller is what the book is for."""
    row = connection.execute(
        "select max(at) from presence_doubt where zone in (?, '*') and reason not in ('restart', 'outage')", (zone,)
    ).fetchone()
    return None if row[0] is None else moment(row[0])


def opened(connection: sqlite3.Connection, zone: str) -> bool:
    """Whether the zone's hours were opened by a first card."""
    return connection.execute("select 1 from zone_opening where zone = ?", (zone,)).fetchone() is not None


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


def passers(connection: sqlite3.Connection, portal: str, release: int) -> dict[int, str]:
    """Who was let pass at this portal by the record of this number, or before it without the leaf having moved since.

    By person the side to which; without those of whom nobody knows. As far as `_LOOK_BACK` records.
    """
    found: dict[int, str] = {}
    rows = connection.execute("select bytes from record where seq <= ? order by seq desc limit ?", (release, _LOOK_BACK))
    for body in (decode(data).body for (data,) in rows):
        if getattr(body, "portal", None) != portal:
            continue
        match body:
            case EntryGranted(person=int(person), side=side):
                found.setdefault(person, side)
            case ExitRequested(person=int(person)):
                found.setdefault(person, "out")
            case body if isinstance(body, _MOVED):
                break
    return found
