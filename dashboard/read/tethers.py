"""Tethers: wires with an input, the check list of what has none, and its rounds (C8.13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from controller.record.requests import MalformedRequest, read_envelope
from dashboard.database import outbox, projected
from dashboard.read.names import Names
from dashboard.read.portals import live_rows
from dashboard.read.sites import of_site

MOST_ROUNDS = 10
MOST_THINGS = 2000
"""As many as a site takes."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A tether with an input: `intact`, `cut`, or empty before anybody has heard of it."""

    tether: str
    name: str
    place: str
    state: str
    at: str
    failed: bool
    """Its input does not answer: nobody knows how the wire is."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing on the check list, with what was found of it: at its last look, or in the round that is asked about."""

    tethered: int
    equipment: str
    name: str
    place: str
    place_id: str
    every_days: int
    state: str
    result: str
    note: str
    checked_at: str
    checked_by: str
    due_at: str
    sent: str = ""
    """In a round: what was ticked and is on its way to the site."""

    def overdue(self, now: str) -> bool:
        """Whether it should have been looked at by then."""
        return self.state == "registered" and bool(self.due_at) and self.due_at <= now


@dataclass(frozen=True, slots=True)
class Round:
    """One round with its counts; while it is open, of what was found so far."""

    tether_round: int
    place: str
    place_id: str
    state: str
    begun_by: str
    begun_at: str
    ended_by: str
    ended_at: str
    items: int
    ok: int
    missing: int
    damaged: int
    unchecked: int


def wires(connection: sa.Connection, names: Names) -> list[Wire]:
    """The tethers with an input, in the order of the site's settings."""
    table = projected["tether"]
    rows = connection.execute(sa.select(table).where(*of_site(table, names.site)).order_by(table.c.position))
    states = live_rows(connection, names.site, "tether_state", "tether")
    parts = live_rows(connection, names.site, "part", "part")
    found: list[Wire] = []
    for row in rows:
        state = states.get(row.tether, ({}, False))[0]
        failed = parts.get(row.part, ({}, False))[0].get("state") == "failed"
        called = row.name_ja if names.lang == "ja" else row.name_en
        place = names.places.get(row.zone, row.zone)
        found.append(Wire(row.tether, called, place, state.get("state") or "", state.get("at") or "", failed))
    return found


def things(connection: sa.Connection, names: Names, only: int | None = None) -> list[Thing]:
    """The things on the list by place and label; or one, also when it is not on the list any more."""
    table = projected["tethered"]
    query = sa.select(table).where(*of_site(table, names.site))
    query = query.where(table.c.state == "registered") if only is None else query.where(table.c.tethered == only)
    rows = connection.execute(query.order_by(table.c.place, table.c.equipment).limit(MOST_THINGS)).all()
    names.learn((), (row.checked_by for row in rows))
    texts = names.private([*(row.private for row in rows), *(row.note for row in rows if row.note)])
    return [_thing(row, row, names, texts) for row in rows]


def rounds(connection: sa.Connection, names: Names, only: int | None = None) -> list[Round]:
    """The newest rounds, the newest first; or one."""
    table = projected["tether_round"]
    query = sa.select(table).where(*of_site(table, names.site))
    if only is not None:
        query = query.where(table.c.tether_round == only)
    rows = connection.execute(query.order_by(table.c.tether_round.desc()).limit(MOST_ROUNDS)).all()
    names.learn((), [by for row in rows for by in (row.begun_by, row.ended_by)])
    return [_round(row, names) for row in rows]


def items(connection: sa.Connection, names: Names, round: Round) -> list[Thing]:
    """What the round looks at: first what nobody has looked at yet, then what is not in order, then the rest."""
    check, thing = projected["tether_check"], projected["tethered"]
    query = (
        sa.select(thing, check.c.result.label("found"), check.c.note.label("said"), check.c.operator, check.c.at)
        .join(thing, sa.and_(*of_site(thing, names.site), thing.c.tethered == check.c.tethered))
        .where(*of_site(check, names.site), check.c.tether_round == round.tether_round)
        .order_by(check.c.result == "ok", check.c.result != "", thing.c.place, thing.c.equipment)
        .limit(MOST_THINGS)
    )
    rows = connection.execute(query).all()
    names.learn((), (row.operator for row in rows))
    texts = names.private([*(row.private for row in rows), *(row.said for row in rows if row.said)])
    sent = _sent(connection, names, round.tether_round) if round.state == "open" else {}
    return [_item(row, names, texts, sent) for row in rows]


def _sent(connection: sa.Connection, names: Names, round: int) -> dict[int, str]:
    """By thing, what was ticked in the round and waits for the site's answer."""
    query = sa.select(outbox.c.bytes).where(
        outbox.c.ledger_site == names.site.id, outbox.c.state == "waiting", outbox.c.kind == "tether.check"
    )
    found: dict[int, str] = {}
    for data in connection.execute(query.order_by(outbox.c.id).limit(MOST_THINGS)).scalars():
        try:
            body = read_envelope(data).body
        except (MalformedRequest, msgspec.DecodeError):
            continue
        if body.get("tether_round") == round:
            found[int(body["tethered"])] = str(body["result"])
    return found


def _thing(row: Any, found: Any, names: Names, texts: dict[str, dict[str, str]]) -> Thing:  # noqa: ANN401 - rows
    return Thing(
        row.tethered,
        row.equipment,
        texts.get(row.private, {}).get("name", ""),
        names.places.get(row.place, row.place),
        row.place,
        row.every_days,
        row.state,
        found.result or "",
        texts.get(found.note or "", {}).get("note", ""),
        row.checked_at or "",
        names.operator(row.checked_by),
        row.due_at or "",
    )


def _item(row: Any, names: Names, texts: dict[str, dict[str, str]], sent: dict[int, str]) -> Thing:  # noqa: ANN401 - a row
    thing = _thing(row, row, names, texts)
    said = texts.get(row.said or "", {}).get("note", "")
    by, at = names.operator(row.operator), row.at or ""
    return Thing(
        thing.tethered, thing.equipment, thing.name, thing.place, thing.place_id, thing.every_days, thing.state,
        row.found or "", said, at, by, thing.due_at, sent.get(thing.tethered, ""),
    )  # fmt: skip


def _round(row: Any, names: Names) -> Round:  # noqa: ANN401 - a row
    return Round(
        row.tether_round,
        names.places.get(row.place, row.place),
        row.place,
        row.state,
        names.operator(row.begun_by),
        row.begun_at,
        names.operator(row.ended_by),
        row.ended_at or "",
        row.items,
        row.ok,
        row.missing,
        row.damaged,
        row.unchecked,
    )


def tally(found: Sequence[Thing]) -> dict[str, int]:
    """How many of a round's things are so: `ok`, `missing`, `damaged`, and empty for not looked at yet."""
    counts = dict.fromkeys(("ok", "missing", "damaged", ""), 0)
    for thing in found:
        counts[thing.result] += 1
    return counts
