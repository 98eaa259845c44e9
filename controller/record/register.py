"""The register of right holders: who may enter where, set when and by whom, with what training; now and as of any past time.

(C7.5.) It is read off the tables of `SOURCES`, those of now, or those that the records until then fold to: `fold` makes them
anew from records alone, so that both sides answer for any day since the ledger began. Names are not here: a row says which
version of which private row was the person's then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.record.envelope import Record
from controller.record.projection import project
from controller.record.tables import TABLES, Row, Upsert, Value

SOURCES = ("person", "team", "access_right", "membership", "fulfilment")
"""The tables that the register is read off."""

NOUNS = ("person", "right", "group", "membership", "pledge", "training")
"""The nouns of the kinds of records that fold into them."""

HOLDING = ("active", "suspended")
"""The states of a right that somebody has; a suspended one opens nothing until it is reviewed."""

Tables = Mapping[str, Iterable[Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class Training:
    """One course that somebody had taken; `until_at` None: it does not lapse."""

    course: str
    on_day: str
    until_at: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """One line: a person's right to a zone, their own or that of a group they are in."""

    person: int
    private: str
    version: int
    """Of their details, as they were."""
    zone: str
    access_right: int
    team: int | None
    schedule: str
    from_at: str
    until_at: str
    state: str
    set_at: str
    """Since when it held for them: the approval of the right, or of the membership where that came later."""
    requested_by: int
    set_by: int
    """The operator who approved it then."""
    training: tuple[Training, ...]


def fold(records: Iterable[Record]) -> Tables:
    """The tables of `SOURCES` that these records, in their order, fold to."""
    tables: dict[str, dict[tuple[Value, ...], Row]] = {name: {} for name in SOURCES}
    for record in records:
        for change in project(record):
            if isinstance(change, Upsert) and change.table in tables:
                key = tuple(change.row[column] for column in TABLES[change.table].key)
                tables[change.table].setdefault(key, {}).update(change.row)
    return {name: rows.values() for name, rows in tables.items()}


def holders(tables: Tables, at: str, zone: str = "") -> list[Holder]:
    """The register at that time (as in records), of one zone or of all: by zone, person and right."""
    people = {row["person"]: row for row in tables["person"] if row["state"] in ("active", "suspended")}
    trainings = _trainings(tables["fulfilment"])
    members = _members(tables)
    found = []
    for right in tables["access_right"]:
        if right["state"] not in HOLDING or _text(right, "until_at") <= at or (zone and right["zone"] != zone):
            continue
        for person, joined in _held_by(right, members):
            if person in people:
                found.append(_holder(people[person], right, joined, trainings.get(person, ())))
    return sorted(found, key=lambda one: (one.zone, one.person, one.access_right))


def _members(tables: Tables) -> dict[Value, list[Mapping[str, Value]]]:
    """The memberships that count, by group."""
    teams = {row["team"] for row in tables["team"] if row["state"] == "active"}
    found: dict[Value, list[Mapping[str, Value]]] = {}
    for row in tables["membership"]:
        if row["state"] == "active" and row["team"] in teams:
            found.setdefault(row["team"], []).append(row)
    return found


def _held_by(
    right: Mapping[str, Value], members: Mapping[Value, list[Mapping[str, Value]]]
) -> Iterator[tuple[Value, Mapping[str, Value] | None]]:
    """Whose right it is, each with the membership by which it is theirs."""
    if right["person"] is not None:
        yield right["person"], None
    for membership in members.get(right.get("team"), ()):
        yield membership["person"], membership


def _holder(
    person: Mapping[str, Value],
    right: Mapping[str, Value],
    joined: Mapping[str, Value] | None,
    training: tuple[Training, ...],
) -> Holder:
    latest = right if joined is None or _number(joined, "seq") < _number(right, "approved_seq") else joined
    return Holder(
        _number(person, "person"),
        _text(person, "private"),
        _number(person, "private_version"),
        _text(right, "zone"),
        _number(right, "access_right"),
        None if joined is None else _number(right, "team"),
        _text(right, "schedule"),
        _text(right, "from_at"),
        _text(right, "until_at"),
        _text(right, "state"),
        _text(latest, "decided_at"),
        _number(latest, "requested_by"),
        _number(latest, "decided_by"),
        training,
    )


def _trainings(rows: Iterable[Mapping[str, Value]]) -> dict[Value, tuple[Training, ...]]:
    """What each person had taken, the newest of each course."""
    newest: dict[tuple[Value, str], Training] = {}
    for row in rows:
        course = _text(row, "condition").removeprefix("training:")
        if row["state"] != "recorded" or course == _text(row, "condition"):
            continue
        until = row.get("until_at")
        known = newest.get((row["person"], course))
        if known is None or known.on_day <= _text(row, "on_day"):
            newest[row["person"], course] = Training(course, _text(row, "on_day"), None if until is None else str(until))
    found: dict[Value, tuple[Training, ...]] = {}
    for (person, _), training in sorted(newest.items(), key=lambda item: item[1].course):
        found[person] = (*found.get(person, ()), training)
    return found


def _text(row: Mapping[str, Value], column: str) -> str:
    return str(row.get(column) or "")


def _number(row: Mapping[str, Value], column: str) -> int:
    return int(row.get(column) or 0)
