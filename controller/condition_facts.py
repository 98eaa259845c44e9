"""Facts about pledges and training for the rules: indexed queries on the writer's connection, as in `controller.facts`."""

import sqlite3
from collections.abc import Iterable

from controller.record.canonical import moment
from controller.record.conditions import Condition, Fulfilment
from controller.rules.condition import Recorded

_FULFILMENTS = """select fulfilment, condition, version, sha256, until_at, seq from fulfilment
    where person = ? and condition in ({}) and state = 'recorded'"""


class ConditionFacts:
    """Questions that the rules have about who signed and attended what, answered from the tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, person: int, conditions: Iterable[Condition]) -> tuple[Fulfilment, ...]:
        """What the person has signed and attended of these conditions, and nobody withdrew."""
        ids = [condition.id for condition in conditions]
        if not ids:
            return ()
        rows = self._connection.execute(_FULFILMENTS.format(",".join("?" * len(ids))), (person, *ids))
        return tuple(
            Fulfilment(number, id, version, sha256, None if until is None else moment(until), seq)
            for number, id, version, sha256, until, seq in rows
        )

    def recorded_on(self, person: int, condition: Condition, day: str) -> bool:
        """Whether the same (of a pledge: the same text) is on record of this person and day already."""
        row = self._connection.execute(
            """select 1 from fulfilment where person = ? and condition = ? and on_day = ? and version = ?
            and state = 'recorded'""",
            (person, condition.id, day, condition.version),
        ).fetchone()
        return row is not None

    def fulfilment(self, number: int) -> Recorded | None:
        """The fulfilment with this number."""
        row = self._connection.execute(
            "select fulfilment, person, condition, state from fulfilment where fulfilment = ?", (number,)
        ).fetchone()
        return None if row is None else Recorded(*row)

    def right_holders(self, zones: Iterable[str], at: str) -> dict[int, set[str]]:
        """Who may enter these zones now or later, by a right of their own or of a group, and which; `at` as in records.

        A question of the console, and not of the door: it looks at everybody.
        """
        wanted = list(zones)
        marks = ",".join("?" * len(wanted))
        held = f"state = 'active' and until_at > ? and zone in ({marks})"
        rows = self._connection.execute(
            f"""select person, zone from access_right where person is not null and {held}
            union select membership.person, zone from membership join (select team, zone from access_right
                where team is not null and {held}) as theirs on theirs.team = membership.team
            where membership.state = 'active'""",  # noqa: S608 - question marks
            (at, *wanted, at, *wanted),
        )
        found: dict[int, set[str]] = {}
        for person, zone in rows:
            found.setdefault(person, set()).add(zone)
        return found
