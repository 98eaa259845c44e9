"""What is owed by a day: what the tick has to look at now, and when it has to look again."""

import sqlite3
from datetime import datetime

from controller.record.canonical import moment, timestamp
from controller.rules.due import EARLY, Owed

PRESSING = """select sort, number, due_at, place, person, stage, next_at, reached_at, told from due
    where next_at <= ? order by next_at limit ?"""
PREMATURE = """select sort, number, due_at, place, person, stage, next_at, reached_at, told from due
    where reached_at > ? order by reached_at limit ?"""
NEXT = "select (select min(next_at) from due), (select max(reached_at) from due)"


def _owed(row: tuple[str, int, str, str | None, int | None, str, str | None, str | None, int]) -> Owed:
    sort, number, due_at, place, person, stage, next_at, reached_at, told = row
    return Owed(sort, number, moment(due_at), place or "", person, stage, _at(next_at), _at(reached_at), told)


def _at(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def pressing(connection: sqlite3.Connection, now: datetime, most: int) -> list[Owed]:
    """What has to be looked at now, so many at most: what a clock that ran ahead has reached, then what waited longest."""
    rows = connection.execute(PREMATURE, (timestamp(now + EARLY), most)).fetchall()
    rows += connection.execute(PRESSING, (timestamp(now), most - len(rows))).fetchall() if len(rows) < most else []
    return list({(owed.sort, owed.number): owed for owed in map(_owed, rows)}.values())


def wait_s(connection: sqlite3.Connection, now: datetime) -> float | None:
    """Seconds until something has to be looked at; None: nothing waits."""
    next_at, reached_at = connection.execute(NEXT).fetchone()
    if reached_at is not None and moment(reached_at) > now + EARLY:
        return 0.0
    return None if next_at is None else (moment(next_at) - now).total_seconds()
