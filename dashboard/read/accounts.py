"""Accounts, and which operators they are at which sites."""

from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.database import account, account_operator, projected, source


@dataclass(frozen=True, slots=True)
class Operator:
    """What a site's records say of an operator who is active there. `person` is the same human as a badge holder."""

    operator: int
    roles: frozenset[str]
    scope: frozenset[str]
    person: int | None

    def covers(self, *zones: str) -> bool:
        """Whether at least one of the zones is in the operator's scope."""
        return "*" in self.scope or any(zone in self.scope for zone in zones if zone)


@dataclass(frozen=True, slots=True)
class Account:
    """What sign-in needs of an account."""

    id: int
    password_hash: str | None
    code_hash: str | None
    code_expires_at: str | None
    failed: int


def account_called(connection: sa.Connection, name: str) -> Account | None:
    """The account with this name."""
    table = account.c
    query = sa.select(table.id, table.password_hash, table.code_hash, table.code_expires_at, table.failed)
    row = connection.execute(query.where(table.name == name)).first()
    return None if row is None else Account(*tuple(row))


def account_name(connection: sa.Connection, id: int) -> str | None:
    """The account's name; None when there is no such account."""
    return connection.execute(sa.select(account.c.name).where(account.c.id == id)).scalar()


def operators_of(connection: sa.Connection, id: int) -> dict[str, Operator]:
    """By site, the active operators that the account is. A retired or not yet recorded one is left out."""
    operator = projected["operator"].c
    query = (
        sa.select(operator.ledger_site, operator.operator, operator.roles, operator.scope, operator.person)
        .join_from(account_operator, source, source.c.ledger_site == account_operator.c.ledger_site)
        .join(
            projected["operator"],
            sa.and_(
                operator.ledger_site == source.c.ledger_site,
                operator.epoch == source.c.epoch,
                operator.operator == account_operator.c.operator,
            ),
        )
        .where(account_operator.c.account == id, operator.state == "active")
    )
    return {
        row.ledger_site: Operator(row.operator, frozenset(row.roles.split()), frozenset(row.scope.split()), row.person)
        for row in connection.execute(query)
    }
