"""Forgetting what the private store holds, so that nothing of it is left in the database's files (design §4).

On SQLite a row is overwritten where it stands and its place kept, as the controller does it and for the same reason
(`controller.ledger.erasing`): `secure_delete` knows nothing of copies that pages left behind when they were split. What the
write-ahead log held goes when it is cut (`dashboard.truncation`). On PostgreSQL the row is deleted; its bytes go with the
next VACUUM and with the log that is recycled, which is its administrator's to see to.

Who was erased stays known by the fold of the records, with the digest of every row about them: the same text does not come
back, whoever sends it and however late. A name that came again under the same number in a later epoch is another text.
"""

import sqlalchemy as sa

from controller.record.private import ERASED_SALT, PrivateRow
from dashboard import database as db

_OVERWRITE = sa.text(
    f"""update private_text set text = '{{}}' || printf('%*c', length(cast(text as blob)) - 2, ' '), salt = '{ERASED_SALT}'
    where ledger_site = :site and id = :id and salt <> '{ERASED_SALT}'"""  # noqa: S608 - constants alone
)

held = db.private_text.c.salt != ERASED_SALT
"""What a question for private rows has to add where an erased one must count as none."""


def erase_person(connection: sa.Connection, site: str, epoch: int, person: int) -> None:
    """Forgets every row about this person of the site, as its records in this epoch say which those are."""
    of = db.projected["private_of"].c
    mine = (of.ledger_site == site, of.epoch == epoch, of.person == person)
    rows = connection.execute(sa.select(of.private, of.version, of.digest).where(*mine)).all()
    digests = {(row.private, row.version): row.digest for row in rows}
    stored = db.private_text.c
    for id in {row.private for row in rows}:
        query = sa.select(stored.id, stored.version, stored.text, stored.salt).where(
            stored.ledger_site == site, stored.id == id, held
        )
        row = connection.execute(query).first()
        if row is not None and digests.get((row.id, row.version)) == PrivateRow(*row).ref().digest:
            forget(connection, site, id)


def forget(connection: sa.Connection, site: str, id: str) -> None:
    """Forgets one row."""
    if connection.dialect.name == "sqlite":
        connection.execute(_OVERWRITE, {"site": site, "id": id})
    else:
        table = db.private_text.c
        connection.execute(sa.delete(db.private_text).where(table.ledger_site == site, table.id == id))


def is_erased(connection: sa.Connection, site: str, row: PrivateRow) -> bool:
    """Whether the row is about somebody who was erased, in any epoch of the site."""
    of, person = db.projected["private_of"].c, db.projected["person"].c
    query = (
        sa.select(of.person)
        .join(
            db.projected["person"],
            sa.and_(person.ledger_site == of.ledger_site, person.epoch == of.epoch, person.person == of.person),
        )
        .where(of.ledger_site == site, of.digest == row.ref().digest, person.state == "erased")
    )
    return connection.execute(query.limit(1)).first() is not None
