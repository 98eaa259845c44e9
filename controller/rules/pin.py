"""PIN as second factor: when a portal asks for one, and what is missing of it (C7.1). What follows a typed one: `pin_wait`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.refusals import Code
from controller.rules.outcome import Refusal
from controller.rules.schedule import Schedule

TO_TYPE = "pin.typed"
"""The place of a refusal that a PIN would lift: the tap waits."""


@dataclass(frozen=True, slots=True)
class PinRules:
    """`[pin]` of `site.toml`: digits at least, seconds to type, wrong tries in a row until the lock-out, and its length."""

    length: int = 6
    wait_s: int = 15
    tries: int = 5
    lockout: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PinHours:
    """When a portal asks for a PIN: in the hours of the schedule of this id, or, with `outside`, at all other times."""

    schedule: str
    outside: bool

    def ask(self, schedules: Mapping[str, Schedule], now: datetime, trusted: bool) -> bool:
        """Whether it asks now. Always where that is doubtful: whatever is doubtful locks."""
        schedule = schedules.get(self.schedule)
        return schedule is None or not trusted or schedule.is_open(now) != self.outside


@dataclass(frozen=True, slots=True)
class PinFact:
    """How it stands with the person's PIN at a portal that asks for one now."""

    has_one: bool = False
    pin: int = 0
    failures: int = 0
    locked: bool = False
    part_failed: bool = False
    """The keypad does not answer."""
    proved: bool = False
    """They typed it just now."""
    seq: int = 0
    """The record that made it what it is."""


def locked(until: datetime | None, now: datetime, trusted: bool) -> bool:
    """Whether a lock-out holds. It outlives a clock that is doubted."""
    return until is not None and (not trusted or now < until)


def missing(fact: PinFact | None) -> Refusal | None:
    """What is missing of the second factor; None where the portal asks for none, or it was proved."""
    if fact is None:
        return None
    if fact.locked:
        return Refusal(Code.PIN_LOCKOUT, "pin.locked_until")
    if not fact.has_one:
        return Refusal(Code.PIN, "pin")
    if fact.proved:
        return None
    return Refusal(Code.PART, "reader.keypad") if fact.part_failed else Refusal(Code.PIN, TO_TYPE)
