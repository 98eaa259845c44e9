"""Combination locks at work: what badges at stations confirm, and that nothing that asks for a change is missed (C8.3, C8.4).

Which change a badge means: one change at a time is awaited or runs at a station (`rules/change.py: call`). A badge counts
for it only when its holder has a part in it; everybody else is at the station for something else, and is asked about there.

What is kept here is harmless to lose: who was called two minutes ago, the first of two badges, and since when nothing has
happened. A change that ran when the power went runs on: its station awaits the next badge again, as its tables have it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

import msgspec

from controller.facility import Facility
from controller.facts import Facts
from controller.record.envelope import kind_of
from controller.record.kinds.change import (
    BROKEN_OFF,
    OPEN,
    PLANNED,
    RUNNING,
    ChangeBrokenOff,
    ChangeCalled,
)
from controller.record.kinds.combination import CombinationManagerNoted
from controller.record.kinds.container import ContainerMoved
from controller.record.kinds.knower import REMOVED, KnowerRemoved
from controller.record.kinds.person import PersonLeft, PersonSuspended
from controller.record.refusals import Code
from controller.record.schedule import WallClock
from controller.rules import confirmation, station
from controller.rules.change import WINDOW
from controller.rules.clock import trusted
from controller.rules.combination import Who, fit
from controller.rules.confirmation import Badge, Half
from controller.rules.knower import Knower
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Change, Lock, break_off, require
from controller.rules.trigger import FOLLOWS, Standing, needs
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import combinations as facts
from controller.storage_facts.places import Places
from controller.timekeeper import Now

LOOK_S = 30.0
"""So often it is looked at what every lock needs, whatever was recorded: a right that ended by its date is in no record."""
IDLE_S = 1800.0
"""After so long without a badge a running change is broken off: whoever comes to the station then is there for else."""
APART_S = 3.0
"""Two badges of one person within this are one badge that was held too long."""
ELSEWHERE = "?"
"""Where no place stands: what was moved and moved back has been elsewhere."""

_WINDOW_S = WINDOW.total_seconds()


@dataclass(frozen=True, slots=True)
class _Until:
    """Something that is remembered until then, in monotonic seconds."""

    badge: Badge
    until_s: float


class Combinations:
    """One site's; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._fresh()

    def _fresh(self) -> None:
        self._look_at_s: float | None = None
        """When every lock is looked at again; None: now, infinite: where there is none, not before one is registered."""
        self._called: dict[int, float] = {}
        self._halves: dict[int, _Until] = {}
        self._last: dict[str, _Until] = {}
        self._idle: dict[int, float] = {}
        self._gone: set[int] = set()
        """Who was suspended or has left in this turn: also who is back before it ends may know no number any more."""
        self._moved: set[str] = set()
        """The containers that were moved in it, be it back again."""

    # At the station -------------------------------------------------------------------------------------------------------

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """A badge was held to the station; None: no change there waits for its holder."""
        change = self._awaiting(tap.station, now)
        lock = None if change is None else facts.lock(self._facts.connection, change.combination)
        if change is None or lock is None:
            return None
        badge = Badge(tap.station, tap.person, tap.badge)
        if self._held_on(badge, now):
            return Outcome((), (station.play(tap.station, station.WAITING),))
        half = self._halves.get(change.change)
        first = None if half is None or half.until_s <= now.seconds else half.badge
        answer = confirmation.confirm(lock, change, badge, first)
        if answer is None:
            return None
        if not isinstance(answer, Refusal):
            answer = self._may(tap.person, lock, now) or answer
        return self._answered(change, badge, answer, now)

    def _awaiting(self, at: str, now: Now) -> Change | None:
        """The change that a badge there means: the one that runs, or the one whose people were called."""
        for change in facts.at_station(self._facts.connection, at):
            called = change.state in (PLANNED, BROKEN_OFF) and now.seconds < self._called.get(change.change, 0.0)
            if change.state == RUNNING or called:
                return change
        return None

    def _held_on(self, badge: Badge, now: Now) -> bool:
        last = self._last.get(badge.station)
        return last is not None and last.badge.person == badge.person and now.seconds < last.until_s

    def _may(self, person: int, lock: Lock, now: Now) -> Refusal | None:
        return fit(facts.who(self._facts.connection, person, lock.place, now.judged), "right")

    def _answered(self, change: Change, badge: Badge, answer: msgspec.Struct | Half | Refusal, now: Now) -> Outcome:
        if isinstance(answer, Refusal):
            record = confirmation.refused(change, badge, answer.code)
            return Outcome((record,), (station.play(badge.station, station.REFUSED),))
        self._last[badge.station] = _Until(badge, now.seconds + APART_S)
        if isinstance(answer, Half):
            self._halves[change.change] = _Until(badge, now.seconds + _WINDOW_S)
            return Outcome((), (station.play(badge.station, station.WAITING),))
        self._halves.pop(change.change, None)
        self._called.pop(change.change, None)
        self._idle[change.change] = now.seconds + IDLE_S
        return Outcome((answer,), (station.play(badge.station, station.GRANTED),))

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """Things with stickers are nothing to a combination."""
        return None

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """Nothing is ever typed for a combination: its number would be."""
        return None

    # What follows, and what is due ------------------------------------------------------------------------------------------

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Nothing at once: the locks are looked at when these records stand in the tables, which is at the end of the turn."""
        for body in records:
            if isinstance(body, ChangeCalled):
                self._called[body.combination_change] = now.seconds + _WINDOW_S
                self._halves.pop(body.combination_change, None)
            if isinstance(body, PersonSuspended | PersonLeft):
                self._gone.add(body.person)
            if isinstance(body, ContainerMoved):
                self._moved.add(body.container)
            if kind_of(body)[0] in FOLLOWS:
                self._look_at_s = None
        return ()

    def due(self, now: Now) -> Iterator[Outcome]:
        """Changes at which nobody was seen for long; and what the locks need, when that is to be looked at."""
        if self._look_at_s == inf:
            return
        self._forget(now)
        connection = self._facts.connection
        for change in [change for change, until_s in self._idle.items() if until_s <= now.seconds]:
            del self._idle[change]
            found = facts.change(connection, change)
            if found is not None and found.state == RUNNING:
                yield Outcome((break_off(found, "time", 0, keep=True),))
        if self._look_at_s is None or self._look_at_s <= now.seconds:
            locks = facts.locks(connection)
            self._look_at_s = now.seconds + LOOK_S if locks else inf
            running = facts.running(connection)
            self._idle = {change: self._idle.get(change, now.seconds + IDLE_S) for change in running}
            yield from self._look(locks, now)
            self._gone.clear()
            self._moved.clear()

    def _forget(self, now: Now) -> None:
        self._called = {change: until for change, until in self._called.items() if now.seconds < until}
        self._halves = {change: half for change, half in self._halves.items() if now.seconds < half.until_s}
        self._last = {at: last for at, last in self._last.items() if now.seconds < last.until_s}

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something."""
        if self._look_at_s is None:
            return 0.0
        until_s = min([self._look_at_s, *self._idle.values()])
        return None if until_s == inf else max(0.0, until_s - now.seconds)

    def reload(self) -> None:
        """Nothing is kept of the tables."""

    def lose(self) -> None:
        """A turn could not be recorded, or the controller starts: everything is looked at, and nobody is called."""
        self._fresh()

    # What the locks need ----------------------------------------------------------------------------------------------------

    def _look(self, locks: list[Lock], now: Now) -> Iterator[Outcome]:
        connection, at = self._facts.connection, now.judged if trusted(now.clock) else None
        places, known = Places(connection), facts.every_knower(connection)
        changes, accounts, knowing = (
            facts.open_changes(connection),
            facts.accounts(connection),
            facts.knowing(connection, at),
        )
        knowing |= {id: replace(who, state="suspended") for id, who in knowing.items() if who.person in self._gone}
        found = {id: facts.place(connection, places, id) for id in {lock.place for lock in locks}}
        for lock in locks:
            removed, knowers = _removed(known.get(lock.combination, []), knowing)
            change, broken = self._sound(lock, changes.get(lock.combination), now)
            account = accounts[lock.combination]
            if self._moved.intersection({lock.place, *account[1].split()}):
                account = (account[0], ELSEWHERE)
            standing = facts.standing(lock, account, found[lock.place], knowers)
            records = (*removed, *broken, *self._asked(lock, change, standing, now))
            if records:
                yield Outcome(records)

    def _asked(self, lock: Lock, change: Change | None, standing: Standing, now: Now) -> tuple[msgspec.Struct, ...]:
        """What asks for a change of the lock's number, as things stand."""
        known = () if change is None else change.reasons
        reasons = needs(standing, known, change is not None, now.judged if trusted(now.clock) else None)
        if reasons:
            return require(
                lock, change, reasons, self._facility.combinations, WallClock(self._facility.timezone, now.judged),
                self._facts.next("combination_change"), stands=standing.stands_now, manager=standing.manager_now,
            )  # fmt: skip
        if standing.manager is None and standing.manager_now is not None:
            return (CombinationManagerNoted(lock.combination, standing.manager_now),)
        return ()

    def _sound(self, lock: Lock, change: Change | None, now: Now) -> tuple[Change | None, tuple[ChangeBrokenOff, ...]]:
        """The change as it is then, and the record that breaks it off where it cannot go on with its people."""
        broken = None if change is None else self._unsound(lock, change, now)
        if change is None or broken is None:
            return change, ()
        change = replace(change, state=broken.state, step=broken.step, confirmed=())
        return (replace(change, custodian=None, witness=None) if broken.state == OPEN else change), (broken,)

    def _who(self, person: int, lock: Lock, now: Now) -> Who:
        """The person as they are; by a clock that is not trusted nobody loses anything because of a date."""
        return facts.who(self._facts.connection, person, lock.place, now.judged if trusted(now.clock) else None)

    def _unsound(self, lock: Lock, change: Change, now: Now) -> ChangeBrokenOff | None:
        """The record that breaks the change off, where it cannot go on with its people."""
        if change.state == OPEN:
            return None
        if change.custodian != lock.custodian:
            return break_off(change, Code.CUSTODIAN, 0, keep=False, replan=True)
        for person in change.people:
            if (refusal := fit(self._who(person, lock, now), "change")) is not None:
                return break_off(change, refusal.code, 0, keep=False, replan=True)
        for person in change.confirmed:
            if (refusal := fit(self._who(person, lock, now), "change")) is not None:
                return break_off(change, refusal.code, 0, keep=False)
        return None


def _removed(known: list[Knower], knowing: Mapping[int, Who]) -> tuple[list[KnowerRemoved], list[Knower]]:
    """The knowers who may not know the number any more, whatever the reason; and the knowers as they are then."""
    causes = {one.knower: _cause(knowing[one.knower]) for one in known if one.knower in knowing}
    records = [
        KnowerRemoved(one.knower, one.person, causes[one.knower], 0, REMOVED) for one in known if causes.get(one.knower)
    ]
    return records, [replace(one, state=REMOVED) if causes.get(one.knower) else one for one in known]


def _cause(who: Who) -> str:
    """Why this person may not know the number any more; empty: they may."""
    if who.state == "active":
        return "" if who.right else "right"
    return "absent" if who.state == "suspended" else "left"
