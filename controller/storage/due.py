"""The tick of what falls due, of whatever noun: it belongs to the loop's thread, and keeps nothing in memory.

Only by a clock that is trusted: one that runs ahead alarms nobody. Some at a time, so that a site that was off for a month does
not let people wait at its doors while it tells what has become overdue; the next turn follows at once.
"""

from collections.abc import Iterator

import msgspec

from controller import days
from controller.facility import Facility
from controller.facts import Facts
from controller.rules.business import BusinessHours
from controller.rules.clock import trusted
from controller.rules.due import look
from controller.rules.outcome import Outcome
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import due as due_facts
from controller.timekeeper import Now

MOST = 20
"""How many are looked at in one turn: some milliseconds."""


class Due:
    """What is due is told."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts

    def _hours(self) -> BusinessHours:
        """The hours in which somebody can be expected to answer, with the special days that operators have set."""
        schedules = days.schedules(self._facility, days.in_force(self._facts.connection))
        return BusinessHours(self._facility.timezone, schedules.get(self._facility.due_schedule))

    def due(self, now: Now) -> Iterator[Outcome]:
        """What has come to a stage, in one outcome: it is appended as a whole, on the tables as they were read."""
        if not trusted(now.clock):
            return
        pressing = due_facts.pressing(self._facts.connection, now.judged, MOST)
        if not pressing:
            return
        hours = self._hours()
        found = (look(owed, now.judged, hours) for owed in pressing)
        records = tuple(record for record in found if record is not None)
        if records:
            yield Outcome(records)

    def wait_s(self, now: Now) -> float | None:
        """Seconds until something comes to a stage; None: nothing waits, or nobody knows the time."""
        return due_facts.wait_s(self._facts.connection, now.judged) if trusted(now.clock) else None

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """Badges are nothing to it."""

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """Nor are things."""

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """Nor is what is typed."""

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Whatever is owed says so in its own rows: nothing follows here."""
        return ()

    def reload(self) -> None:
        """Nothing is kept."""

    def lose(self) -> None:
        """Nothing is kept."""
