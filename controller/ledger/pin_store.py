"""What verifies PINs: beside the ledger as private rows are, and unlike them never sent to anybody.

Rows are only added at the end, and all are of a length; one that counts no more is overwritten where it stands by as many
zeros, so that none of its bytes are left in the file (see `erasing`). A rebuild does not drop them, a backup holds them, and
whoever folds an erasure or a cleared PIN again, as after a restore, overwrites again.
"""

import sqlite3

from controller.record.tables import Row
from controller.rules.hashed import HALF, HashedPin, KeptPin

SCHEMA = """
create table if not exists pin_secret (n integer primary key, person integer not null, pin integer not null,
    form integer not null, own blob not null, duress blob not null) strict;
create index if not exists pin_secret_of on pin_secret (person, pin);
"""

_NOTHING = bytes(HALF)
_HELD = f"own <> zeroblob({HALF})"
_BLANK = f"update pin_secret set own = zeroblob({HALF}), duress = zeroblob({HALF}) where {_HELD} and person = ? and pin <= ?"  # noqa: S608 - constants
LARGEST = 2**62


def put(connection: sqlite3.Connection, kept: KeptPin) -> None:
    """Keeps a PIN inside a transaction; those that the person had before are overwritten."""
    blank(connection, kept.person)
    hashed = kept.hashed
    connection.execute(
        "insert into pin_secret (person, pin, form, own, duress) values (?, ?, ?, ?, ?)",
        (kept.person, kept.pin, hashed.form, hashed.own, hashed.duress),
    )


def of(connection: sqlite3.Connection, person: int, pin: int) -> HashedPin | None:
    """What verifies PIN number `pin` of the person; None when it is not there."""
    row = connection.execute(
        f"select form, own, duress from pin_secret where person = ? and pin = ? and {_HELD} order by n desc limit 1",  # noqa: S608 - a constant
        (person, pin),
    ).fetchone()
    return None if row is None else HashedPin(*row)


def blank(connection: sqlite3.Connection, person: int, upto: int = LARGEST) -> None:
    """Overwrites the person's PINs up to this number, inside a transaction."""
    connection.execute(_BLANK, (person, upto))


def folded(connection: sqlite3.Connection, row: Row) -> None:
    """A row of table `pin` was folded: overwrites what counts no more by it, live and whenever it is folded again."""
    person, number = row["person"], row.get("pin")
    if isinstance(person, int) and isinstance(number, int):
        blank(connection, person, number if row.get("state") == "cleared" else number - 1)
