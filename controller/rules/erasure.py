"""Erasing a person: names and texts go from every copy, the number stays (design §4; 個人情報保護法 articles 22 and 35).

It cannot be undone, so it takes two people (C7.3): one suspends the person or lets them leave, and another one erases
them. There is no third state to wait in: whoever is suspended opens nothing meanwhile, and the suspension can be ended.
Nobody erases themselves, and nobody whom the site knows to be the same human as the one who suspended.

Where the person is an operator too, that name goes with the others; it was one human. An operator who still acts has to have a
name that can be asked for, so they are retired first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.kinds.badge import BadgeRetired
from controller.record.kinds.membership import MembershipEnded
from controller.record.kinds.person import REASONS, PersonErased
from controller.record.kinds.pin import PinCleared
from controller.record.kinds.right import RightRevoked
from controller.record.refusals import Code
from controller.rules import keeper
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as recorded, with all that ends with them."""

    person: int
    state: str
    state_by: str
    """Who last changed the state, as in records: `operator:3`, `console`."""
    changer: int | None
    """The person who is that operator, if the site knows."""
    operating: bool
    """They are an operator who still acts."""
    badges: Sequence[int]
    """Those that count."""
    rights: Sequence[tuple[int, str]]
    """Those that hold or were requested, each with its zone."""
    memberships: Sequence[int] = ()
    """Those that hold or were requested."""
    pin: int = 0
    """The number of their PIN; 0 for none."""
    keepers: Sequence[str] = ()
    """What they answer for, as in the table `keeper`."""


def erase(subject: Subject | None, reason: str, operator: OperatorFact, by: str) -> Outcome | Refusal:
    """Retire the person's badges, end their rights, and let everything written about them go. `by`: who asks, as in records."""
    if reason not in REASONS:
        return Refusal(Code.FORM, "body.reason")
    if subject is None or subject.state not in ("suspended", "left"):
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == subject.person or not _second(subject, operator, by):
        return Refusal(Code.SECOND_PERSON, "person.state_by")
    if subject.operating:
        return Refusal(Code.SUBJECT, "operator.state")
    for _, zone in subject.rights:
        if refusal := within(operator, zone):
            return refusal
    return Outcome(
        (
            *(BadgeRetired(badge, "retired") for badge in subject.badges),
            *(RightRevoked(right, operator.operator, "revoked") for right, _ in subject.rights),
            *(MembershipEnded(number, operator.operator, "ended") for number in subject.memberships),
            *(keeper.ended(id, subject.person, operator.operator) for id in subject.keepers),
            *([PinCleared(subject.person, subject.pin, "cleared")] if subject.pin else []),
            PersonErased(subject.person, reason, "erased"),
        )
    )


def _second(subject: Subject, operator: OperatorFact, by: str) -> bool:
    """Whether somebody else suspended them. What the controller did by itself was nobody."""
    someone = subject.state_by == "console" or subject.state_by.startswith("operator:")
    return someone and subject.state_by != by and (subject.changer is None or subject.changer != operator.person)
