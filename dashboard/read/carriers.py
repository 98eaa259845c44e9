"""Companies that carry, as people see them: what holds until when, and what waits for its approval (C8.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import moment
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

MOST = 200
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Carrier:
    """One company."""

    carrier: int
    name: str
    contact: str
    state: str
    assessment_until: str
    pledge_version: str
    pledge_on: str
    pledge_until: str
    registered_at: str

    def lacks(self, now: datetime) -> list[str]:
        """Why it may carry nothing now: `withdrawn`, `assessment`, `pledge`; empty: it may."""
        if self.state != "active":
            return ["withdrawn"]
        ends = {"assessment": self.assessment_until, "pledge": self.pledge_until}
        return [what for what, until in ends.items() if not until or moment(until) <= now]

    def soon(self, now: datetime) -> bool:
        """Whether one of them ends within thirty days."""
        ends = [moment(until) for until in (self.assessment_until, self.pledge_until) if until]
        return not self.lacks(now) and any(end - now <= SOON for end in ends)


@dataclass(frozen=True, slots=True)
class Assessment:
    """One assessment, by whom, and by whom it was approved."""

    assessment: int
    carrier: int
    assessed_on: str
    until_at: str
    sha256: str
    operator: int
    by: str
    decided_by: str
    state: str


def listed(connection: sa.Connection, names: Names) -> list[Carrier]:
    """The companies, those that carry first."""
    table = projected["carrier"]
    query = sa.select(table).where(*of_site(table, names.site)).order_by(table.c.state, table.c.carrier).limit(MOST)
    rows = connection.execute(query).all()
    texts = names.private(row.private for row in rows)
    return [_carrier(row, texts.get(row.private, {}), names) for row in rows]


def one(connection: sa.Connection, names: Names, number: int) -> Carrier | None:
    """One company."""
    table = projected["carrier"]
    row = connection.execute(sa.select(table).where(*of_site(table, names.site), table.c.carrier == number)).first()
    return None if row is None else _carrier(row, names.private([row.private]).get(row.private, {}), names)


def called(connection: sa.Connection, names: Names, numbers: Iterable[int | None]) -> dict[int, str]:
    """What these companies are called."""
    wanted = {number for number in numbers if number is not None}
    table = projected["carrier"]
    query = sa.select(table.c.carrier, table.c.private).where(*of_site(table, names.site), table.c.carrier.in_(wanted))
    rows = connection.execute(query).all() if wanted else []
    texts = names.private(row.private for row in rows)
    return {row.carrier: texts.get(row.private, {}).get("name") or _numbered(names, row.carrier) for row in rows}


def assessments(
    connection: sa.Connection, names: Names, carrier: int | None = None, only: int | None = None
) -> list[Assessment]:
    """The assessments of a company, the newest first; those that wait, of all; or the one with this number."""
    table = projected["carrier_assessment"]
    query = sa.select(table).where(*of_site(table, names.site))
    if only is not None:
        query = query.where(table.c.assessment == only)
    elif carrier is not None:
        query = query.where(table.c.carrier == carrier)
    else:
        query = query.where(table.c.state == "requested")
    rows = connection.execute(query.order_by(table.c.assessment.desc()).limit(MOST)).all()
    names.learn(operators=(id for row in rows for id in (row.operator, row.decided_by)))
    return [
        Assessment(
            row.assessment, row.carrier, row.assessed_on, row.until_at, row.sha256, row.operator,
            names.operator(row.operator), names.operator(row.decided_by), row.state,
        )
        for row in rows
    ]  # fmt: skip


def _carrier(row: Any, text: dict[str, str], names: Names) -> Carrier:  # noqa: ANN401 - a row of the table
    return Carrier(
        row.carrier, text.get("name") or _numbered(names, row.carrier), text.get("contact", ""), row.state,
        row.assessment_until or "", row.pledge_version or "", row.pledge_on or "", row.pledge_until or "",
        row.registered_at or "",
    )  # fmt: skip


def _numbered(names: Names, number: int) -> str:
    return f"事業者 {number}" if names.lang == "ja" else f"carrier {number}"
