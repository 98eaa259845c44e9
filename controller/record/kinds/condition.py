"""Pledges signed and courses attended (C5.1, C7.6): each by its own record, and withdrawn by another where it was a mistake."""

import msgspec

from controller.record.conditions import PLEDGE, TRAINING
from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


def _recorded(record: Record, row: Row, note: PrivateRef | None, person: int) -> tuple[RowChange, ...]:
    """The fulfilment, and its note filed under whom it is about."""
    whole: Row = {**row, "note": None if note is None else note.id, "recorded_at": record.at, "seq": record.seq}
    fulfilment = Upsert("fulfilment", whole)
    return (fulfilment,) if note is None else (fulfilment, about(note, person))


@kind("pledge.signed")
class PledgeSigned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody signed a pledge of secrecy: which text, when, on which occasion (C7.6)."""

    fulfilment: int
    person: int
    pledge: str
    version: str
    """Of the text that was signed."""
    sha256: str
    """Of the document that was signed."""
    signed_on: str
    """The day, as the site's calendar has it: `2026-11-24`."""
    occasion: str
    until_at: str | None
    """The first instant at which it holds no longer, by the settings of the day it was recorded; None: without end."""
    operator: int
    note: PrivateRef | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The signature."""
        row: Row = {
            "fulfilment": self.fulfilment,
            "person": self.person,
            "condition": f"{PLEDGE}:{self.pledge}",
            "version": self.version,
            "sha256": self.sha256,
            "on_day": self.signed_on,
            "occasion": self.occasion,
            "until_at": self.until_at,
            "operator": self.operator,
            "state": self.state,
        }
        return _recorded(record, row, self.note, self.person)


@kind("training.completed")
class TrainingCompleted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody attended a course to its end (C5.1)."""

    fulfilment: int
    person: int
    course: str
    completed_on: str
    """The day, as the site's calendar has it: `2026-11-24`."""
    until_at: str | None
    """The first instant at which it holds no longer, by the settings of the day it was recorded; None: without end."""
    operator: int
    note: PrivateRef | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The course attended."""
        row: Row = {
            "fulfilment": self.fulfilment,
            "person": self.person,
            "condition": f"{TRAINING}:{self.course}",
            "version": "",
            "sha256": "",
            "on_day": self.completed_on,
            "occasion": "",
            "until_at": self.until_at,
            "operator": self.operator,
            "state": self.state,
        }
        return _recorded(record, row, self.note, self.person)


class _Withdrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fulfilment: int
    person: int
    condition: str
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """It counts no more; why is filed under whom it is about."""
        row: Row = {"fulfilment": self.fulfilment, "state": self.state, "seq": record.seq}
        return (Upsert("fulfilment", row), about(self.reason, self.person))


@kind("pledge.withdrawn")
class PledgeWithdrawn(_Withdrawn, frozen=True, forbid_unknown_fields=True):
    """What was recorded as a signature was a mistake. The record of it stays, and counts no more."""


@kind("training.withdrawn")
class TrainingWithdrawn(_Withdrawn, frozen=True, forbid_unknown_fields=True):
    """What was recorded as training was a mistake. The record of it stays, and counts no more."""
