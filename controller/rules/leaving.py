"""Leaving: everything that a person holds ends in one step, at once or when their last day is over (C7.2, C7.4).

What ends is `controller.record.leaving`. It never waits for a second person, nor for a trusted clock: it only takes away.
The scope counts as it does for revoking: whoever cannot end all of it can still suspend the person, which stops all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from controller.record.asks.person import LeavePerson
from controller.record.kinds.badge import BadgeRetired, EnrolmentClosed
from controller.record.kinds.custody import CustodyRecalled
from controller.record.kinds.key_loan import LEFT, KeyRecalled, KeyReservationEnded
from controller.record.kinds.knower import REMOVED, KnowerRemoved
from controller.record.kinds.membership import MembershipEnded
from controller.record.kinds.person import PersonLeft
from controller.record.kinds.pin import PinCleared, PinEnrolmentClosed
from controller.record.kinds.right import RightRevoked
from controller.record.kinds.transport import TransportRecalled
from controller.record.kinds.trust import OperatorRetired
from controller.record.refusals import Code
from controller.rules import keeper
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.person import PRESENT, Profile, changed, last_day
from controller.rules.schedule import WallClock

_OPERATOR = "operator:"


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that ends with the person: the table of `ENDINGS`, its key there, and what tells it from others."""

    table: str
    id: int | str
    shown: str


Ended = Callable[[int | str, int, int], msgspec.Struct]
"""From key, person and operator (0 for none) to the record by which it ends; of a key that is out, by which it is due."""

ENDED: dict[str, Ended] = {
    "badge": lambda id, person, by: BadgeRetired(int(id), "retired"),
    "enrolment": lambda id, person, by: EnrolmentClosed(str(id), person, Code.ACTIVE_PERSON),
    "access_right": lambda id, person, by: RightRevoked(int(id), by, "revoked"),
    "membership": lambda id, person, by: MembershipEnded(int(id), by, "ended"),
    "pin_enrolment": lambda id, person, by: PinEnrolmentClosed(str(id), person, Code.ACTIVE_PERSON),
    "pin": lambda id, person, by: PinCleared(person, int(id), "cleared"),
    "keeper": lambda id, person, by: keeper.ended(str(id), person, by),
    "key_reservation": lambda id, person, by: KeyReservationEnded(int(id), LEFT, "ended"),
    "key_loan": lambda id, person, by: KeyRecalled(int(id), person),
    "knower": lambda id, person, by: KnowerRemoved(int(id), person, "left", by, REMOVED),
    "custody": lambda id, person, by: CustodyRecalled(int(id), person, by),
    "transport": lambda id, person, by: TransportRecalled(int(id), person),
    "operator": lambda id, person, by: OperatorRetired(int(id), "retired"),
}


def leave(
    ask: LeavePerson, profile: Profile | None, held: Sequence[Held], operator: OperatorFact, by: str, wall: WallClock
) -> Outcome | Refusal:
    """End everything now, or set the day at whose end it ends; a day that is over is now, whenever this arrived."""
    if profile is None or profile.state not in PRESENT:
        return Refusal(Code.SUBJECT, "body.person")
    for thing in held:
        refusal = within(operator, thing.shown) if thing.table == "access_right" else None
        if refusal:
            return refusal
    last = last_day(ask.leaves_on, profile, by, wall)
    if last is None or (isinstance(last, Refusal) and last.code is Code.VALIDITY):
        return end(profile, held, by)
    if isinstance(last, Refusal):
        return last
    if profile.leaves_at is not None and last.over_at >= profile.leaves_at:
        return Refusal(Code.VALIDITY, "body.leaves_on")
    return Outcome((changed(profile, last, profile.text),))


def over(profile: Profile, held: Sequence[Held]) -> Outcome:
    """The person's last day is over: the controller ends everything by the word of whoever set that day."""
    return end(profile, held, profile.leaves_by or "")


def end(profile: Profile, held: Sequence[Held], by: str) -> Outcome:
    """Everything that the person holds ends, and then they have left. `by`: whose word it is."""
    number = int(by[len(_OPERATOR) :]) if by.startswith(_OPERATOR) else 0
    ended = (ENDED[thing.table](thing.id, profile.person, number) for thing in held)
    return Outcome((*ended, PersonLeft(profile.person, by, "left")))
