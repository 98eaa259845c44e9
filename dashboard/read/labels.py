"""Labels and signs that were printed (C2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site


@dataclass(frozen=True, slots=True)
class Print:
    """One print of labels."""

    label: int
    template: str
    count: int
    lang: str
    by: str
    at: str


def prints(connection: sa.Connection, names: Names, place: str, most: int = 20) -> Sequence[Print]:
    """The last prints of labels of the place, the newest first."""
    table = projected["label"]
    columns = (table.c.label, table.c.template, table.c["count"], table.c.lang, table.c.operator, table.c.at)
    query = sa.select(*columns).where(*of_site(table, names.site), table.c.place == place)
    rows = connection.execute(query.order_by(table.c.label.desc()).limit(most)).all()
    names.learn((), (row.operator for row in rows))
    return [
        Print(label, template, number, lang, names.operator(operator), at)
        for label, template, number, lang, operator, at in rows
    ]
