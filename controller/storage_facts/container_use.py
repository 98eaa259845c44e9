"""Who has a badge-driven container open (C8.1)."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """A container that stands open: the record of its opening, and in whose hands it is; nobody's where nobody knows."""

    opened: int
    people: tuple[int, ...]


def standing(connection: sqlite3.Connection, zone: str) -> Use | None:
    """How the container stands open; None when it is shut."""
    row = connection.execute("select seq, people from container_use where zone = ?", (zone,)).fetchone()
    return None if row is None else Use(row[0], tuple(map(int, row[1].split())))


def people(connection: sqlite3.Connection, zone: str) -> frozenset[int]:
    """Who has the container open; nobody when it is shut, or when nobody knows who opened it."""
    use = standing(connection, zone)
    return frozenset() if use is None else frozenset(use.people)
