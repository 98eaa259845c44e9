"""PINs as far as a dashboard knows of them: whether there is one, whether it is locked out, and calls for help."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from controller.record.canonical import timestamp
from dashboard.database import projected
from dashboard.read.names import Names
from dashboard.read.sites import Site, of_site

SHOWN = timedelta(hours=12)
"""So long a call for help stands on the page of what is now; the ledger has it for good."""
_MOST = 20


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's PIN. `state`: `set`, `cleared`, or empty for none ever; `locked_until` empty while it is not locked out."""

    state: str
    failures: int
    locked_until: str
    set_at: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The last time that somebody was to choose a PIN at a reader."""

    person: int
    state: str
    code: str
    until_at: str
    seq: int


@dataclass(frozen=True, slots=True)
class Duress:
    """A PIN for duress was typed: record `seq`, by whom, where."""

    seq: int
    who: str
    where: str
    at: str


def of_person(connection: sa.Connection, site: Site, person: int, now: datetime) -> Pin:
    """How the person's PIN stands now."""
    table = projected["pin"].c
    query = sa.select(table.state, table.failures, table.locked_until, table.set_at)
    row = connection.execute(query.where(*of_site(projected["pin"], site), table.person == person)).first()
    if row is None:
        return Pin("", 0, "", "")
    locked = row.locked_until or ""
    return Pin(row.state or "", row.failures or 0, locked if locked > timestamp(now) else "", row.set_at or "")


def enrolment(connection: sa.Connection, site: Site, reader: str) -> Enrolment | None:
    """What became of the last one at this reader."""
    table = projected["pin_enrolment"].c
    query = sa.select(table.person, table.state, table.code, table.until_at, table.seq)
    row = connection.execute(query.where(*of_site(projected["pin_enrolment"], site), table.reader == reader)).first()
    return None if row is None else Enrolment(row.person, row.state, row.code or "", row.until_at, row.seq)


def calls(connection: sa.Connection, names: Names, now: datetime) -> list[Duress]:
    """The calls for help of the last hours, the newest first."""
    table = projected["duress"].c
    query = sa.select(table.duress, table.person, table.portal, table.at)
    recent = query.where(*of_site(projected["duress"], names.site), table.at > timestamp(now - SHOWN))
    rows = connection.execute(recent.order_by(table.duress.desc()).limit(_MOST)).all()
    names.learn(row.person for row in rows)
    return [
        Duress(row.duress, names.person(row.person), names.portals.get(row.portal, row.portal), row.at) for row in rows
    ]


def calls_text(found: list[Duress]) -> str:
    """The calls in one text, for the page to see that it changed."""
    return " ".join(str(call.seq) for call in found)
