"""Facts about what is open against a person, for whoever approves: indexed queries, as in `controller.facts`."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from controller.condition_facts import ConditionFacts
from controller.facility import Facility
from controller.rules.violation import Conduct, violations
from controller.storage_facts import in_force


def conduct(connection: sqlite3.Connection, person: int) -> Conduct:
    """What the tables know of the person; nobody's is that of somebody suspended."""
    row = connection.execute(
        """select coalesce((select state from person where person = ?1), ''),
            exists (select 1 from person where person = ?1 and leaves_at is not null),
            exists (select 1 from badge where person = ?1 and state = 'lost'),
            exists (select 1 from access_right where person = ?1 and state = 'suspended')""",
        (person,),
    ).fetchone()
    return Conduct(row[0], bool(row[1]), bool(row[2]), bool(row[3]))


def open_against(
    connection: sqlite3.Connection, facility: Facility, person: int, zones: Iterable[str], now: datetime
) -> tuple[str, ...]:
    """The open violations of a person who would be let into these zones."""
    rules_of = in_force.zones(connection, facility)
    known = (rules_of[zone] for zone in zones if zone in rules_of)
    conditions = {one.id: one for rules in known for one in rules.conditions}.values()
    fulfilments = ConditionFacts(connection).of(person, conditions)
    return violations(conduct(connection, person), conditions, fulfilments, now)
