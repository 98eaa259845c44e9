"""The decision on a tap: may this badge pass here, now? Default deny; each refusal names what is missing (C7.1, C8.9).

`CHECKS` is the decision, in order: the order of what a person would have to put right first: the card, the badge, the
person, and only then the right and what else the zone asks for. At the door the first check that misses something is
the answer (`decide`); `sekimori explain` prints what each of the same checks says (`explain`). The way out is never
refused (design §11): what is wrong is recorded instead.

A further rule is a row of `CHECKS`, the facts it looks at are fields of `Case`, and what a zone asks for is in `ZoneRules`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.record.conditions import PLEDGE, TRAINING, Fulfilment
from controller.record.kinds.right import ESCORT, ESCORTED, OWN
from controller.record.measures import LEAST_ASSURANCE, TWO_PERSON, assurance
from controller.record.refusals import Code
from controller.rules import condition
from controller.rules.outcome import Refusal
from controller.rules.passback import Way, keeps_out
from controller.rules.pin import PinFact
from controller.rules.pin import missing as missing_of_pin
from controller.rules.presence import Room
from controller.rules.schedule import Schedule
from controller.rules.zone import ZoneRules


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
    """0: the person has none. No tap is like that, but one may ask what would become of it."""
    person: int
    state: str
    person_state: str
    seq: int = 0
    """The record that made the badge what it is."""
    person_seq: int = 0
    leaves_at: datetime | None = None
    """When the person's last day is over; None where none is set."""


@dataclass(frozen=True, slots=True)
class RightFact:
    """One right to the zone, the person's own or one of a group that they are in."""

    access_right: int
    schedule: str
    from_at: datetime
    until_at: datetime
    state: str
    seq: int = 0
    """The record that made the right what it is."""
    manner: str = OWN
    """One of `controller.record.kinds.right.MANNERS`."""
    team: int | None = None
    """The group whose right it is; None for the person's own."""
    through: int | None = None
    """The record that made them a member of it."""
    judged_seq: int = 0
    """The record in which somebody last decided on it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Yes, by this right; None on the way out."""

    badge: BadgeFact
    access_right: int | None
    manner: str = OWN
    """How it lets in, one of `controller.record.kinds.right.MANNERS`."""


@dataclass(frozen=True, slots=True)
class Case:
    """A tap that leads into a zone, with every fact that the decision looks at."""

    tap: Tap
    badge: BadgeFact | None
    zone: ZoneRules
    now: datetime
    schedules: Mapping[str, Schedule]
    rights: tuple[RightFact, ...] = ()
    """The person's to this zone, in any state."""
    lockdowns: tuple[int, ...] = ()
    """The records by which the zone, or the site, is locked down."""
    blocking: str = ""
    """An interlocked portal that is not secure."""
    fulfilments: tuple[Fulfilment, ...] = ()
    """What the person has signed and attended of what the zone requires."""
    evacuations: tuple[int, ...] = ()
    """The records by which it is being evacuated."""
    way: Way | None = None
    """Where the tap comes from, and where its holder was last seen; None where the zone does not ask."""
    rooms: tuple[Room, ...] = ()
    """How full the zones with a limit are that the tap leads into."""
    opened_by: frozenset[int] = frozenset()
    """Who has the container open that the tap leads into, or has it released for them."""
    pin: PinFact | None = None
    """The second factor, where the portal asks for one now."""
    accompanied: bool = True
    """Whether others are asked for beside this tap, by `party.py`, as they are at a door; else alone is what it is."""
    others: int | None = None
    """How many other right holders are certainly inside, where nobody may be alone and the tap is; None where one may."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the decision."""

    name: str
    ask: Callable[[Case], Refusal | None]
    """What is missing, None for nothing."""
    behind: Callable[[Case], tuple[int, ...]] = lambda case: ()
    """The records that its answer rests on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of a case: `refusal` None means passed. `asked` False: it cannot be asked, nobody is known."""

    check: str
    refusal: Refusal | None
    behind: tuple[int, ...]
    asked: bool = True


def _card(case: Case) -> Refusal | None:
    """The card could be read, and proved to be what it says."""
    return None if case.tap.problem is None else Refusal(Code(case.tap.problem), "card")


def _enrolment(case: Case) -> Refusal | None:
    """A badge is known by this credential."""
    return None if case.badge is not None and case.badge.badge > 0 else Refusal(Code.ENROLMENT, "badge")


def _active_badge(case: Case) -> Refusal | None:
    """The badge is neither lost nor retired."""
    active = case.badge is not None and case.badge.state == "active"
    return None if active else Refusal(Code.ACTIVE_BADGE, "badge.state")


def _active_person(case: Case) -> Refusal | None:
    """The person may still come at all: neither suspended nor gone, nor is their last day over (C7.2, C7.4)."""
    if case.badge is None or case.badge.person_state != "active":
        return Refusal(Code.ACTIVE_PERSON, "person.state")
    leaves_at = case.badge.leaves_at
    return None if leaves_at is None or case.now < leaves_at else Refusal(Code.ACTIVE_PERSON, "person.leaves_at")


def _no_lockdown(case: Case) -> Refusal | None:
    """Neither the zone nor the site is locked down."""
    return Refusal(Code.LOCKDOWN, "zone.lockdown") if case.lockdowns else None


def _assurance(case: Case) -> Refusal | None:
    """The badge proved as much as the zone takes."""
    enough = case.tap.assurance >= case.zone.least_assurance
    return None if enough else Refusal(Code.ASSURANCE, _place(case, LEAST_ASSURANCE))


def _right(case: Case) -> Refusal | None:
    """One of the person's rights holds; else what the nearest of them misses (C7.1, C7.3)."""
    nearest = Refusal(Code.RIGHT, "right")
    for right in case.rights:
        missing = lacking(right, case.schedules, case.now)
        if missing is None:
            return None
        nearest = max(nearest, missing, key=_nearness)
    return nearest


def _pledge(case: Case) -> Refusal | None:
    """Every pledge that the zone requires is signed, in its present text, and has not ended (C7.6)."""
    return condition.missing(PLEDGE, case.zone.conditions, case.fulfilments, case.now)


def _training(case: Case) -> Refusal | None:
    """Every course that the zone requires was attended, and not too long ago (C5.1)."""
    return condition.missing(TRAINING, case.zone.conditions, case.fulfilments, case.now)


def _interlock(case: Case) -> Refusal | None:
    """No portal stands open with which this one is interlocked."""
    return Refusal(Code.INTERLOCK, f"portal.{case.blocking}") if case.blocking else None


def _closing(case: Case) -> Refusal | None:
    """Nobody else has the container open: it is in one person's hands at a time (C8.1)."""
    own = case.badge is not None and case.badge.person in case.opened_by
    return Refusal(Code.CLOSING, "container.opened_by") if case.opened_by and not own else None


def _no_evacuation(case: Case) -> Refusal | None:
    """Nobody is being led out of the zone or the site. Last: who would come in otherwise is told to stay outside."""
    return Refusal(Code.EVACUATION, "zone.evacuation") if case.evacuations else None


def _exit(case: Case) -> Refusal | None:
    """By the records the person is where this door leads from (anti-passback, hard)."""
    return Refusal(Code.EXIT, "presence.zone") if keeps_out(case.zone, case.way, case.now) else None


def _seen(case: Case) -> tuple[int, ...]:
    known = None if case.way is None else case.way.whereabouts
    return () if known is None else (known.seq, known.doubt_seq)


def _room(case: Case) -> Refusal | None:
    """Neither the zone nor one around it is full."""
    full = next((room for room in case.rooms if room.full), None)
    return None if full is None else Refusal(Code.ROOM, f"zone.{full.zone}.most_inside")


def _pin(case: Case) -> Refusal | None:
    """The PIN was proved too, where the portal asks for one now."""
    return missing_of_pin(case.pin)


def _escort(case: Case) -> Refusal | None:
    """By the right that lets in best nobody is needed beside the person (C7.7)."""
    if case.accompanied or (best := _best(case)) is None or best.manner != ESCORTED:
        return None
    return Refusal(Code.ESCORT, f"right.{best.access_right}.manner")


def _second_person(case: Case) -> Refusal | None:
    """The person would not be alone in a zone that nobody may be alone in (C8.9)."""
    alone = not case.accompanied and case.others is not None and case.others < TWO
    return Refusal(Code.SECOND_PERSON, _place(case, TWO_PERSON)) if alone else None


def _place(case: Case, sort: str) -> str:
    """What asks for it: an asset that is kept in the zone, the one that asks for most, or the zone's own settings (C1.2)."""
    asked = case.zone.asking(sort)
    return f"asset.{max(asked, key=assurance).asset}.{sort}" if asked else f"zone.{sort}"


def _asked_by(case: Case, sort: str) -> tuple[int, ...]:
    """The records of the assets that ask for it."""
    return tuple(demand.seq for demand in case.zone.asking(sort))


CHECKS = (
    Check("card", _card),
    Check("enrolment", _enrolment, lambda case: () if case.badge is None else (case.badge.seq,)),
    Check("active_badge", _active_badge, lambda case: () if case.badge is None else (case.badge.seq,)),
    Check("active_person", _active_person, lambda case: () if case.badge is None else (case.badge.person_seq,)),
    Check("lockdown", _no_lockdown, lambda case: case.lockdowns),
    Check(
        "assurance",
        _assurance,
        lambda case: (*(() if case.badge is None else (case.badge.seq,)), *_asked_by(case, LEAST_ASSURANCE)),
    ),
    Check("right", _right, lambda case: tuple(seq for right in case.rights for seq in behind(right))),
    Check("pledge", _pledge, lambda case: (*condition.behind(PLEDGE, case.fulfilments), *_asked_by(case, PLEDGE))),
    Check(
        "training",
        _training,
        lambda case: (*condition.behind(TRAINING, case.fulfilments), *_asked_by(case, TRAINING)),
    ),
    Check("exit", _exit, _seen),
    Check("room", _room),
    Check("closing", _closing),
    Check("interlock", _interlock),
    Check("evacuation", _no_evacuation, lambda case: case.evacuations),
    Check("pin", _pin, lambda case: () if case.pin is None or not case.pin.seq else (case.pin.seq,)),
    Check("escort", _escort, lambda case: () if (best := _best(case)) is None else behind(best)),
    Check("second_person", _second_person, lambda case: _asked_by(case, TWO_PERSON)),
)
"""The decision, in order. A name is how `explain` calls the check; its words are in `words.toml`."""

_OF_A_BADGE = frozenset({"active_badge", "assurance"})
"""What cannot be asked of somebody without a badge."""

_BY_COMPANY = (ESCORT, OWN, ESCORTED)
"""The manners of rights, the one first that may do the most."""

TWO = 2
"""So many right holders have to be inside or to come together where nobody may be alone."""

IDENTIFYING = 4
"""So many of them are about the badge and whose it is: what is asked on the way out too."""


def decide(case: Case) -> Grant | Refusal:
    """Whether the tap may enter the zone: the first thing that is missing, or the right by which it may."""
    for check in CHECKS:
        missing = check.ask(case)
        if missing is not None:
            return missing
    return _granted(case)


def explain(case: Case) -> tuple[Finding, ...]:
    """What every check says of the case, in order; `decide` answers the first that is missing."""
    return tuple(
        Finding(check.name, check.ask(case), check.behind(case))
        if _can_be_asked(check, case.badge)
        else Finding(check.name, None, (), asked=False)
        for check in CHECKS
    )


def _can_be_asked(check: Check, badge: BadgeFact | None) -> bool:
    if badge is None:
        return check.name not in _OF_A_BADGE and check.name != "active_person"
    return badge.badge > 0 or check.name not in _OF_A_BADGE


def leave(case: Case) -> Grant | Refusal:
    """Who leaves. A Refusal here does not keep anybody in: it names what is wrong with the badge, for the record."""
    for check in CHECKS[:IDENTIFYING]:
        missing = check.ask(case)
        if missing is not None:
            return missing
    return Refusal(Code.ENROLMENT, "badge") if case.badge is None else Grant(case.badge, None)


def _granted(case: Case) -> Grant | Refusal:
    """The grant, by the best right that holds. What passed every check has a badge and a right: default deny, if not."""
    if case.badge is None:
        return Refusal(Code.ENROLMENT, "badge")
    best = _best(case)
    return Refusal(Code.RIGHT, "right") if best is None else Grant(case.badge, best.access_right, best.manner)


def _best(case: Case) -> RightFact | None:
    """Of the rights that hold, the first of those that ask for the least company; None for none."""
    holding = (right for right in case.rights if lacking(right, case.schedules, case.now) is None)
    return min(holding, key=lambda right: _BY_COMPANY.index(right.manner), default=None)


def lacking(right: RightFact, schedules: Mapping[str, Schedule], now: datetime) -> Refusal | None:
    """What one right lacks to let in now; None for nothing. What the zone asks beside is the other checks' affair."""
    if right.state == "requested":
        return Refusal(Code.APPROVAL, f"right.{right.access_right}.state")
    if right.state == "suspended":
        return Refusal(Code.REVIEW, f"right.{right.access_right}.review")
    if right.state != "active":
        return Refusal(Code.RIGHT, f"right.{right.access_right}.state")
    if not right.from_at <= now < right.until_at:
        return Refusal(Code.VALIDITY, f"right.{right.access_right}.until_at")
    schedule = schedules.get(right.schedule)
    if schedule is None or not schedule.is_open(now):
        return Refusal(Code.SCHEDULE, f"right.{right.access_right}.schedule")
    if right.manner not in _BY_COMPANY:
        return Refusal(Code.RIGHT, f"right.{right.access_right}.manner")
    return None


def behind(right: RightFact) -> tuple[int, ...]:
    """The records that a right rests on: its own, and the one that made the person a member of its group."""
    return (right.seq,) if right.through is None else (right.seq, right.through)


def _nearness(refusal: Refusal) -> int:
    """Of several rights that do not hold, the person is told of the one that comes nearest."""
    return (Code.RIGHT, Code.APPROVAL, Code.REVIEW, Code.VALIDITY, Code.SCHEDULE).index(refusal.code)
