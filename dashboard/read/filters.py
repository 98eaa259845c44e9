"""A filter of the ledger as it stands in an address. Nonsense is named, parameter by parameter, and never left out in silence:
a list that shows everything because of a slip of the pen is worse than none, where it is kept as evidence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Protocol

import sqlalchemy as sa

from controller.record.canonical import timestamp
from controller.record.envelope import KINDS
from controller.record.words import codes
from dashboard.database import private_text, projected, record
from dashboard.read.sites import Site

MOST_PEOPLE = 200
MOST_MISTAKES = 20
"""Of unknown parameters, which are named; nobody reads more."""
_LARGEST = 2**53
_CODE = re.compile(r"[a-z_]{1,40}")
_KIND = re.compile(r"[a-z]{1,30}\.[a-z]{1,30}")
FILTERS = ("kind", "portal", "person", "operator", "result", "code", "mark", "from", "to")
POSITION = ("before", "after")
KNOWN = (*FILTERS, *POSITION, "site", "epoch", "lang")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one parameter: `what` is a code for the words, `near` what was perhaps meant."""

    parameter: str
    what: str
    near: str = ""


class BadFilter(ValueError):
    """The address does not say what to show. All of its mistakes at once."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(", ".join(f"{mistake.parameter}: {mistake.what}" for mistake in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records of one epoch of a site. Empty or None: any."""

    site: str
    epoch: int
    kind: str = ""
    portal: str = ""
    people: tuple[int, ...] | None = None
    operator: int | None = None
    result: str = ""
    code: str = ""
    mark: str = ""
    from_at: str = ""
    until_at: str = ""
    before: int | None = None
    after: int | None = None

    def where(self, *, by_seq: bool = False) -> list[sa.ColumnElement[bool]]:
        """As conditions, the position in the pages apart.

        `by_seq` keeps the database from finding a span by its times, to sort what may be a million rows by `seq` then: it
        goes by `seq` and looks at the times on the way.
        """
        column = record.c
        at = column.at.concat("") if by_seq else column.at
        conditions = [column.ledger_site == self.site, column.epoch == self.epoch, column.kind != ""]  # husks have none
        for name in ("kind", "portal", "result", "code", "mark"):
            if value := getattr(self, name):
                conditions.append(column[name] == value)
        if self.people is not None:  # nobody is an empty list: said plainly, or every row is looked at
            conditions.append(column.person.in_(self.people) if self.people else sa.false())
        if self.operator is not None:
            conditions.append(column.operator == self.operator)
        if self.from_at:
            conditions.append(at >= self.from_at)
        if self.until_at:
            conditions.append(at < self.until_at)
        return conditions


class Moments(Protocol):
    """How a written time becomes one: passed in, because the zone is the site's and the writing the web's."""

    def __call__(self, text: str, timezone: str, *, end_of_day: bool = False) -> datetime:
        """The moment, as UTC. Raises ValueError."""


def read_filter(connection: sa.Connection, site: Site, given: Mapping[str, str], moments: Moments) -> Filter:
    """The filter that these parameters of an address say. Raises BadFilter with everything that is nonsense."""
    mistakes = [
        Mistake(name[:40], "unknown", (get_close_matches(name, KNOWN, 1) or [""])[0])
        for name in [name for name in given if name not in KNOWN][:MOST_MISTAKES]
    ]
    found = Filter(site.id, site.epoch)
    for name in (*FILTERS, *POSITION, "epoch"):
        text = given.get(name, "").strip()
        if not text:
            continue
        try:
            found = replace(found, **_READ[name](connection, site, text, moments))
        except _Nonsense as error:
            mistakes.append(Mistake(name, error.what, error.near))
    if found.from_at and found.until_at and found.from_at >= found.until_at:
        mistakes.append(Mistake("to", "order"))
    if mistakes:
        raise BadFilter(mistakes)
    return found


class _Nonsense(Exception):
    def __init__(self, what: str, near: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.near = near


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _LARGEST):
        raise _Nonsense("number")
    return int(text[:20])


def _kind(connection: sa.Connection, site: Site, text: str, _: Moments) -> dict[str, Any]:
    known = {kind for kind, _ in KINDS}
    if text not in known and not (_KIND.fullmatch(text) and _present(connection, site, record.c.kind == text)):
        raise _Nonsense("kind", (get_close_matches(text, sorted(known), 1) or [""])[0])
    return {"kind": text}


def _portal(connection: sa.Connection, site: Site, text: str, _: Moments) -> dict[str, Any]:
    portal = projected["portal"].c
    known = sa.select(portal.portal).where(portal.ledger_site == site.id, portal.epoch == site.epoch)
    ids = connection.execute(known).scalars().all()
    if text not in ids and not _present(connection, site, record.c.portal == text):
        raise _Nonsense("portal", (get_close_matches(text, ids, 1) or [""])[0])
    return {"portal": text}


def _present(connection: sa.Connection, site: Site, condition: sa.ColumnElement[bool]) -> bool:
    mine = (record.c.ledger_site == site.id, record.c.epoch == site.epoch, condition)
    return connection.execute(sa.select(record.c.seq).where(*mine).limit(1)).first() is not None


def _person(connection: sa.Connection, site: Site, text: str, _: Moments) -> dict[str, Any]:
    if text.removeprefix("#").isascii() and text.removeprefix("#").isdigit():
        return {"people": (_number(text.removeprefix("#")),)}
    found = connection.execute(called(site, text).limit(MOST_PEOPLE + 1)).scalars().all()
    if len(found) > MOST_PEOPLE:
        raise _Nonsense("people")
    return {"people": tuple(found)}


def called(site: Site, text: str) -> sa.Select[tuple[int]]:
    """The numbers of the site's people in whose name or its reading the text stands."""
    person = projected["person"].c
    names = [
        private_text.c.text[field].as_string().icontains(text[:100], autoescape=True) for field in ("name", "kana")
    ]
    return (
        sa.select(person.person)
        .join(
            private_text, sa.and_(private_text.c.ledger_site == person.ledger_site, private_text.c.id == person.private)
        )
        .where(person.ledger_site == site.id, person.epoch == site.epoch, sa.or_(*names))
        .order_by(person.person)
    )


def _result(_: sa.Connection, __: Site, text: str, ___: Moments) -> dict[str, Any]:
    if text not in codes("result"):
        raise _Nonsense("result", (get_close_matches(text, codes("result"), 1) or [""])[0])
    return {"result": text}


def _code(_: sa.Connection, __: Site, text: str, ___: Moments) -> dict[str, Any]:
    known = (*codes("code"), *codes("enrolment"), *codes("pin_enrolment"))
    if text not in known:
        raise _Nonsense("code", (get_close_matches(text, known, 1) or [""])[0])
    return {"code": text}


def _mark(_: sa.Connection, __: Site, text: str, ___: Moments) -> dict[str, Any]:
    if text not in codes("mark"):
        raise _Nonsense("mark", (get_close_matches(text, codes("mark"), 1) or [""])[0])
    return {"mark": text}


def _time(field: str, end_of_day: bool) -> Any:  # noqa: ANN401 - a reader as in _READ
    def read(_: sa.Connection, site: Site, text: str, moments: Moments) -> dict[str, Any]:
        try:
            return {field: timestamp(moments(text[:40], site.timezone, end_of_day=end_of_day))}
        except (ValueError, OverflowError):
            raise _Nonsense("time") from None

    return read


def _whole(field: str) -> Any:  # noqa: ANN401 - a reader as in _READ
    def read(_: sa.Connection, __: Site, text: str, ___: Moments) -> dict[str, Any]:
        return {field: _number(text)}

    return read


_READ = {
    "kind": _kind,
    "portal": _portal,
    "person": _person,
    "operator": _whole("operator"),
    "result": _result,
    "code": _code,
    "mark": _mark,
    "from": _time("from_at", False),
    "to": _time("until_at", True),
    "before": _whole("before"),
    "after": _whole("after"),
    "epoch": _whole("epoch"),
}
