"""A tap that misses nothing opens: the entry, and what is wrong with it all the same (soft anti-passback)."""

from dataclasses import replace

from controller.rules import passage, passback
from controller.rules.access import Case, Grant
from controller.rules.outcome import Outcome
from controller.rules.passage import At


def admit(at: At, case: Case, grant: Grant) -> Outcome:
    """Lets this one person in."""
    number = 0 if case.pin is None else case.pin.pin
    entered = passage.enter(at, "in", case.zone.id, grant, case.tap.assurance, number)
    who = (grant.badge.person, grant.badge.badge)
    return replace(entered, then=(*passback.violated(case.zone, case.way, case.now, at.portal, who), *entered.then))
