"""An import: people registered and rights asked for, all of it or nothing (C7.1, C7.3).

Each line is decided by the same rules as a request of its own (`person.register`, `right.request`); what one of them refuses
refuses all, and the place says which line. Nothing of it opens a door: every right waits for another person's approval.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from controller.record.asks import RequestRight
from controller.record.asks.importing import ImportRow
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules import person, right
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Line:
    """One row with what its decision needs: whose it is, and the private rows that it would leave."""

    row: ImportRow
    person: int
    """The person it is about: known, new, or that of an earlier row."""
    holder: right.Holder
    text: PrivateRow | None
    """The texts of a new person; None for one who is known."""
    access_right: int
    purpose: PrivateRow


def bring_in(
    lines: Sequence[Line], operator: OperatorFact, zones: Container[str], schedules: Container[str], now: datetime
) -> Outcome | Refusal:
    """Everything that the lines ask for."""
    records: list[msgspec.Struct] = []
    private: list[PrivateRow] = []
    for n, line in enumerate(lines):
        for outcome in _decided(line, operator, zones, schedules, now):
            if isinstance(outcome, Refusal):
                return replace(outcome, place=outcome.place.replace("body.", f"body.rows[{n}].", 1))
            records += outcome.records
            private += outcome.private
    return Outcome(tuple(records), private=tuple(private))


def _decided(
    line: Line, operator: OperatorFact, zones: Container[str], schedules: Container[str], now: datetime
) -> list[Outcome | Refusal]:
    """The decisions on one line: the person's registration, and the right."""
    row, found = line.row, list[Outcome | Refusal]()
    if line.text is not None:
        named = "name" in line.text.text
        found.append(person.register(line.person, line.text) if named else Refusal(Code.FORM, "body.name"))
    if line.holder.person_state != "active":
        found.append(Refusal(Code.SUBJECT, "body.person"))
    elif row.zone:
        asked = RequestRight(line.person, row.zone, row.schedule, row.from_at, row.until_at, None, row.manner)
        purposed = "purpose" in line.purpose.text
        found.append(
            right.request(
                asked, operator, number=line.access_right, purpose=line.purpose, holder=line.holder, zones=zones,
                schedules=schedules, now=now,
            )
            if purposed
            else Refusal(Code.PURPOSE, "body.purpose")
        )  # fmt: skip
    elif line.text is None:
        found.append(Refusal(Code.FORM, "body.zone"))
    return found
