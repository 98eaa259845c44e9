"""What was recorded of one person's pledges and training: every entry, withdrawn ones too, and by whom (C5.1, C7.6)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.conditions import Known
from dashboard.read.names import Names

HISTORY = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One signature or course as it was recorded."""

    fulfilment: int
    condition: str
    name: str
    sort: str
    version: str
    on_day: str
    occasion: str
    until_at: str
    state: str
    operator_name: str
    note: str
    recorded_at: str


def history(connection: sa.Connection, names: Names, person: int) -> list[Entry]:
    """What was recorded of a person, the newest first, withdrawn ones too."""
    table = projected["fulfilment"]
    present = (table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch, table.c.person == person)
    query = sa.select(table).where(*present).order_by(table.c.fulfilment.desc()).limit(HISTORY)
    rows = connection.execute(query).all()
    names.learn((), (row.operator for row in rows))
    notes = names.private(row.note for row in rows if row.note)
    return [_entry(row, names, notes) for row in rows]


def one(connection: sa.Connection, names: Names, id: int) -> tuple[int, Entry] | None:
    """One entry, and whose it is."""
    table = projected["fulfilment"]
    present = (table.c.ledger_site == names.site.id, table.c.epoch == names.site.epoch, table.c.fulfilment == id)
    row = connection.execute(sa.select(table).where(*present)).first()
    if row is None:
        return None
    names.learn([row.person], [row.operator])
    return row.person, _entry(row, names, names.private([row.note] if row.note else []))


def _entry(row: Any, names: Names, notes: Mapping[str, dict[str, str]]) -> Entry:  # noqa: ANN401 - a row of fulfilment
    return Entry(
        row.fulfilment,
        row.condition,
        names.conditions.get(row.condition, row.condition),
        row.condition.partition(":")[0],
        row.version or "",
        row.on_day or "",
        row.occasion or "",
        row.until_at or "",
        row.state,
        names.operator(row.operator),
        notes.get(row.note or "", {}).get("note", ""),
        row.recorded_at or "",
    )


def occasions(every: Iterable[Known], recorded: Iterable[Entry]) -> list[tuple[Known, list[tuple[str, str]]]]:
    """Of each pledge the occasions on which it is signed, with the newest day on which it was; empty: not yet (C7.6).

    Whatever its version was then: on joining somebody signs the text of that year.
    """
    entries = [entry for entry in recorded if entry.state == "recorded"]

    def day(id: str, occasion: str) -> str:
        days = [entry.on_day for entry in entries if (entry.condition, entry.occasion) == (id, occasion)]
        return max(days, default="")

    return [
        (one, [(occasion, day(one.condition.id, occasion)) for occasion in one.condition.occasions])
        for one in every
        if one.condition.occasions
    ]


def people_called(connection: sa.Connection, names: Names, ids: Collection[int]) -> dict[int, str]:
    """Those of these people whom the site knows and has not erased, by number, with their names."""
    table = projected["person"].c
    present = (table.ledger_site == names.site.id, table.epoch == names.site.epoch, table.state != "erased")
    query = sa.select(table.person).where(*present, table.person.in_(sorted(ids))).order_by(table.person)
    found = list(connection.execute(query).scalars())
    names.learn(found)
    return {id: names.person(id) for id in found}
