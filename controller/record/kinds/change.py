"""Changes of the number of a combination lock, from what asks for one to the day on which the next is due (C8.3, C8.4).

Each step is a record with the badges that confirmed it. They say that a number was set, and none of them says which.
"""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Delete, Row, RowChange, Upsert

OPEN, PLANNED, RUNNING, BROKEN_OFF, DONE = "open", "planned", "running", "broken_off", "done"
UNFINISHED = (OPEN, PLANNED, RUNNING, BROKEN_OFF)

STEPS = ("begun", "set", "tried", "witnessed", "dead")
"""In this order; an empty step is before the first."""

MANNERS = ("chosen", "drawn", "reset")
"""The custodian chose the number at the lock; the dashboard drew it and showed it to them once; it is the factory's again."""

TRIGGERS = (
    "installation", "relocation", "manager", "knower_removed", "knower_added", "leak", "found_open", "repair", "lockout",
    "retirement", "age",
)  # fmt: skip
"""What asks for a change."""


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One trigger, and the person whom it is about; 0 for nobody."""

    reason: str
    person: int = 0


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who knows the new number. `since_at` None: from this change on."""

    knower: int
    person: int
    told_by: int
    since_at: str | None


class _ChangeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    combination_change: int
    combination: int
    reasons: tuple[Reason, ...]
    """Those that are new."""
    due_at: str
    place: str
    custodian: int
    manager: int | None
    """Who answers for the place now, and what it stands in: the change accounts for both."""
    stands: str
    chased: bool
    """False: it is due with the number's age, and that is chased by itself."""
    state: str

    def _asked(self, record: Record) -> tuple[RowChange, ...]:
        change, number = self.combination_change, self.combination
        lock: Row = {"combination": number, "manager": self.manager, "stands": self.stands, "seq": record.seq}
        reasons = (
            Upsert(
                "combination_reason",
                {
                    "combination_change": change,
                    "reason": one.reason,
                    "person": one.person,
                    "at": record.at,
                    "seq": record.seq,
                },
            )
            for one in self.reasons
        )
        duty = (owed("change", change, self.due_at, self.place, self.custodian),) if self.chased else ()
        return (Upsert("combination", lock), *reasons, *duty)


@kind("combination.change_required")
class ChangeRequired(_ChangeAsked, frozen=True, forbid_unknown_fields=True):
    """The number has to be changed until then, for these reasons."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """A change, its reasons and its due date."""
        row: Row = {
            "combination_change": self.combination_change,
            "combination": self.combination,
            "state": self.state,
            "step": "",
            "due_at": self.due_at,
            "opened_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("combination_change", row), *self._asked(record))


@kind("combination.change_joined")
class ChangeJoined(_ChangeAsked, frozen=True, forbid_unknown_fields=True):
    """More reasons for the change that is open already; the earliest due date counts."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The change's reasons and its due date."""
        row: Row = {
            "combination_change": self.combination_change,
            "state": self.state,
            "due_at": self.due_at,
            "seq": record.seq,
        }
        return (Upsert("combination_change", row), *self._asked(record))


_UNDONE: Row = {
    "station": None,
    "called_until": None,
    "begun_at": None,
    "drawn_at": None,
    "manner": None,
    "set_at": None,
    "tried_at": None,
    "witnessed_at": None,
    "dead_at": None,
}
"""A change of which no step was confirmed."""


@kind("combination.change_planned")
class ChangePlanned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who will change the number and who witnesses it, and who shall know it then. What was confirmed before is void."""

    combination_change: int
    combination: int
    custodian: int
    witness: int
    knowers: tuple[int, ...]
    """The others who shall know it."""
    dropped: tuple[int, ...]
    """Who stood there in an earlier plan."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The change as planned, with no step confirmed."""
        change = self.combination_change
        row: Row = {
            **_UNDONE,
            "combination_change": change,
            "state": self.state,
            "step": "",
            "custodian": self.custodian,
            "witness": self.witness,
            "planned_at": record.at,
            "code": None,
            "seq": record.seq,
        }
        dropped = (Delete("combination_sharing", {"combination_change": change, "person": one}) for one in self.dropped)
        return (
            Upsert("combination_change", row),
            *dropped,
            *(sharing(record, change, one, "expected") for one in self.knowers),
        )


@kind("combination.change_called")
class ChangeCalled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Custodian and witness are awaited at the station until then: their badges there begin the change, or go on with it."""

    combination_change: int
    station: str
    custodian: int
    witness: int
    until_at: str
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where it is awaited."""
        row: Row = {
            "combination_change": self.combination_change,
            "station": self.station,
            "called_until": self.until_at,
            "seq": record.seq,
        }
        return (Upsert("combination_change", row),)


@kind("combination.drawn")
class CombinationDrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dashboard drew a number and shows it once, to the custodian. Which one is nowhere."""

    combination_change: int
    person: int
    operator: int
    manner: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """That one was drawn."""
        row: Row = {
            "combination_change": self.combination_change,
            "manner": self.manner,
            "drawn_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("combination_change", row),)


@kind("combination.change_broken_off")
class ChangeBrokenOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The change stands still: `broken_off` until the same two go on, or `open` until it is planned anew."""

    combination_change: int
    code: str
    """What was missing: a refusal code, or the trigger by which what was set counts no more."""
    operator: int
    """0: the controller."""
    reason: PrivateRef | None
    step: str
    """Where it goes on; empty: at the beginning, and the number is set again."""
    again: tuple[int, ...]
    """Whose confirmation counts no more."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """How it stands."""
        change = self.combination_change
        row: Row = {
            "combination_change": change,
            "state": self.state,
            "step": self.step,
            "code": self.code,
            "station": None,
            "called_until": None,
            "seq": record.seq,
        }
        if not self.step:
            row |= _UNDONE
        if self.state == OPEN:
            row |= {"custodian": None, "witness": None, "planned_at": None}
        return (
            Upsert("combination_change", row),
            *(sharing(record, change, one, "expected") for one in self.again),
        )


@kind("combination.envelope_listed")
class EnvelopeListed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sealed envelope holds nothing that opens any more, and which one holds the new number. Empty: none."""

    combination_change: int
    combination: int
    void_seal: str
    seal: str
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The seals."""
        row: Row = {
            "combination_change": self.combination_change,
            "void_seal": self.void_seal,
            "seal": self.seal,
            "listed_at": record.at,
            "seq": record.seq,
        }
        lock: Row = {"combination": self.combination, "seal": self.seal, "seq": record.seq}
        return (Upsert("combination_change", row), Upsert("combination", lock))


@kind("combination.changed")
class CombinationChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number is another one, two people have seen to it; who knows it, and when the next change is due."""

    combination_change: int
    combination: int
    place: str
    custodian: int
    witness: int
    knowers: tuple[Known, ...]
    former: tuple[int, ...]
    """The knowers, by their numbers, who know the number of before and not this one."""
    due_at: str | None
    """None: the lock is out of service, reset to its factory number."""
    lock: str
    """How the lock stands."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The end of the change; the lock's next due date; who knows its number."""
        change, number = self.combination_change, self.combination
        done: Row = {
            "combination_change": change,
            "state": self.state,
            "station": None,
            "done_at": record.at,
            "seq": record.seq,
        }
        lock: Row = {
            "combination": number,
            "state": self.lock,
            "changed_at": record.at,
            "due_at": self.due_at,
            "seq": record.seq,
        }
        next_one = (
            settled("combination", number)
            if self.due_at is None
            else owed("combination", number, self.due_at, self.place, self.custodian)
        )
        return (
            Upsert("combination_change", done),
            Upsert("combination", lock),
            settled("change", change),
            next_one,
            *(self._known(record, one) for one in self.knowers),
            *(Upsert("knower", {"knower": one, "state": "former", "seq": record.seq}) for one in self.former),
        )

    def _known(self, record: Record, one: Known) -> Upsert:
        row: Row = {
            "knower": one.knower,
            "combination": self.combination,
            "person": one.person,
            "state": "knows",
            "since_at": one.since_at or record.at,
            "told_by": one.told_by,
            "combination_change": self.combination_change,
            "cause": None,
            "removed_at": None,
            "seq": record.seq,
        }
        return Upsert("knower", row)


def sharing(
    record: Record, change: int, person: int, state: str, badge: int | None = None, at: str | None = None
) -> Upsert:
    """How it stands with somebody who shall know the new number."""
    row: Row = {
        "combination_change": change,
        "person": person,
        "state": state,
        "badge": badge,
        "confirmed_at": at,
        "seq": record.seq,
    }
    return Upsert("combination_sharing", row)
