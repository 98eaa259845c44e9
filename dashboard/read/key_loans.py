"""Key loans and reservations: the register of loans, what waits to be agreed to, who has reserved what (C8.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.kinds.key_loan import ASKED, CANCELLED, OPEN
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site

PAGE = 200
MOST_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan, codes beside their words."""

    loan: int
    key: int
    keys: tuple[int, ...]
    label: str
    place: str
    place_name: str
    person: int
    person_name: str
    state: str
    purpose: str
    needed: int
    authorisers: tuple[int, ...]
    authoriser_names: tuple[str, ...]
    asked_by: int | None
    asked_by_name: str
    asked_at: str
    lent_by: int | None
    lent_by_name: str
    lent_at: str
    due_at: str
    yields_to: int
    how: str
    returned_at: str
    returned_by: int | None
    returned_by_name: str
    received_by: int | None
    received_by_name: str
    returned_how: str
    former: int
    next: int
    recalled: bool
    seq: int

    @property
    def others(self) -> tuple[int, ...]:
        """The other keys on its ring."""
        return tuple(key for key in self.keys if key != self.key)

    @property
    def late(self) -> bool:
        """Whether it came back behind its time."""
        return bool(self.returned_at) and self.returned_at > self.due_at

    @property
    def ready(self) -> bool:
        """Whether enough others have agreed."""
        return len(self.authorisers) >= self.needed


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation that is not over."""

    reservation: int
    key: int
    label: str
    person: int
    person_name: str
    from_at: str
    until_at: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which loans: of a key, of people, in some states, lent within a span (as in records); all that is not said."""

    key: int = 0
    people: Collection[int] | None = None
    states: Collection[str] = ()
    from_at: str = ""
    until_at: str = ""


def register(connection: sa.Connection, names: Names, wanted: Wanted, most: int = PAGE) -> tuple[list[Loan], int]:
    """The loans that began, the newest first, so many at most; and how many there are."""
    conditions = _where(names.site, wanted)
    table = projected["key_loan"]
    count = connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one()
    query = sa.select(table).where(*conditions).order_by(table.c.key_loan.desc()).limit(most)
    return _named(connection.execute(query).all(), names), int(count)


def waiting(connection: sa.Connection, names: Names) -> list[Loan]:
    """The loans that wait for others to agree, or to be handed out; the oldest first."""
    table = projected["key_loan"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.state == ASKED).order_by(table.c.key_loan)
    return _named(connection.execute(query.limit(PAGE)).all(), names)


def one(connection: sa.Connection, names: Names, number: int) -> Loan | None:
    """One loan."""
    table = projected["key_loan"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.key_loan == number)
    return next(iter(_named(connection.execute(query).all(), names)), None)


def reservations(
    connection: sa.Connection, names: Names, *, key: int = 0, person: int | None = None
) -> list[Reservation]:
    """The reservations that are not over, the earliest first: of a key, of a person, or all."""
    table = projected["key_reservation"]
    query = sa.select(table).where(*of_site(table, names.site), table.c.state == "reserved")
    if key:
        query = query.where(table.c.lock_key == key)
    if person is not None:
        query = query.where(table.c.person == person)
    rows = connection.execute(query.order_by(table.c.from_at).limit(PAGE)).all()
    names.learn(row.person for row in rows)
    texts = names.private(row.purpose for row in rows if row.purpose)
    return [
        Reservation(
            row.key_reservation, row.lock_key, row.label, row.person, names.person(row.person), row.from_at, row.until_at,
            texts.get(row.purpose, {}).get("purpose", ""),
        )
        for row in rows
    ]  # fmt: skip


def _where(site: Site, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    table = projected["key_loan"]
    found = [*of_site(table, site)]
    if wanted.key:
        spaced = sa.literal(" ") + table.c["keys"] + sa.literal(" ")
        found.append(spaced.contains(f" {wanted.key} "))
    if wanted.people is not None:
        found.append(table.c.person.in_(wanted.people) if wanted.people else sa.false())
    if wanted.states:
        found.append(table.c.state.in_(wanted.states))
    else:
        found.append(table.c.state.not_in((ASKED, CANCELLED)))
    if wanted.from_at:
        found.append(sa.or_(table.c.lent_at >= wanted.from_at, table.c.state.in_(sorted(OPEN))))
    if wanted.until_at:
        found.append(table.c.lent_at < wanted.until_at)
    return found


def _named(rows: Sequence[Any], names: Names) -> list[Loan]:
    agreed = [tuple(map(int, (row.authorisers or "").split())) for row in rows]
    people = [person for row in rows for person in (row.person, row.returned_by)]
    names.learn([*people, *(person for some in agreed for person in some)], (
        operator for row in rows for operator in (row.asked_by, row.lent_by, row.received_by)
    ))  # fmt: skip
    texts = names.private(row.purpose for row in rows if row.purpose)
    return [
        _loan(row, names, some, texts.get(row.purpose, {}).get("purpose", ""))
        for row, some in zip(rows, agreed, strict=True)
    ]


def _loan(row: Any, names: Names, agreed: tuple[int, ...], purpose: str) -> Loan:  # noqa: ANN401 - a row of key_loan
    return Loan(
        loan=row.key_loan,
        key=row.lock_key,
        keys=tuple(map(int, (row._mapping["keys"] or "").split())),
        label=row.label or "",
        place=row.place or "",
        place_name=names.places.get(row.place, row.place or ""),
        person=row.person,
        person_name=names.person(row.person),
        state=row.state,
        purpose=purpose,
        needed=row.needed or 0,
        authorisers=agreed,
        authoriser_names=tuple(map(names.person, agreed)),
        asked_by=row.asked_by,
        asked_by_name=names.operator(row.asked_by),
        asked_at=row.asked_at or "",
        lent_by=row.lent_by,
        lent_by_name=names.operator(row.lent_by),
        lent_at=row.lent_at or "",
        due_at=row.due_at or "",
        yields_to=row.yields_to or 0,
        how=row.how or "",
        returned_at=row.returned_at or "",
        returned_by=row.returned_by,
        returned_by_name=names.person(row.returned_by),
        received_by=row.received_by,
        received_by_name=names.operator(row.received_by),
        returned_how=row.returned_how or "",
        former=row.former or 0,
        next=row.next or 0,
        recalled=bool(row.recalled),
        seq=row.seq,
    )
