"""Where a person may enter and why: every right that reaches them, their own or by a group, with who asked and who approved.

What a right lacks is said by the door's own rule (`rules/access.py`); a leaving date cuts all of them (C7.2).
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controller import person_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.record.canonical import timestamp
from controller.record.refusals import Code
from controller.rules.access import RightFact, lacking
from controller.rules.person import PRESENT

STANDING = ("requested", "active", "suspended")
"""States of a right that is not over."""


@dataclass(frozen=True, slots=True)
class Effective:
    """One right that reaches a person. `code`: what it lacks to let in now, None for nothing."""

    access_right: int
    zone: str
    team: int | None
    """By which group; None for the person's own."""
    manner: str
    schedule: str
    from_at: str
    until_at: str
    """The right's end, or the end of the person's last day."""
    code: str | None
    requested_by: int
    approved_by: int | None
    purpose: str
    """The id of the private row that says it."""
    records: tuple[int, ...]
    """The records behind it: the right's, and the one that made the person a member of the group."""


def effective(facility: Facility, tables: sqlite3.Connection, person: int, now: datetime) -> tuple[Effective, ...]:
    """The rights that reach the person and are not over, by zone in the order of `site.toml`."""
    facts = Facts(tables)
    profile = person_facts.profile(tables, person)
    leaves_at = None if profile is None else profile.leaves_at
    gone = profile is None or profile.state not in PRESENT or (leaves_at is not None and leaves_at <= now)
    blocked = gone or (profile is not None and profile.state == "suspended")
    return tuple(
        _effective(tables, facility, zone, right, leaves_at, now, blocked)
        for zone in facility.zones
        for right in _standing(facts, person, zone, now)
    )


def _standing(facts: Facts, person: int, zone: str, now: datetime) -> Iterator[RightFact]:
    for right in facts.rights(person, zone):
        if right.state in STANDING and right.until_at > now:
            yield right


def _effective(
    tables: sqlite3.Connection,
    facility: Facility,
    zone: str,
    right: RightFact,
    leaves_at: datetime | None,
    now: datetime,
    blocked: bool,
) -> Effective:
    asked, decided, purpose = tables.execute(
        "select requested_by, decided_by, purpose from access_right where access_right = ?", (right.access_right,)
    ).fetchone()
    missing = lacking(right, facility.schedules, now)
    until = right.until_at if leaves_at is None else min(right.until_at, leaves_at)
    return Effective(
        right.access_right,
        zone,
        right.team,
        right.manner,
        right.schedule,
        timestamp(right.from_at),
        timestamp(until),
        Code.ACTIVE_PERSON if blocked else None if missing is None else missing.code,
        asked,
        None if right.state == "requested" else decided,
        purpose or "",
        tuple(seq for seq in (right.seq, right.through) if seq),
    )
