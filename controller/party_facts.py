"""What the rules on parties ask: who is certainly inside a zone, and whose they are. Beside `controller.facts`."""

import sqlite3

from controller.record.refusals import Code
from controller.rules.party import Inside, Left

INSIDE = """select presence.person, escorting.escort from presence
    left join escorting on escorting.person = presence.person and escorting.zone = presence.zone
    where presence.zone = ? and presence.certain = 1 and presence.seq > ?"""
DOUBT = "select coalesce(max(seq), 0), coalesce(max(standing), 0) from presence_doubt where zone in (?, '*')"


def inside(connection: sqlite3.Connection, zone: str) -> Inside:
    """Who is certainly inside. Nobody is while people may pass unseen, and nobody who was seen before the last doubt."""
    doubted, unseen = connection.execute(DOUBT, (zone,)).fetchone()
    rows = [] if unseen else connection.execute(INSIDE, (zone, doubted)).fetchall()
    return Inside(
        frozenset(person for person, escort in rows if escort is None),
        {person: escort for person, escort in rows if escort is not None},
    )


def escort_of(connection: sqlite3.Connection, person: int, *zones: str) -> int | None:
    """Who has answered for the person in one of these zones since they were last let in; None for nobody."""
    row = connection.execute("select zone, escort from escorting where person = ?", (person,)).fetchone()
    return row[1] if row is not None and row[0] in zones else None


def escorted_zones(connection: sqlite3.Connection) -> frozenset[str]:
    """The zones that somebody was escorted into."""
    return frozenset(zone for (zone,) in connection.execute("select distinct zone from escorting"))


def violations(connection: sqlite3.Connection) -> dict[tuple[str, Left], int]:
    """The violations that last, by zone and person, with who left them (0 for nobody known)."""
    rows = connection.execute("select zone, person, code, companion from zone_violation")
    return {(zone, Left(person, Code(code))): companion or 0 for zone, person, code, companion in rows}
