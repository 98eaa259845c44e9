"""Accounts are made at the console: a name, the operator it is at a site, and a one-time code for the first sign-in.

What the operator may do is the site's affair. An account has no password until its owner has chosen one.
"""

import unicodedata
from datetime import datetime

import sqlalchemy as sa

from controller.record.canonical import timestamp
from dashboard import database as db
from dashboard.first_code import VALID_FOR, hash_code, new_code

LONGEST_NAME = 64


class BadAccount(ValueError):
    """The account cannot be made: `why` is `name`, `exists` or `operator`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def plain_name(name: str) -> str:
    """The name as it is stored and compared. Raises BadAccount."""
    kept = unicodedata.normalize("NFKC", name).strip()
    if not 0 < len(kept) <= LONGEST_NAME or any(unicodedata.category(letter)[0] == "C" for letter in kept):
        raise BadAccount("name")
    return kept


def create(
    engine: sa.Engine, name: str, site: str, operator: int, now: datetime, *, fresh_code: bool = False
) -> str | None:
    """Makes the account, or adds a site to it; the one-time code, or None where it has one already.

    `fresh_code` takes the password of an existing account away and gives it a code. Raises BadAccount: `name`; `exists`
    when the account is another operator at this site; `operator` when another account is this operator.
    """
    name = plain_name(name)
    with db.write(engine) as connection:
        number = connection.execute(sa.select(db.account.c.id).where(db.account.c.name == name)).scalar()
        made = number is None
        if number is None:
            values = {"name": name, "failed": 0, "created_at": timestamp(now)}
            number = connection.execute(sa.insert(db.account).values(values).returning(db.account.c.id)).scalar_one()
        _link(connection, number, site, operator)
        if not made and not fresh_code:
            return None
        code = new_code()
        values = {"code_hash": hash_code(code), "code_expires_at": timestamp(now + VALID_FOR), "password_hash": None}
        connection.execute(sa.update(db.account).where(db.account.c.id == number).values(values))
        connection.execute(sa.delete(db.web_session).where(db.web_session.c.account == number))
        return code


def _link(connection: sa.Connection, account: int, site: str, operator: int) -> None:
    table = db.account_operator.c
    mine = (table.account == account, table.ledger_site == site)
    linked = connection.execute(sa.select(table.operator).where(*mine)).scalar()
    if linked is not None and linked != operator:
        raise BadAccount("exists")
    taken = (table.ledger_site == site, table.operator == operator, table.account != account)
    if connection.execute(sa.select(table.account).where(*taken)).first() is not None:
        raise BadAccount("operator")
    row = {"account": account, "ledger_site": site, "operator": operator}
    db.upsert(connection, db.account_operator, row)
