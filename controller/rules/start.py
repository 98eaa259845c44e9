"""The first run: two people, or one who says so. A single-person start never stands in for a second person (design §5, C7.3).

Theory. A site whose operators are one human, and who did not say so, opens nothing for a dashboard: whoever forgot the second
operator finds out on the first day and not at the audit. One who begins alone on purpose (`start.single`) may do what one
person may do; every record says that nobody else has looked, until another human has (`start.reviewed`). Until then nothing
that takes two people is done for anybody, whatever the roles and however many operators were registered meanwhile: whoever
stands at the console can write down a second name, and the review is the first thing that only the second person does.

What this cannot see is one human who uses two operators that the site does not know to be the same (no `person`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.asks import ReviewStart
from controller.record.kinds.start import StartReviewed, StartSingle
from controller.record.refusals import Code
from controller.rules.authority import EMPLOYEE, OperatorFact
from controller.rules.outcome import Outcome, Refusal

NEEDS_TWO = frozenset(
    {
        "right.approve",
        "review.keep",
        "membership.approve",
        "person.reinstate",
        "person.erase",
        "special_day.approve",
        "pin.unlock",
        "entry.confirm",
        "keeper.approve",
        "carrier.approve",
        "transport.approve",
        "transport.confirm",
        "transport.confirm_by_link",
        "transport.receive",
        "key.authorise",
        "combination.plan",
        "custody.approve",
        "custody.extend",
        "custody.confirm",
        "custody.witness",
    }
)
"""Kinds of requests whose rules ask for a second person. A new one of that sort belongs here too."""


SECURES = frozenset(
    {
        "lockdown.begin",
        "person.leave",
        "person.suspend",
        "badge.retire",
        "pin.clear",
        "right.revoke",
        "right.decline",
        "membership.decline",
        "membership.end",
        "group.close",
        "pledge.withdraw",
        "training.withdraw",
        "special_day.decline",
        "evacuation.begin",
        "carrier.decline",
        "carrier.withdraw",
        "transport.decline",
        "transport.cancel",
        "transport.report_lost",
        "key.return",
        "key.call_off",
        "key.report_lost",
        "key.cancel_reservation",
        "combination.report",
        "combination.break_off",
        "knower.remove",
        "custody.decline",
        "custody.end",
        "custody.collect",
        "thing.retire",
        "sticker.detach",
    }
)
"""What only takes away, or gets people out: it never waits for a second person, not even where nobody has said who begins."""


@dataclass(frozen=True, slots=True)
class Start:
    """A single-person start that waits for its review: its number, who is alone (and which human that is, if known)."""

    start: int
    operator: int
    person: int | None


def differ(one: int, person: int | None, other: OperatorFact) -> bool:
    """Whether operator `one` and `other` are different operators, and different humans as far as the site knows."""
    return one != other.operator and (person is None or person != other.person)


def two_people(operators: Sequence[OperatorFact]) -> bool:
    """Whether the operators, of any state, have ever been more than one human. An employee decides nothing, and counts not."""
    deciding = [one for one in operators if one.roles != {EMPLOYEE}]
    return any(differ(one.operator, one.person, other) for one in deciding for other in deciding)


def sufficient(kind: str, operators: Sequence[OperatorFact], standing: Start | None) -> Refusal | None:
    """Whether the people this site has are enough for requests of this kind; None: yes."""
    if standing is not None:
        return Refusal(Code.SECOND_PERSON, "start.review") if kind in NEEDS_TWO else None
    return None if kind in SECURES or two_people(operators) else Refusal(Code.SECOND_PERSON, "start")


def begin(number: int, operator: int, operators: Sequence[OperatorFact], standing: Start | None) -> Outcome | Refusal:
    """Let `operator` begin alone, as start `number`. Not where a start waits already, nor where there were ever two people."""
    if standing is not None or two_people(operators):
        return Refusal(Code.SUBJECT, "start")
    if operator not in [known.operator for known in operators if known.state == "active"]:
        return Refusal(Code.SUBJECT, "operator")
    return Outcome((StartSingle(number, operator, "single"),))


def review(
    ask: ReviewStart, operator: OperatorFact, standing: Start | None, *, acted: int, size: int
) -> Outcome | Refusal:
    """Let the mark end: another human has looked at every record up to `ask.upto`.

    `acted` is the last record that anybody but the reviewer, or the console, has brought about: what was done after the list
    was made has not been looked at. `size` is the ledger's.
    """
    if standing is None or ask.start != standing.start:
        return Refusal(Code.SUBJECT, "body.start")
    if not differ(standing.operator, standing.person, operator):
        return Refusal(Code.SECOND_PERSON, "start.operator")
    if "*" not in operator.scope:
        return Refusal(Code.SCOPE, "operator.scope")
    if ask.upto > size:
        return Refusal(Code.FORM, "body.upto")
    if ask.upto < acted:
        return Refusal(Code.SUBJECT, "body.upto")
    return Outcome((StartReviewed(standing.start, operator.operator, ask.upto, "reviewed"),))
