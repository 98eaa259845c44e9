"""Companies that carry, as the rules ask for them (C8.6)."""

import sqlite3

from controller.record.canonical import moment
from controller.rules.carrier import Assessment, Carrier


def one(connection: sqlite3.Connection, number: int) -> Carrier | None:
    """The company with this number."""
    row = connection.execute(
        "select carrier, state, assessment_until, pledge_until from carrier where carrier = ?", (number,)
    ).fetchone()
    if row is None:
        return None
    until = [None if text is None else moment(text) for text in row[2:]]
    return Carrier(row[0], row[1], until[0], until[1])


def assessment(connection: sqlite3.Connection, number: int) -> Assessment | None:
    """The assessment with this number."""
    row = connection.execute(
        """select assessment, carrier, carrier_assessment.state, until_at, carrier_assessment.operator, operator.person
        from carrier_assessment left join operator on operator.operator = carrier_assessment.operator
        where assessment = ?""",
        (number,),
    ).fetchone()
    return None if row is None else Assessment(row[0], row[1], row[2], moment(row[3]), row[4], row[5])
