"""Combination locks: registered, moved, reported, retired (C8.3, C8.4).

What is asked here brings its change with it, in the same outcome; what happens elsewhere is found by `trigger.needs`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec

from controller.record.asks.combination import (
    AppointCustodian,
    RegisterCombination,
    RelocateCombination,
    ReportCombination,
)
from controller.record.canonical import timestamp
from controller.record.kinds.change import Reason
from controller.record.kinds.combination import (
    IN_SERVICE,
    REPORTS,
    RETIRED,
    RETIRING,
    SORTS,
    CombinationAppointed,
    CombinationRegistered,
    CombinationRelocated,
    CombinationReported,
    CombinationRetired,
)
from controller.record.kinds.knower import KNOWS, KnowerAdded
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.record.schedule import WallClock
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Change, Lock, require
from controller.rules.trigger import Terms

_GAPS = re.compile(r"(?<=\d)[ \-‐-―−・./_,:]+(?=\d)")
_RUNS = re.compile(r"\d+")
_TELLING = 5
"""From so many digits on, a number within a sentence looks like one; fewer are a year or a room."""


@dataclass(frozen=True, slots=True)
class Place:
    """A zone or container as it is now: where it stands, who answers for it, and by which scopes it is covered."""

    id: str
    stands: str
    manager: int | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Who:
    """A person whom a request names: their state, None for nobody, and whether they hold a right in force to the place."""

    person: int
    state: str | None
    right: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What every rule here looks at beside its own facts."""

    operator: OperatorFact
    place: Place | None
    """The lock's as it is now; None: there is no such place any more."""
    terms: Terms
    wall: WallClock
    change: Change | None
    """The one that is open, if there is one."""
    next_change: int


def tells(text: str, digits: int) -> bool:
    """Whether this looks like a number of a lock with so many digits: it is refused wherever somebody writes it."""
    runs = _RUNS.findall(_plain(text))
    return bare(text, digits) or (digits >= _TELLING and any(len(run) == digits for run in runs))


def bare(text: str, digits: int) -> bool:
    """Whether this is nothing but as many digits as the lock has, however they are written and parted."""
    plain = _plain(text)
    return plain.isdigit() and len(plain) == digits


def _plain(text: str) -> str:
    return _GAPS.sub("", unicodedata.normalize("NFKC", text)).strip()


def secret(texts: Mapping[str, str], digits: int) -> Refusal | None:
    """The refusal of texts of which one looks like the lock's number; None: none does."""
    place = next((name for name, text in texts.items() if tells(text, digits)), None)
    return None if place is None else Refusal(Code.SECRECY, f"private.{place}")


def fit(who: Who, place: str) -> Refusal | None:
    """Whether this person may be told the number of a lock."""
    if who.state != "active":
        return Refusal(Code.ACTIVE_PERSON if who.state else Code.SUBJECT, place)
    return None if who.right else Refusal(Code.RIGHT, place)


def covered(operator: OperatorFact, lock: Lock, place: Place | None) -> Refusal | None:
    """Whether the lock is in the operator's scope."""
    return within(operator, lock.place, *(() if place is None else place.scopes))


def register(
    ask: RegisterCombination,
    number: int,
    text: PrivateRow,
    scene: Scene,
    custodian: Who,
    next_knower: int,
    *,
    station: bool,
) -> Outcome | Refusal:
    """Put lock `number` on record. A new one has its factory's number, and its change is due at once; one of before has a
    number that its custodian knows, who can say who else does."""
    place = scene.place
    if ask.sort not in SORTS:
        return Refusal(Code.FORM, "body.sort")
    if place is None:
        return Refusal(Code.SUBJECT, "body.place")
    if not station:
        return Refusal(Code.SUBJECT, "body.station")
    refusal = within(scene.operator, *place.scopes) or fit(custodian, "body.custodian")
    if refusal or (refusal := secret(text.text, ask.digits)):
        return refusal
    changed = _changed_on(ask, scene.wall)
    if isinstance(changed, Refusal):
        return changed
    days = ask.max_age_days or scene.terms.max_age_days
    due_at = None if changed is None else scene.wall.end_of(changed + timedelta(days=days - 1))
    lock = Lock(
        number, place.id, ask.sort, ask.digits, ask.custodian, ask.station, days, ask.change_when_added, IN_SERVICE, "",
        changed is not None, due_at,
    )  # fmt: skip
    record = CombinationRegistered(
        number, text.ref(), place.id, ask.sort, ask.digits, ask.custodian, ask.station, days, ask.change_when_added,
        place.manager, place.stands, ask.changed_on, None if due_at is None else timestamp(due_at),
        scene.operator.operator, IN_SERVICE,
    )  # fmt: skip
    if changed is None:
        return Outcome((record, *asked_for(lock, scene, Reason("installation"))), private=(text,))
    known = KnowerAdded(next_knower, number, ask.custodian, ask.custodian, scene.operator.operator, KNOWS)
    return Outcome((record, known), private=(text,))


def _changed_on(ask: RegisterCombination, wall: WallClock) -> date | Refusal | None:
    if ask.changed_on is None:
        return None
    try:
        day = date.fromisoformat(ask.changed_on)
    except ValueError:
        return Refusal(Code.FORM, "body.changed_on")
    if day.isoformat() != ask.changed_on:
        return Refusal(Code.FORM, "body.changed_on")
    return day if date(2000, 1, 1) <= day <= wall.today else Refusal(Code.VALIDITY, "body.changed_on")


def appoint(ask: AppointCustodian, lock: Lock | None, scene: Scene, custodian: Who) -> Outcome | Refusal:
    """Let another person keep the lock."""
    refusal = of_use(lock, scene)
    if lock is None or refusal:
        return refusal or Refusal(Code.SUBJECT)
    if ask.custodian == lock.custodian:
        return Refusal(Code.SUBJECT, "body.custodian")
    if refusal := fit(custodian, "body.custodian"):
        return refusal
    due = None if lock.due_at is None else timestamp(lock.due_at)
    record = CombinationAppointed(lock.combination, ask.custodian, lock.place, due, scene.operator.operator)
    kept = replace(lock, custodian=ask.custodian)
    return Outcome((record, *asked_for(kept, scene, Reason("manager", ask.custodian))))


def relocate(
    ask: RelocateCombination, lock: Lock | None, scene: Scene, *, station: bool, before: Place | None
) -> Outcome | Refusal:
    """The lock is at another place, which `scene.place` is; one that stays needs no change.

    Whoever moves it answers for the place that it leaves, `before`: nobody fetches another zone's lock into their own scope.
    """
    refusal = of_use(lock, scene) or (None if lock is None else covered(scene.operator, lock, before))
    if lock is None or refusal:
        return refusal or Refusal(Code.SUBJECT)
    if not station:
        return Refusal(Code.SUBJECT, "body.station")
    if (ask.place, ask.station) == (lock.place, lock.station):
        return Refusal(Code.SUBJECT, "body.place")
    due = None if lock.due_at is None else timestamp(lock.due_at)
    record = CombinationRelocated(
        lock.combination, ask.place, ask.station, lock.custodian, due, scene.operator.operator
    )
    moved = replace(lock, place=ask.place, station=ask.station)
    asked = () if ask.place == lock.place else asked_for(moved, scene, Reason("relocation"))
    return Outcome((record, *asked))


def retire(lock: Lock | None, scene: Scene, reason: PrivateRow | None) -> Outcome | Refusal:
    """Take the lock out of service: it is reset to its factory number, by the same steps."""
    refusal = of_use(lock, scene)
    if lock is None or refusal:
        return refusal or Refusal(Code.SUBJECT)
    if lock.state == RETIRING:
        return Refusal(Code.SUBJECT, "body.combination")
    if reason is not None and (refusal := secret(reason.text, lock.digits)):
        return refusal
    ref = None if reason is None else reason.ref()
    record = CombinationRetired(lock.combination, scene.operator.operator, ref, RETIRING)
    asked = asked_for(replace(lock, state=RETIRING), scene, Reason("retirement"))
    return Outcome((record, *asked), private=() if reason is None else (reason,))


def report(ask: ReportCombination, lock: Lock | None, scene: Scene, note: PrivateRow | None) -> Outcome | Refusal:
    """Somebody says that the number is known or may be, or what else of `REPORTS` happened. The scope does not count."""
    if lock is None or lock.state == RETIRED:
        return Refusal(Code.SUBJECT, "body.combination")
    if ask.reason not in REPORTS:
        return Refusal(Code.FORM, "body.reason")
    if note is not None and (refusal := secret(note.text, lock.digits)):
        return refusal
    ref = None if note is None else note.ref()
    record = CombinationReported(lock.combination, ask.reason, scene.operator.operator, ref)
    asked = asked_for(lock, scene, Reason(ask.reason))
    return Outcome((record, *asked), private=() if note is None else (note,))


def asked_for(lock: Lock, scene: Scene, *reasons: Reason) -> tuple[msgspec.Struct, ...]:
    """The records by which the lock's number has to be changed for these reasons."""
    place = scene.place
    stands, manager = ("", None) if place is None else (place.stands, place.manager)
    return require(
        lock, scene.change, reasons, scene.terms, scene.wall, scene.next_change, stands=stands, manager=manager
    )


def of_use(lock: Lock | None, scene: Scene) -> Refusal | None:
    """Whether the lock is there, in use, and in the operator's scope, and its place is known."""
    if lock is None or lock.state == RETIRED:
        return Refusal(Code.SUBJECT, "body.combination")
    if scene.place is None:
        return Refusal(Code.SUBJECT, "body.place")
    return covered(scene.operator, lock, scene.place)
