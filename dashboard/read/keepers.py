"""Who is to answer for a place: appointments that wait, and places that are without (C3.1)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment that waits for its approval."""

    appointment: int
    place: str
    place_name: str
    manager: int
    manager_name: str
    deputy: int
    deputy_name: str
    state: str
    requested_by: int
    requested_by_name: str
    requested_at: str


def count_waiting(connection: sa.Connection, site: Site) -> int:
    """How many appointments wait for their approval."""
    table = projected["appointment"]
    query = sa.select(sa.func.count()).where(*of_site(table, site), table.c.state == "requested")
    return connection.execute(query).scalar_one()


def appointments(connection: sa.Connection, names: Names, id: int | None = None) -> list[Appointment]:
    """The appointments that wait; or the one with this number, whatever has become of it."""
    table = projected["appointment"]
    which = table.c.state == "requested" if id is None else table.c.appointment == id
    rows = connection.execute(
        sa.select(table).where(*of_site(table, names.site), which).order_by(table.c.appointment.desc()).limit(200)
    ).all()
    names.learn((p for row in rows for p in (row.manager, row.deputy)), (row.requested_by for row in rows))
    return [_appointment(row, names) for row in rows]


def _appointment(row: Any, names: Names) -> Appointment:  # noqa: ANN401 - a row of appointment
    return Appointment(
        row.appointment,
        row.place,
        names.place(row.place),
        row.manager,
        names.person(row.manager),
        row.deputy,
        names.person(row.deputy),
        row.state,
        row.requested_by,
        names.operator(row.requested_by),
        row.requested_at or "",
    )
