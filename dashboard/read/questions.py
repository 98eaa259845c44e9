"""What was asked of a site, and what it said."""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from controller.record.asks import QueryExplain
from controller.record.explained import Explained
from dashboard.database import question


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `found` and `code` are both empty while it waits."""

    id: str
    site: str
    account: int
    asked: QueryExplain
    created_at: str
    expires_at: str
    code: str
    found: Explained | None

    @property
    def answered(self) -> bool:
        """Whether the site has said something."""
        return bool(self.found or self.code)


def one(connection: sa.Connection, id: str) -> Question | None:
    """One question by its id."""
    row = connection.execute(sa.select(question).where(question.c.id == id)).first()
    if row is None:
        return None
    asked = QueryExplain(row.person, row.portal, row.at, row.before, row.badge)
    found = None if row.answer is None else msgspec.json.decode(row.answer, type=Explained)
    return Question(row.id, row.ledger_site, row.account, asked, row.created_at, row.expires_at, row.code or "", found)
