"""Who answers for a place: a manager and a deputy, two different people who are here (C3.1).

Theory. One operator proposes, and another one, who is another human, approves: as for rights (C7.3), for whoever answers for a
place decides there on what is carried in and out. Unlike a right it may be one of the two themselves who approves: to answer
for something is a burden that somebody takes on, and a small company has no third person to say so. Nobody appoints alone.

Whoever leaves answers for nothing any more at once (`controller.record.leaving`). The place is then without one, and is shown
as incomplete until another is named; those of the place around stand in meanwhile (`storage_facts/keepers.py`).
"""

from dataclasses import dataclass

from controller.record.asks.keeper import ProposeKeeper
from controller.record.kinds.keeper import KeeperAppointed, KeeperDeclined, KeeperEnded, KeeperProposed, place_of
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Proposal:
    """An appointment as recorded, with what its decision needs."""

    appointment: int
    place: str
    manager: int
    deputy: int
    state: str
    requested_by: int
    requester: int | None
    """The person who is that operator, if the site knows."""
    states: tuple[str | None, str | None] = (None, None)
    """How manager and deputy stand as people."""
    before: tuple[int | None, int | None] = (None, None)
    """Who answers for the place until then."""
    replaces: int | None = None
    """The last appointment that took effect there."""
    there: bool = True
    """Whether there still is such a place."""


def propose(
    ask: ProposeKeeper, operator: OperatorFact, *, number: int, there: bool,
    states: tuple[str | None, str | None],
) -> Outcome | Refusal:  # fmt: skip
    """Ask that these two answer for the place; `states`: how they stand as people, `there`: whether there is such a place."""
    if not there:
        return Refusal(Code.SUBJECT, "body.place")
    if refusal := _unfit(ask.manager, ask.deputy, states, "body"):
        return refusal
    if refusal := within(operator, ask.place):
        return refusal
    record = KeeperProposed(number, ask.place, ask.manager, ask.deputy, operator.operator, "requested")
    return Outcome((record,))


def _unfit(manager: int, deputy: int, states: tuple[str | None, str | None], place: str) -> Refusal | None:
    """Why these two cannot answer for anything; None when they can."""
    for duty, state in zip(("manager", "deputy"), states, strict=True):
        if state != "active":
            return Refusal(Code.SUBJECT, f"{place}.{duty}")
    return Refusal(Code.SECOND_PERSON, f"{place}.deputy") if manager == deputy else None


def approve(found: Proposal | None, operator: OperatorFact) -> Outcome | Refusal:
    """Let them answer for it: not by who asked, nor by whom the site knows to be the same human; nor for who left since."""
    refusal = _undecidable(found, operator)
    if refusal or found is None:
        return refusal or Refusal(Code.SUBJECT, "body.appointment")
    if operator.operator == found.requested_by:
        return Refusal(Code.SECOND_PERSON, "appointment.requested_by")
    if operator.person is not None and operator.person == found.requester:
        return Refusal(Code.SECOND_PERSON, "appointment.requested_by")
    if refusal := _unfit(found.manager, found.deputy, found.states, "appointment"):
        return refusal
    record = KeeperAppointed(
        found.appointment, found.place, found.manager, found.deputy, operator.operator, "active", found.replaces, *found.before
    )
    return Outcome((record,))


def decline(found: Proposal | None, operator: OperatorFact) -> Outcome | Refusal:
    """Say no to an appointment; the one who asked may also take it back so."""
    refusal = _undecidable(found, operator)
    if refusal or found is None:
        return refusal or Refusal(Code.SUBJECT, "body.appointment")
    return Outcome((KeeperDeclined(found.appointment, operator.operator, "declined"),))


def _undecidable(found: Proposal | None, operator: OperatorFact) -> Refusal | None:
    if found is None or found.state != "requested" or not found.there:
        return Refusal(Code.SUBJECT, "body.appointment")
    return within(operator, found.place)


def ended(keeper: str, person: int, operator: int) -> KeeperEnded:
    """The record by which somebody answers for the place no more; `keeper` as in the table."""
    return KeeperEnded(keeper, place_of(keeper), person, operator, "ended")
