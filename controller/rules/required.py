"""That the number of a lock has to be changed: a new change, or one more reason for the one that is open (C8.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.change import (
    BROKEN_OFF,
    OPEN,
    RUNNING,
    ChangeBrokenOff,
    ChangeJoined,
    ChangeRequired,
    Reason,
)
from controller.record.private import PrivateRef
from controller.record.schedule import WallClock
from controller.rules.trigger import Terms, due_at, undoes


@dataclass(frozen=True, slots=True)
class Lock:
    """A combination lock as recorded."""

    combination: int
    place: str
    sort: str
    digits: int
    custodian: int
    station: str
    max_age_days: int
    change_when_added: bool
    state: str
    seal: str
    changed: bool
    """Whether its number is not its factory's any more."""
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change as recorded that is not done yet."""

    change: int
    combination: int
    state: str
    step: str
    due_at: datetime
    custodian: int | None = None
    witness: int | None = None
    station: str = ""
    called_until: datetime | None = None
    manner: str | None = None
    reasons: tuple[Reason, ...] = ()
    expected: tuple[int, ...] = ()
    """Who shall know the new number beside the two, and has not confirmed it yet."""
    confirmed: tuple[int, ...] = field(default=())

    @property
    def is_set(self) -> bool:
        """Whether a new number was set in it."""
        return self.step not in ("", "begun")

    @property
    def holders(self) -> frozenset[int]:
        """Who knows the number that was set in it."""
        return frozenset((*self.people, *self.confirmed) if self.is_set else ())

    @property
    def people(self) -> tuple[int, ...]:
        """Custodian and witness, once it is planned."""
        return tuple(one for one in (self.custodian, self.witness) if one is not None)


def require(
    lock: Lock,
    change: Change | None,
    reasons: Sequence[Reason],
    terms: Terms,
    wall: WallClock,
    number: int,
    *,
    stands: str,
    manager: int | None,
) -> tuple[msgspec.Struct, ...]:
    """The records that ask for a change, `number` if it is a new one, or that join the one that is open.

    The earliest due date counts. Where a number was set already that is no better by now, what was confirmed is void.
    """
    due, of = due_at(reasons, terms, wall, lock.due_at), (lock.place, lock.custodian, manager, stands)
    if change is None:
        chased = any(one.reason != "age" for one in reasons)
        return (ChangeRequired(number, lock.combination, tuple(reasons), timestamp(due), *of, chased, OPEN),)
    undone = next((one for one in reasons if change.is_set and undoes(one, change.holders)), None)
    broken = () if undone is None else (break_off(change, undone.reason, 0, keep=False),)
    state = broken[0].state if broken else change.state
    until = timestamp(min(due, change.due_at))
    return (*broken, ChangeJoined(change.change, lock.combination, tuple(reasons), until, *of, True, state))


def break_off(
    change: Change, code: str, operator: int, *, keep: bool, replan: bool = False, reason: PrivateRef | None = None
) -> ChangeBrokenOff:
    """The change stands still. `keep`: it goes on where it was; else the number is set again. `replan`: its plan is void."""
    keep = keep and not replan
    state = OPEN if replan else BROKEN_OFF if change.state in (RUNNING, BROKEN_OFF) else change.state
    again = () if keep else change.confirmed
    return ChangeBrokenOff(change.change, code, operator, reason, change.step if keep else "", again, state)
