"""The decision on a tap: may this badge pass here, now? Default deny; each refusal names what is missing (C7.1, C8.9).

The order of the questions is the order of what a person would have to put right first: the card, the badge, the person, and
only then the right. The way out is never refused (design §11): what is wrong is recorded instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.record.refusals import Code
from controller.rules.outcome import Refusal
from controller.rules.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Tap:
    """What a reader saw: `problem` None, or a code of what the card could not show."""

    credential: str
    """Keyed digest of the credential; empty when the card said nothing."""
    assurance: int
    problem: str | None
    label: str


@dataclass(frozen=True, slots=True)
class BadgeFact:
    """The badge known by the tap's credential, and its person's state."""

    badge: int
    person: int
    state: str
    person_state: str


@dataclass(frozen=True, slots=True)
class RightFact:
    """One right of the person to the zone."""

    access_right: int
    schedule: str
    from_at: datetime
    until_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Yes, by this right; None on the way out."""

    badge: BadgeFact
    access_right: int | None


def identify(tap: Tap, badge: BadgeFact | None) -> BadgeFact | Refusal:
    """Whose badge this is, if it proved itself and may still be used by somebody who may still come."""
    if tap.problem is not None:
        return Refusal(Code(tap.problem), "card")
    if badge is None:
        return Refusal(Code.ENROLMENT, "badge")
    if badge.state != "active":
        return Refusal(Code.ACTIVE_BADGE, "badge.state")
    if badge.person_state != "active":
        return Refusal(Code.ACTIVE_PERSON, "person.state")
    return badge


def decide(
    tap: Tap,
    badge: BadgeFact | None,
    rights: tuple[RightFact, ...],
    least_assurance: int,
    schedules: Mapping[str, Schedule],
    now: datetime,
    locked_down: bool = False,
) -> Grant | Refusal:
    """Whether the tap may enter the zone that takes `least_assurance`; `rights`: this person's to this zone, in any state."""
    known = identify(tap, badge)
    if isinstance(known, Refusal):
        return known
    if locked_down:
        return Refusal(Code.LOCKDOWN, "zone.lockdown")
    if tap.assurance < least_assurance:
        return Refusal(Code.ASSURANCE, "zone.least_assurance")
    nearest = Refusal(Code.RIGHT, "right")
    for right in rights:
        missing = _missing(right, schedules, now)
        if missing is None:
            return Grant(known, right.access_right)
        nearest = max(nearest, missing, key=_nearness)
    return nearest


def leave(tap: Tap, badge: BadgeFact | None) -> Grant | Refusal:
    """Who leaves. A Refusal here does not keep anybody in: it names what is wrong with the badge, for the record."""
    known = identify(tap, badge)
    return known if isinstance(known, Refusal) else Grant(known, None)


def _missing(right: RightFact, schedules: Mapping[str, Schedule], now: datetime) -> Refusal | None:
    if right.state == "requested":
        return Refusal(Code.APPROVAL, f"right.{right.access_right}.state")
    if right.state != "active":
        return Refusal(Code.RIGHT, f"right.{right.access_right}.state")
    if not right.from_at <= now < right.until_at:
        return Refusal(Code.VALIDITY, f"right.{right.access_right}.until_at")
    schedule = schedules.get(right.schedule)
    if schedule is None or not schedule.is_open(now):
        return Refusal(Code.SCHEDULE, f"right.{right.access_right}.schedule")
    return None


def _nearness(refusal: Refusal) -> int:
    """Of several rights that do not hold, the person is told of the one that comes nearest."""
    return (Code.RIGHT, Code.APPROVAL, Code.VALIDITY, Code.SCHEDULE).index(refusal.code)
