"""Special days: what operators have set and asked for, from the tables; and the site's schedules with them (C8.8).

Computed anew when a record changes them, and not at every tap: a schedule with its days is one object, and asking it is
arithmetic.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from controller.facility import Facility
from controller.facts import Facts
from controller.record.hours import read_windows
from controller.record.schedule import ALWAYS, Schedule, SpecialDay
from controller.rules.posture import Unlocking
from controller.rules.special_day import Hours, Standing

MOST = 4000
"""Days looked at, the latest first: more than can be ahead, so that those long past cost nothing."""

IN_FORCE = "select special_day, day, schedule, hours from special_day where state = 'set' order by day desc limit ?"
STANDING = """select special_day, day, schedule, hours, special_day.state, requested_by, operator.person
    from special_day left join operator on operator.operator = requested_by where special_day = ?"""


def in_force(connection: sqlite3.Connection) -> list[SpecialDay]:
    """The special days that operators have set, past ones too: of the night before, the morning is still to come."""
    rows = connection.execute(IN_FORCE, (MOST,))
    return [
        SpecialDay(date.fromisoformat(day), schedule, read_windows(hours), special_day=number)
        for number, day, schedule, hours in rows
    ]


def standing(connection: sqlite3.Connection, number: int) -> Standing | None:
    """The special day with this number, in any state."""
    row = connection.execute(STANDING, (number,)).fetchone()
    return None if row is None else Standing(*row)


def set_there(connection: sqlite3.Connection, day: str, schedule: str) -> tuple[int, ...]:
    """The special days that hold for just this day and schedule: what a new one takes the place of."""
    rows = connection.execute(
        "select special_day from special_day where state = 'set' and day = ? and schedule = ?", (day, schedule)
    )
    return tuple(number for (number,) in rows)


def hours(facility: Facility, facts: Facts) -> Hours:
    """The site's schedules, as the settings have them and as they hold now."""
    asking = frozenset(
        portal.pin.schedule
        for portal in facility.portals.values()
        if portal.pin is not None and not portal.pin.outside
    )
    return Hours(facility.schedules, schedules(facility, in_force(facts.connection)), asking)


def schedules(facility: Facility, special: Sequence[SpecialDay]) -> Mapping[str, Schedule]:
    """The site's schedules with these special days before those of the settings."""
    if not special:
        return facility.schedules
    calendar = facility.calendar.with_special(special)
    return {
        id: schedule if id == ALWAYS else replace(schedule, calendar=calendar)
        for id, schedule in facility.schedules.items()
    }


class Days:
    """The site's schedules as they hold now; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self.schedules: Mapping[str, Schedule] = facility.schedules

    def reload(self) -> None:
        """Reads the special days from the tables."""
        self.schedules = schedules(self._facility, in_force(self._facts.connection))

    def unlocking(self, rule: Unlocking) -> Unlocking:
        """A portal's rule, on the schedule as it holds now."""
        return rule if rule.schedule is None else replace(rule, schedule=self.schedules[rule.schedule.id])
