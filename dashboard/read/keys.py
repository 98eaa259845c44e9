"""Keys as the dashboard shows them: what each is called, where it is, who has it until when (C8.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from controller.record.canonical import moment
from controller.record.kinds.key import LENT, OUT, RETIRED
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import of_site

MOST = 2_000


@dataclass(frozen=True, slots=True)
class Key:
    """One key, codes beside their words."""

    key: int
    label: str
    name: str
    note: str
    opens: str
    opens_name: str
    home: str
    home_name: str
    cabinet: str
    slot: int
    ring: int
    copy_of: int
    authorisers: int
    due_minutes: int
    due_time: str
    most: int
    stays_in: str
    stays_in_name: str
    state: str
    since: str
    loan: int
    loan_state: str
    person: int | None
    person_name: str
    due_at: str
    at_cabinet: str
    at_slot: int
    seal: str
    sealed_in: str
    sealed_in_name: str
    lock_due_at: str
    new_lock: str
    new_key: int

    @property
    def called(self) -> str:
        """Its label, and its name where it has one."""
        return f"{self.label} {self.name}".strip()

    @property
    def out(self) -> bool:
        """Whether somebody has it, or its slot is open for somebody."""
        return self.state in OUT

    def overdue(self, now: datetime) -> timedelta | None:
        """For how long it should have been back; None: it should not."""
        if self.state != LENT or not self.due_at:
            return None
        late = now - moment(self.due_at)
        return late if late > timedelta(0) else None


def listed(
    connection: sa.Connection, names: Names, *, states: Collection[str] = (), text: str = "", retired: bool = False
) -> list[Key]:
    """The site's keys by place, cabinet and slot; those in these states, or whose label or place the text names."""
    table = projected["lock_key"].c
    query = _keys(names)
    if states:
        query = query.where(table.state.in_(states))
    elif not retired:
        query = query.where(table.state != RETIRED)
    order = (table.home, table.cabinet, table.slot, table.label)
    found = _named(connection.execute(query.order_by(*order).limit(MOST)).all(), names)
    wanted = text.strip().casefold()
    return [one for one in found if wanted in f"{one.called} {one.opens_name} {one.person_name}".casefold()]


def one(connection: sa.Connection, names: Names, number: int) -> Key | None:
    """One key."""
    rows = connection.execute(_keys(names).where(projected["lock_key"].c.lock_key == number)).all()
    return next(iter(_named(rows, names)), None)


def on_ring(connection: sa.Connection, names: Names, key: Key) -> list[Key]:
    """The others that go and come with it."""
    table = projected["lock_key"].c
    leader = key.ring or key.key
    query = _keys(names).where(sa.or_(table.lock_key == leader, table.ring == leader), table.lock_key != key.key)
    rows = connection.execute(query.where(table.state != RETIRED).order_by(table.lock_key)).all()
    return _named(rows, names)


def held_by(connection: sa.Connection, names: Names, person: int) -> list[Key]:
    """The keys that a person has."""
    table = projected["lock_key"].c
    query = _keys(names).where(table.person == person, table.state.in_(sorted(OUT)))
    return _named(connection.execute(query.order_by(table.label)).all(), names)


def copies(connection: sa.Connection, names: Names, key: int) -> list[Key]:
    """Its duplicates."""
    table = projected["lock_key"].c
    query = _keys(names).where(table.copy_of == key, table.state != RETIRED)
    return _named(connection.execute(query.order_by(table.label)).all(), names)


def limit(connection: sa.Connection, names: Names, person: int) -> int | None:
    """How many keys were said for just this person; None: nothing was."""
    table = projected["key_limit"]
    query = sa.select(table.c.most).where(*of_site(table, names.site), table.c.person == person)
    return connection.execute(query).scalar()


def _keys(names: Names) -> sa.Select[Any]:
    key, loan = projected["lock_key"], projected["key_loan"]
    same = sa.and_(
        loan.c.ledger_site == key.c.ledger_site, loan.c.epoch == key.c.epoch, loan.c.key_loan == key.c.loan
    )
    columns = (key, loan.c.due_at, loan.c.state.label("loan_state"))
    return sa.select(*columns).outerjoin_from(key, loan, same).where(*of_site(key, names.site))


def _named(rows: Sequence[Any], names: Names) -> list[Key]:
    names.learn(row.person for row in rows)
    texts = names.private(row.private for row in rows if row.private)
    return [_key(row, names, texts.get(row.private, {})) for row in rows]


def _key(row: Any, names: Names, text: dict[str, str]) -> Key:  # noqa: ANN401 - a row of the query above
    places = names.places
    return Key(
        row.lock_key,
        row.label,
        text.get("name", ""),
        text.get("note", ""),
        row.opens or "",
        places.get(row.opens, row.opens or ""),
        row.home or "",
        places.get(row.home, row.home or ""),
        row.cabinet or "",
        row.slot or 0,
        row.ring or 0,
        row.copy_of or 0,
        row.authorisers or 0,
        row.due_minutes or 0,
        row.due_time or "",
        row.most or 0,
        row.stays_in or "",
        places.get(row.stays_in, row.stays_in or ""),
        row.state or "",
        row.since or "",
        row.loan or 0,
        row.loan_state or "",
        row.person,
        names.person(row.person),
        row.due_at or "",
        row.at_cabinet or "",
        row.at_slot or 0,
        row.seal or "",
        row.sealed_in or "",
        places.get(row.sealed_in, row.sealed_in or ""),
        row.lock_due_at or "",
        row.new_lock or "",
        row.new_key or 0,
    )
