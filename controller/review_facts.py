"""What the rules ask about reviews and the rights in them. Beside `controller.facts`."""

import sqlite3
from datetime import datetime

from controller.record.canonical import moment, timestamp
from controller.rules.review import Review, Reviewed

_REVIEWS = "select review, zones, due_at, seq from review where "


def _review(row: tuple[int, str, str, int]) -> Review:
    review, zones, due_at, seq = row
    return Review(review, frozenset(zones.split()), moment(due_at), seq)


def open_reviews(connection: sqlite3.Connection) -> tuple[Review, ...]:
    """The reviews that are not over, the earliest due first."""
    rows = connection.execute(_REVIEWS + "state = 'open' order by due_at")
    return tuple(_review(row) for row in rows.fetchall())


def reviews_behind(connection: sqlite3.Connection, seq: int) -> tuple[Review, ...]:
    """The reviews, over or not, that began behind this record."""
    return tuple(_review(row) for row in connection.execute(_REVIEWS + "seq > ?", (seq,)).fetchall())


def reviewed(connection: sqlite3.Connection, number: int) -> tuple[Reviewed, int | None] | None:
    """The right with this number, and the group whose it is; None for none."""
    row = connection.execute(
        """select r.access_right, r.zone, r.schedule, r.until_at, r.state, coalesce(r.judged_seq, 0), r.team, r.person,
            r.requested_by, r.decided_by, asker.person, giver.person
        from access_right r left join operator asker on asker.operator = r.requested_by
        left join operator giver on giver.operator = r.decided_by where r.access_right = ?""",
        (number,),
    ).fetchone()
    if row is None:
        return None
    right, zone, schedule, until_at, state, judged_seq, team, person, asked_by, decided_by, asker, giver = row
    givers = frozenset(number for number in (asked_by, decided_by) if number)
    people = frozenset(one for one in (person, asker, giver) if one is not None)
    return Reviewed(right, zone, schedule, moment(until_at), state, judged_seq, givers, people), team


def undecided(connection: sqlite3.Connection, review: Review, now: datetime, most: int) -> list[int]:
    """Rights that hold and that nobody has decided on in this review; so many at most."""
    rows = connection.execute(
        """select access_right, zone from access_right
        where state = 'active' and coalesce(judged_seq, 0) < ? and until_at > ? order by access_right""",
        (review.seq, timestamp(now)),
    )
    found: list[int] = []
    for right, zone in rows:
        if review.covers(zone):
            found.append(right)
            if len(found) == most:
                break
    return found
