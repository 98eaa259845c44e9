"""What is open against a person, for whoever decides about a right of theirs (C7.2).

The site's controller writes what its tables know into the approval's record (`despite`); here it is shown before, together with
what only the dashboard can count: entries that were refused of late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from controller.record.canonical import timestamp
from controller.record.words import words
from dashboard.database import projected, record
from dashboard.read.groups import Membership
from dashboard.read.lines import despite
from dashboard.read.names import Names

OF_LATE = timedelta(days=30)
MOST_MEMBERS = 50
"""People of a group who are looked at one by one."""
MOST = 1000
"""Refused entries that are counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing: its code, how it reads, and how often and when last, for what is counted."""

    code: str
    said: str
    count: int = 0
    last_at: str = ""


def of_person(connection: sa.Connection, names: Names, person: int, now: datetime) -> list[Violation]:
    """What is open against the person, but for the pledges and training that they lack (`dashboard.read.conditions`)."""
    found = [Violation(code, despite(code, names)) for code in _conduct(connection, names, person)]
    return [*found, *_refused(connection, names, person, now)]


def of_group(
    connection: sa.Connection, names: Names, members: Sequence[Membership], now: datetime
) -> list[tuple[Membership, list[Violation]]]:
    """The people in a group against whom something is open, of the first so many."""
    looked = ((member, of_person(connection, names, member.person, now)) for member in members[:MOST_MEMBERS])
    return [(member, found) for member, found in looked if found]


def _conduct(connection: sa.Connection, names: Names, person: int) -> list[str]:
    known = projected["person"].c

    def there(noun: str, state: str) -> sa.Exists:
        table = projected[noun].c
        mine = (table.ledger_site == names.site.id, table.epoch == names.site.epoch, table.person == person)
        return sa.exists().where(*mine, table.state == state)

    query = sa.select(known.state, known.leaves_on, there("badge", "lost"), there("access_right", "suspended")).where(
        known.ledger_site == names.site.id, known.epoch == names.site.epoch, known.person == person
    )
    row = connection.execute(query).first()
    if row is None:
        return []
    state, leaves_on, lost, overdue = row
    told = (
        ("suspended", state != "active"),
        ("leaving", leaves_on is not None),
        ("lost_badge", lost),
        ("overdue_review", overdue),
    )
    return [code for code, holds in told if holds]


def _refused(connection: sa.Connection, names: Names, person: int, now: datetime) -> list[Violation]:
    table = record.c
    newest = (
        sa.select(table.at)
        .where(
            table.ledger_site == names.site.id,
            table.epoch == names.site.epoch,
            table.person == person,
            table.kind == "entry.refused",
            table.at >= timestamp(now - OF_LATE),
        )
        .order_by(table.seq.desc())
        .limit(MOST)
        .subquery()
    )
    count, last = connection.execute(sa.select(sa.func.count(), sa.func.max(newest.c.at))).one()
    return [Violation("refused", words("refused", names.lang, "violation"), count, last)] if count else []
