"""What opens a place: keys that are on record for it, and its combination locks (C8.1, C8.2, C8.3)."""

from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

KEYS, COMBINATIONS = "keys.key", "combinations.combination"
"""The pages of either."""
_MOST = 100


@dataclass(frozen=True, slots=True)
class Opener:
    """One key or combination lock. `page` is the endpoint of its own page; `state` in the words of `group`."""

    page: str
    number: int
    name: str
    state: str
    group: str
    due_at: str | None


def openers(connection: sa.Connection, names: Names, place: str) -> list[Opener]:
    """Of this place: its keys, then its combinations, none that is retired."""
    key, lock = projected["lock_key"].c, projected["combination"].c
    keys = sa.select(key.lock_key, key.label, key.state, sa.null(), key.private).where(key.opens == place)
    locks = sa.select(lock.combination, sa.literal(""), lock.state, lock.due_at, lock.private).where(lock.place == place)
    found: list[Opener] = []
    for noun, page, group, query in (
        ("lock_key", KEYS, "key_state", keys),
        ("combination", COMBINATIONS, "combination_state", locks),
    ):
        table = projected[noun]
        rows = connection.execute(query.where(*of_site(table, names.site), table.c.state != "retired").limit(_MOST)).all()
        texts = names.private(row[4] for row in rows if row[4])
        for number, label, state, due_at, private in rows:
            called = texts.get(private, {}).get("name", "")
            found.append(Opener(page, number, " ".join(filter(None, (label, called))) or f"#{number}", state, group, due_at))
    return found
