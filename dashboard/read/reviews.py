"""Reviews of rights: how far each is, which rights still wait for a decision, and what was decided by whom (C7.4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from controller.record.asks.review import EVERY_ZONE
from controller.record.canonical import moment, timestamp
from dashboard.database import projected
from dashboard.read import rights
from dashboard.read.names import Names
from dashboard.read.rights import Right
from dashboard.read.sites import Site, of_site

SOON = timedelta(days=14)
"""How long before its due date a review is warned of."""
LATE = timedelta(days=60)
"""How long after its due date the first page still says that something is not decided."""
MOST_PRESSING = 5
STATUSES = ("waiting", "keep", "narrow", "revoked", "suspended")
"""What can have become of a right in a review."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review. `counts`: how many of its rights are in each of `STATUSES`."""

    site: Site
    review: int
    zones: tuple[str, ...]
    zone_names: str
    due_on: str
    due_at: str
    opened_by: str
    opened_at: str
    state: str
    seq: int
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All rights in it."""
        return sum(self.counts.values())

    @property
    def decided(self) -> int:
        """Those on which somebody has decided."""
        return sum(self.counts[status] for status in ("keep", "narrow", "revoked"))

    @property
    def open(self) -> int:
        """Those that wait for a decision, suspended ones too."""
        return self.counts["waiting"] + self.counts["suspended"]

    def overdue(self, now: datetime) -> bool:
        """Whether something was not decided in time."""
        return self.open > 0 and moment(self.due_at) <= now

    def soon(self, now: datetime) -> bool:
        """Whether something has to be decided in the coming days."""
        return self.open > 0 and now < moment(self.due_at) <= now + SOON

    def days_left(self, now: datetime) -> int:
        """Whole days until it is due; what begins now is one."""
        return max(0, (moment(self.due_at) - now).days) + 1


@dataclass(frozen=True, slots=True)
class Item:
    """One right in a review, what became of it, and who decided when."""

    right: Right
    status: str
    judged_by: str
    judged_at: str
    givers: frozenset[int]
    """The operators who asked for it and approved it: they do not decide."""


def listed(connection: sa.Connection, names: Names) -> list[Review]:
    """The site's reviews, the newest first."""
    table = projected["review"].c
    query = sa.select(projected["review"]).where(*of_site(projected["review"], names.site))
    query = query.order_by(table.review.desc()).limit(50)
    return [_review(connection, names, row) for row in connection.execute(query).all()]


def one(connection: sa.Connection, names: Names, number: int) -> Review | None:
    """One review."""
    table = projected["review"].c
    query = sa.select(projected["review"]).where(*of_site(projected["review"], names.site), table.review == number)
    row = connection.execute(query).first()
    return None if row is None else _review(connection, names, row)


def pressing(connection: sa.Connection, names: Names, now: datetime) -> list[Review]:
    """The site's reviews in which something is soon due, or was due lately and is not decided yet."""
    table = projected["review"].c
    near = sa.and_(table.due_at > timestamp(now - LATE), table.due_at <= timestamp(now + SOON))
    query = sa.select(projected["review"]).where(*of_site(projected["review"], names.site), near).order_by(table.due_at.desc())
    found = [_review(connection, names, row) for row in connection.execute(query.limit(MOST_PRESSING)).all()]
    return [review for review in found if review.overdue(now) or review.soon(now)]


def items(
    connection: sa.Connection, names: Names, review: Review, statuses: Collection[str], after: int, now: str
) -> tuple[list[Item], bool]:
    """A page of the rights in a review that are in one of these statuses, by number; whether there are more."""
    table, status = projected["access_right"].c, _status(review.seq)
    query = (
        sa.select(projected["access_right"], status.label("status"))
        .where(*_in(names.site, review.zones, review.seq, review.opened_at), status.in_(statuses), table.access_right > after)
        .order_by(table.access_right)
        .limit(rights.PAGE + 1)
    )
    rows = connection.execute(query).all()
    return _items(rows[: rights.PAGE], names, now), len(rows) > rights.PAGE


def item(connection: sa.Connection, names: Names, right: int, now: str) -> tuple[Review, Item] | None:
    """The newest review in which this right still waits for a decision, and the right in it."""
    for review in listed(connection, names):
        table, status = projected["access_right"].c, _status(review.seq)
        query = sa.select(projected["access_right"], status.label("status")).where(
            *_in(names.site, review.zones, review.seq, review.opened_at),
            table.access_right == right,
            status.in_(("waiting", "suspended")),
        )
        row = connection.execute(query).first()
        if row is not None:
            return review, _items([row], names, now)[0]
    return None


def _items(rows: Sequence[Any], names: Names, now: str) -> list[Item]:
    names.learn(operators=(row.judged_by for row in rows))
    named = rights.named(rows, names, now)
    return [
        Item(
            right,
            row.status,
            names.operator(row.judged_by) if row.status in ("keep", "narrow") else "",
            (row.judged_at or "") if row.status in ("keep", "narrow") else "",
            frozenset(id for id in (row.requested_by, row.decided_by) if id),
        )
        for row, right in zip(rows, named, strict=True)
    ]


def _review(connection: sa.Connection, names: Names, row: Any) -> Review:  # noqa: ANN401 - a row of the table
    zones = tuple((row.zones or "").split())
    status = _status(row.seq)
    query = sa.select(status, sa.func.count()).where(*_in(names.site, zones, row.seq, row.opened_at)).group_by(status)
    counts = dict.fromkeys(STATUSES, 0) | {name: int(n) for name, n in connection.execute(query) if name in STATUSES}
    names.learn(operators=[row.operator])
    every = "全区画" if names.lang == "ja" else "Every zone"
    called = every if EVERY_ZONE in zones else ", ".join(names.place(zone) for zone in zones)
    return Review(
        names.site,
        row.review,
        zones,
        called,
        row.due_on,
        row.due_at,
        names.operator(row.operator),
        row.opened_at or "",
        row.state,
        row.seq,
        counts,
    )


def _in(site: Site, zones: Collection[str], seq: int, opened_at: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The rights that held when a review of these zones was opened by record `seq`."""
    table = projected["access_right"].c
    placed = () if EVERY_ZONE in zones else (table.zone.in_(zones),)
    return (*of_site(projected["access_right"], site), table.approved_seq < seq, table.until_at > opened_at, *placed)


def _status(seq: int) -> sa.Case[str]:
    """What became of a right in a review that record `seq` opened; empty: nothing that concerns it."""
    table = projected["access_right"].c
    decided = table.judged_seq > seq
    return sa.case(
        (sa.and_(table.state == "revoked", decided), "revoked"),
        (sa.and_(table.state.in_(("active", "suspended")), decided), sa.func.coalesce(table.verdict, "keep")),
        (table.state == "suspended", "suspended"),
        (table.state == "active", "waiting"),
        else_="",
    )
