"""PINs: that a person has one, and what came of it at a door. No digit and no hash is in a record (design §4).

A PIN has a number of its own, by which the row that verifies it is known; that row is beside the ledger and never sent.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert


@kind("pin.set")
class PinSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person chose a PIN; one they had before counts no more. Whether there is a second one for duress, nobody is told."""

    person: int
    pin: int
    reader: str
    """The keypad where they typed it; empty for the console."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The PIN, with no wrong tries; the enrolment it ends."""
        row: Row = {
            "person": self.person, "pin": self.pin, "state": self.state, "failures": 0, "locked_until": None,
            "set_at": record.at, "seq": record.seq,
        }  # fmt: skip
        return (Upsert("pin", row), *_ended(record, self.reader, self.person, "done", None))


@kind("pin.cleared")
class PinCleared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person's PIN counts no more; where one is asked for they cannot enter until they chose another."""

    person: int
    pin: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """No PIN."""
        row: Row = {
            "person": self.person, "pin": self.pin, "state": self.state, "failures": 0, "locked_until": None,
            "seq": record.seq,
        }  # fmt: skip
        return (Upsert("pin", row),)


@kind("pin.missed")
class PinMissed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wrong PIN was typed after the person's badge; the `failures`th in a row."""

    person: int
    portal: str
    failures: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """So many wrong tries."""
        return (Upsert("pin", {"person": self.person, "failures": self.failures, "seq": record.seq}),)


@kind("pin.recovered")
class PinRecovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The right PIN was typed after wrong ones: they are counted anew."""

    person: int
    portal: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """No wrong tries."""
        return (Upsert("pin", {"person": self.person, "failures": 0, "seq": record.seq}),)


@kind("pin.locked")
class PinLocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Too many wrong PINs in a row: an alarm, and the badge opens nothing that asks for a PIN until then."""

    person: int
    portal: str
    failures: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Locked until then; after that, wrong tries are counted anew."""
        row: Row = {"person": self.person, "failures": 0, "locked_until": self.until_at, "seq": record.seq}
        return (Upsert("pin", row),)


@kind("pin.unlocked")
class PinUnlocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator let the person try again before the time; operator 0 stands at the console."""

    person: int
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Not locked, and no wrong tries."""
        row: Row = {"person": self.person, "failures": 0, "locked_until": None, "seq": record.seq}
        return (Upsert("pin", row),)


@kind("pin.duress")
class PinDuress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person typed their PIN for duress: somebody forces them. An alarm that no door shows; the door opens as ever."""

    person: int
    portal: str
    reader: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The alarm, known by its record."""
        row: Row = {"duress": record.seq, "person": self.person, "portal": self.portal, "at": record.at}
        return (Upsert("duress", row),)


@kind("pin_enrolment.opened")
class PinEnrolmentOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At this reader's keypad the person may choose a PIN after tapping their badge, until then."""

    reader: str
    person: int
    operator: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """An open enrolment at the reader."""
        row: Row = {
            "reader": self.reader, "person": self.person, "state": "open", "code": None, "until_at": self.until_at,
            "operator": self.operator, "seq": record.seq,
        }  # fmt: skip
        return (Upsert("pin_enrolment", row),)


@kind("pin_enrolment.closed")
class PinEnrolmentClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It ended without a PIN; `code` says what was missing (`time` when nothing fit for a PIN was typed in time)."""

    reader: str
    person: int
    code: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """A closed enrolment with its reason."""
        return _ended(record, self.reader, self.person, "failed", self.code)


def _ended(record: Record, reader: str, person: int, state: str, code: str | None) -> tuple[RowChange, ...]:
    if not reader:
        return ()
    row: Row = {"reader": reader, "person": person, "state": state, "code": code, "seq": record.seq}
    return (Upsert("pin_enrolment", row),)
