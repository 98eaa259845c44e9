"""What is open against a person when a right of theirs is approved: it stops nothing, and nobody did not know (C7.2).

The approval's record names it, so that an auditor sees what was approved in spite of what. What only the dashboard knows, as
refused entries of late, it shows beside this.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.record.conditions import HELD, Condition, Fulfilment, standing

SUSPENDED, LEAVING, LOST, OVERDUE = "suspended", "leaving", "lost_badge", "overdue_review"
"""Suspended; a leaving date is set; a badge of theirs is lost; a right of theirs was not reviewed in time."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the tables know of a person that whoever approves should know."""

    state: str
    leaving: bool
    lost_badge: bool
    overdue_review: bool


def violations(
    conduct: Conduct, conditions: Iterable[Condition], fulfilments: Collection[Fulfilment], now: datetime
) -> tuple[str, ...]:
    """The open violations, by code; a pledge or a course that the zones require and the person lacks by its own name."""
    known = (
        (SUSPENDED, conduct.state != "active"),
        (LEAVING, conduct.leaving),
        (LOST, conduct.lost_badge),
        (OVERDUE, conduct.overdue_review),
    )
    lacking = {one.id: None for one in conditions if standing(one, fulfilments, now).state != HELD}
    return (*(code for code, holds in known if holds), *lacking)
