"""Combination locks (文字盤鍵): where each stands, who keeps it, and what happened to it (C8.2-C8.4).

No record has a field for a number. The changes of numbers are in `change.py`, who knows one in `knower.py`.
"""

import msgspec

from controller.record.duty import owed
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

SORTS = ("dial", "keypad", "electronic")

IN_SERVICE, RETIRING, RETIRED = "in_service", "retiring", "retired"
"""How a lock stands; `retiring`: it is to be reset to its factory number, and is chased until it is."""

REPORTS = ("leak", "found_open", "repair", "lockout")
"""What anybody may report of a lock, and by which its number has to be changed."""
URGENT = frozenset({"leak", "found_open"})
"""What does not wait for the week that others have."""


@kind("combination.registered")
class CombinationRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A combination lock is in use here from now on."""

    combination: int
    text: PrivateRef
    """Its name."""
    place: str
    """The zone or container that it locks."""
    sort: str
    """One of `SORTS`."""
    digits: int
    custodian: int
    """The person who keeps it, and sets its number."""
    station: str
    """Where its changes are confirmed."""
    max_age_days: int
    change_when_added: bool
    """Whether its number is changed when one more person is told it."""
    manager: int | None
    """Who answered for the place then."""
    stands: str
    """What the place stood in then: containers, and then the zone; empty for a zone that is none."""
    changed_on: str | None
    """The day of its last change by the papers of before; None: it was installed now, and has its factory number."""
    due_at: str | None
    registered_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The lock, and when its number is due, where it has one of its own."""
        row: Row = {
            "combination": self.combination,
            "place": self.place,
            "sort": self.sort,
            "digits": self.digits,
            "custodian": self.custodian,
            "station": self.station,
            "max_age_days": self.max_age_days,
            "change_when_added": int(self.change_when_added),
            "state": self.state,
            "private": self.text.id,
            "private_version": self.text.version,
            "manager": self.manager,
            "stands": self.stands,
            "seal": "",
            "changed_on": self.changed_on,
            "due_at": self.due_at,
            "registered_by": self.registered_by,
            "registered_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("combination", row), *_due(self.combination, self.due_at, self.place, self.custodian))


@kind("combination.appointed")
class CombinationAppointed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person keeps the lock from now on."""

    combination: int
    custodian: int
    place: str
    due_at: str | None
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The lock's custodian, whom its due date is told from now on."""
        row: Row = {"combination": self.combination, "custodian": self.custodian, "seq": record.seq}
        return (Upsert("combination", row), *_due(self.combination, self.due_at, self.place, self.custodian))


@kind("combination.relocated")
class CombinationRelocated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock locks another place from now on, or its changes are confirmed at another station."""

    combination: int
    place: str
    station: str
    custodian: int
    due_at: str | None
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where it is."""
        row: Row = {
            "combination": self.combination,
            "place": self.place,
            "station": self.station,
            "seq": record.seq,
        }
        return (Upsert("combination", row), *_due(self.combination, self.due_at, self.place, self.custodian))


@kind("combination.retired")
class CombinationRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock is taken out of service: it stays until it was reset to its factory number, in front of two people."""

    combination: int
    operator: int
    reason: PrivateRef | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """How it stands."""
        return (Upsert("combination", {"combination": self.combination, "state": self.state, "seq": record.seq}),)


@kind("combination.reported")
class CombinationReported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody says that the number is known or may be, that the lock was found open, locked out or under repair."""

    combination: int
    reason: str
    """One of `REPORTS`."""
    operator: int
    note: PrivateRef | None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing of its own: the change that it asks for stands in the record behind it."""
        return ()


@kind("combination.manager_noted")
class CombinationManagerNoted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody answers for the lock's place for the first time: from now on it is seen when that is somebody else."""

    combination: int
    manager: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Who answers for it."""
        return (Upsert("combination", {"combination": self.combination, "manager": self.manager, "seq": record.seq}),)


def _due(combination: int, due_at: str | None, place: str, custodian: int) -> tuple[RowChange, ...]:
    return () if due_at is None else (owed("combination", combination, due_at, place, custodian),)
