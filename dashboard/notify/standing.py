"""How it stands with telling each account, as the table has it; and who cannot be told at present."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from controller.record.canonical import moment, timestamp
from dashboard.database import account_operator, notice, notify_state, projected, source, upsert
from dashboard.notify.times import State, retry_after


def read(connection: sa.Connection, account: int) -> State:
    """How it stands with this account."""
    row = connection.execute(sa.select(notify_state).where(notify_state.c.account == account)).first()
    if row is None:
        return State()
    return State(row.told_on or "", _at(row.urgent_at), row.tries, _at(row.retry_at))


def _at(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def told(connection: sa.Connection, account: int, now: datetime, *, day: str = "", urgent: bool = False) -> None:
    """A message was taken, or there was nothing to say on that day."""
    row: dict[str, object] = {"account": account, "tries": 0, "retry_at": None, "failed_at": None}
    if day:
        row["told_on"] = day
    if urgent:
        row["urgent_at"] = timestamp(now)
    upsert(connection, notify_state, row)


def failed(connection: sa.Connection, account: int, state: State, now: datetime) -> None:
    """The service did not take it: it is tried again after a while, and longer each time."""
    row: dict[str, object] = {"account": account, "tries": state.tries + 1}
    row["retry_at"] = timestamp(now + retry_after(state.tries + 1))
    if not state.tries:
        row["failed_at"] = timestamp(now)
    upsert(connection, notify_state, row)


def renewed(connection: sa.Connection, account: int) -> None:
    """The account has another service or address: that the one before failed is no matter."""
    mine = sa.update(notify_state).where(notify_state.c.account == account)
    connection.execute(mine.values(tries=0, retry_at=None, failed_at=None))


def forget(connection: sa.Connection, account: int) -> None:
    """The account is told nothing any more; what waited for it, and that its service failed, is no matter."""
    connection.execute(sa.delete(notify_state).where(notify_state.c.account == account))
    mine = sa.update(notice).where(notice.c.account == account, notice.c.state == "waiting")
    connection.execute(mine.values(state="moot"))


def failing_since(connection: sa.Connection, account: int | None = None) -> list[str]:
    """Since when the services of accounts (or of this one) have been failing."""
    query = sa.select(notify_state.c.failed_at).where(notify_state.c.tries > 0, notify_state.c.failed_at.is_not(None))
    if account is not None:
        query = query.where(notify_state.c.account == account)
    return [at for (at,) in connection.execute(query.order_by(notify_state.c.failed_at))]


def left(connection: sa.Connection, accounts: Collection[int]) -> list[int]:
    """Those of these accounts whose operators are all retired: nobody is told anything there any more."""
    mine, operator = account_operator.c, projected["operator"].c
    rows = connection.execute(
        sa.select(mine.account, operator.state)
        .join_from(account_operator, source, source.c.ledger_site == mine.ledger_site)
        .outerjoin(
            projected["operator"],
            sa.and_(
                operator.ledger_site == source.c.ledger_site,
                operator.epoch == source.c.epoch,
                operator.operator == mine.operator,
            ),
        )
        .where(mine.account.in_(accounts))
    ).all()
    known = {account for account, _ in rows}
    staying = {account for account, state in rows if state != "retired"}
    return sorted(known - staying)
