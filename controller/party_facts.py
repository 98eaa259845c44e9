"""What the rules on parties ask: who is certainly inside a zone, and whose they are. Beside `controller.facts`."""

import sqlite3

from controller.record.refusals import Code
from controller.rules.party import Inside, Left
from controller.rules.zone import ZoneRules

INSIDE = """select presence.person, presence.zone, presence.seq, escorting.escort, presence.source from presence
    left join escorting on escorting.person = presence.person and escorting.zone = presence.zone
    where presence.zone in ({places}) and presence.certain = 1"""
DOUBTS = "select zone, max(seq), max(standing) from presence_doubt where zone in ({places}, '*') group by zone"


def inside(connection: sqlite3.Connection, zone: ZoneRules) -> Inside:
    """Who is certainly inside. Nobody is where people may pass unseen, and nobody who was seen before the last doubt."""
    within = sorted(zone.within or {zone.id})
    places = ", ".join("?" * len(within))
    doubts = {at: (seq, unseen) for at, seq, unseen in connection.execute(DOUBTS.format(places=places), within)}
    doubted, unseen = doubts.get("*", (0, 0))

    def certain(at: str, seq: int) -> bool:
        there, standing = doubts.get(at, (0, 0))
        return not (unseen or standing) and seq > max(doubted, there)

    rows = [row for row in connection.execute(INSIDE.format(places=places), within) if certain(row[1], row[2])]
    return Inside(
        frozenset(person for person, _, _, escort, _ in rows if escort is None),
        {person: escort for person, _, _, escort, _ in rows if escort is not None},
        frozenset(person for person, at, _, escort, _ in rows if escort is not None and at != zone.id),
        frozenset(person for person, *_, source in rows if source != "tap"),
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
