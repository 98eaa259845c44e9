"""Who is to be told of what: written down once for each stage of each due thing, from the tables as they stand.

Whose thing it is, is told; where it is nobody's in particular, or whoever it is has no account here, those who answer for the
place are, and where nobody does, the management. What is escalated goes to those who answer for the place, and when nobody has
acted by the next business day, or the place has nobody, to the management: the managers of the whole site.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.duty import ESCALATED
from dashboard.database import account_operator, notice, projected, source, upsert_all
from dashboard.read.responsible import Responsible
from dashboard.read.sites import sites

NOBODY = 0
"""The account that stands for nobody, so that what nobody is told of is not looked at again."""
MOST = 500
"""Due things that are looked at in one round; the next follows at once."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One notice that waits, with how its thing stands now."""

    site: str
    epoch: int
    due: str
    seq: int
    urgent: bool
    sort: str
    stage: str
    current: bool
    """Whether the thing is still owed and at this very stage."""


def make(connection: sa.Connection, now: str) -> int:
    """Writes the notices of what came to a stage since; how many due things that were."""
    rows = connection.execute(_fresh()).all()
    there = {site.id: site for site in sites(connection, {row.ledger_site for row in rows})}
    people = {id: _People(connection, site, Responsible(connection, site)) for id, site in there.items()}
    made = [
        {
            "ledger_site": row.ledger_site, "epoch": row.epoch, "due": row.due, "seq": row.seq, "account": account,
            "urgent": int(row.stage == ESCALATED), "state": "waiting" if account else "moot", "made_at": now,
        }
        for row in rows
        if row.ledger_site in people
        for account in people[row.ledger_site].told(row) or [NOBODY]
    ]  # fmt: skip
    if made:
        upsert_all(connection, notice, made)
    return len(rows)


def is_fresh(connection: sa.Connection) -> bool:
    """Whether something came to a stage of which no notice is."""
    return connection.execute(_fresh().limit(1)).first() is not None


def _fresh() -> sa.Select[Any]:
    """Due things at a stage that no notice is of."""
    due, told = projected["due"].c, notice.c
    of_it = (told.ledger_site == due.ledger_site, told.epoch == due.epoch, told.due == due.due, told.seq == due.seq)
    present = sa.and_(due.ledger_site == source.c.ledger_site, due.epoch == source.c.epoch)
    query = sa.select(projected["due"]).join_from(projected["due"], source, present)
    return query.where(due.stage != "", due.seq > 0, ~sa.exists().where(*of_it)).order_by(due.due_at).limit(MOST)


class _People:
    """The accounts of one site's people."""

    def __init__(self, connection: sa.Connection, site: Any, responsible: Responsible) -> None:  # noqa: ANN401 - a Site
        self._responsible = responsible
        operator, mine = projected["operator"].c, account_operator.c
        here = sa.and_(mine.ledger_site == operator.ledger_site, mine.operator == operator.operator)
        query = sa.select(mine.account, operator.person, operator.roles, operator.scope).join_from(
            projected["operator"], account_operator, here
        )
        active = (operator.ledger_site == site.id, operator.epoch == site.epoch, operator.state == "active")
        rows = connection.execute(query.where(*active)).all()
        self._of = {row.person: row.account for row in rows if row.person is not None}
        self._management = [
            row.account for row in rows if "manager" in row.roles.split() and "*" in row.scope.split()
        ]

    def told(self, row: Any) -> list[int]:  # noqa: ANN401 - a row of the table `due`
        """Who is told of this stage, each once."""
        own = [self._of[row.person]] if row.person in self._of else []
        keepers = [self._of[person] for person in self._responsible.of(row.place or "") if person in self._of]
        if row.stage != ESCALATED:
            return own or keepers or self._management
        management = self._management if row.told > 1 or not keepers else []
        return list(dict.fromkeys([*own, *keepers, *management]))


def waiting(connection: sa.Connection, accounts: Collection[int]) -> dict[int, list[Waiting]]:
    """By account, the notices that wait."""
    due, told = projected["due"].c, notice.c
    same = sa.and_(due.ledger_site == told.ledger_site, due.epoch == told.epoch, due.due == told.due, due.seq == told.seq)
    query = sa.select(notice, due.sort, due.stage).outerjoin(projected["due"], same)
    found: dict[int, list[Waiting]] = {}
    for row in connection.execute(query.where(told.state == "waiting", told.account.in_(accounts))):
        one = Waiting(
            row.ledger_site, row.epoch, row.due, row.seq, bool(row.urgent), row.sort or "", row.stage or "", bool(row.stage)
        )
        found.setdefault(row.account, []).append(one)
    return found


def settle(connection: sa.Connection, account: int, which: Sequence[Waiting], state: str, now: str) -> None:
    """These notices of the account are `told`, or `moot`."""
    for one in which:
        told = notice.c
        key = (told.ledger_site == one.site, told.epoch == one.epoch, told.due == one.due, told.seq == one.seq)
        mine = sa.update(notice).where(*key, told.account == account)
        connection.execute(mine.values(state=state, told_at=now))


def sweep(connection: sa.Connection, before: str) -> int:
    """Forgets notices of long ago whose things are settled; how many."""
    due, told = projected["due"].c, notice.c
    there = (due.ledger_site == told.ledger_site, due.epoch == told.epoch, due.due == told.due)
    old = sa.delete(notice).where(told.made_at < before, ~sa.exists().where(*there))
    return connection.execute(old).rowcount


def groups(waiting: Sequence[Waiting]) -> Iterator[tuple[str, list[Waiting]]]:
    """By site, in the order of the sites."""
    for site in sorted({one.site for one in waiting}):
        yield site, [one for one in waiting if one.site == site]
