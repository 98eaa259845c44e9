"""Endurance: what the loop does while the disk does not take what it writes (design §3, style trap 11).

Policy. Nothing is released without its durable record, so while nothing can be recorded every lock is held secure; the wires of
free egress work without us. Doors show the fault and answer each tap with it; contacts are followed in memory, so that a forced
door sounds; what could not be decided is counted. The ledger's file is let go and opened anew at growing intervals, and the
first thing written to it is what happened: so the alarm is on record, and the probe is a real commit. Before all that a reserve
on the disk is given up, so that a full disk is an alarm first and an outage later. Only the loop's thread is in here.
"""

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from controller.clock import Clock
from controller.disk import RESERVE, Disk
from controller.facility import Facility
from controller.inbox import (
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    DigitsTyped,
    Input,
    PartAnswering,
    PartFailing,
    PinChosen,
    PinTyped,
    RequestReceived,
    SlotSeen,
)
from controller.ledger.faults import FULL, UNAVAILABLE, disk_fault, is_damage
from controller.ledger.ledger import Ledger
from controller.loop import Actuator, Loop
from controller.record.canonical import timestamp
from controller.record.envelope import Record, kind_of
from controller.record.kinds.disk import DISK, DiskRecovered
from controller.record.kinds.site import PartFailed
from controller.record.projection import project
from controller.record.tables import RowChange
from controller.rules import outage as rule
from controller.rules.effects import PlaySignal, SecureLock, SecureSlot
from controller.rules.portal import Cue, Status, Step
from controller.turn import Committed

log = structlog.get_logger()

SOONEST_S, LATEST_S = 1.0, 30.0
"""The pace of probes: doubled at each that fails."""
_LATER = 64
_CALM_S = 60.0
"""An outage so soon after another goes on at its pace: a disk at the edge must not fill itself with our reports."""


@dataclass
class Outage:
    """A time in which nothing can be recorded. `at_s` is when the next probe is due, monotonic seconds."""

    reason: str
    since: datetime
    at_s: float
    taps: int = 0
    exits: int = 0
    requests: int = 0
    forced: list[str] = field(default_factory=list)
    parts: dict[str, Input] = field(default_factory=dict)
    """The last word on each part: recorded when it is over."""
    tethers: dict[str, Input] = field(default_factory=dict)
    """The last level of each tether: the same."""
    slots: dict[tuple[str, int], Input] = field(default_factory=dict)
    """What each slot of a key cabinet said last: the same."""
    dropped: Counter[str] = field(default_factory=Counter)
    later: deque[Input] = field(default_factory=lambda: deque(maxlen=_LATER))
    """What is no tap, contact or request, and can be decided when it is over."""

    def report(self) -> DiskRecovered:
        """What is recorded of it."""
        forced = tuple(sorted(self.forced))
        return DiskRecovered(self.reason, timestamp(self.since), self.taps, self.exits, self.requests, forced)


class Endurance:
    """Turns the loop; holds the doors through the time when its commits fail. `outage` is None while all is well."""

    def __init__(
        self, facility: Facility, ledger: Ledger, loop: Loop, disk: Disk, clock: Clock, actuator: Actuator, boot: str,
        told: Callable[[Committed], None],
    ) -> None:  # fmt: skip
        self._facility = facility
        self._ledger = ledger
        self._loop = loop
        self._disk = disk
        self._clock = clock
        self._actuator = actuator
        self._boot = boot
        self._told = told
        self._started = False
        self._pace_s = SOONEST_S
        self._recovered_s = float("-inf")
        self.outage: Outage | None = None

    # A run ----------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the loop, or waits for the disk with every lock secure. Raises what is not the disk's."""
        try:
            self._loop.start()
            self._started = True
            self._show_stations("idle_locked")
        except sqlite3.Error as error:
            if self._spent_for(error):
                self.start()
            else:
                self._begin(error)

    def turn(self, inputs: list[Input], dropped: Counter[str]) -> None:
        """One turn of the loop, or of waiting. Raises what is not the disk's."""
        if self.outage is None:
            inputs = [*self._said_of_space(), *inputs]
            try:
                self._loop.turn(inputs, dropped)
                return
            except sqlite3.Error as error:
                if self._loop.settled:
                    inputs, dropped = [], Counter()
                if self._spent_for(error):
                    self.turn([PartFailing(DISK, RESERVE), *inputs], dropped)
                    return
                self._begin(error)
        self._endure(inputs, dropped)

    def stop(self) -> None:
        """Ends the loop in order, if the end can be recorded; the locks are secured in any case."""
        try:
            if self.outage is None:
                self._loop.stop()
                return
        except sqlite3.Error as error:
            self._fault_of(error)
        log.error("disk", state="failed", at="stop")
        self._secure()

    def wait_s(self) -> float:
        """How long the loop may sleep when nothing comes in."""
        if self.outage is None:
            return self._loop.wait_s()
        now_s = self._clock.monotonic()
        waits = [self.outage.at_s] + [s.deadline for s in self._loop.portals.values() if s.deadline is not None]
        return max(0.0, min(waits) - now_s)

    def alarmed(self, part: str) -> bool:
        """Whether this part is known to have failed: on record, or to be recorded when that is possible again."""
        held = {} if self.outage is None else self.outage.parts
        return isinstance(held[part], PartFailing) if part in held else self._loop.alarmed(part)

    # The disk -------------------------------------------------------------------------------------------------------------

    def _said_of_space(self) -> list[Input]:
        """Little space is a part that fails, before anything else does; looked at now and then."""
        said = self._disk.look(self._clock.monotonic())
        if said is None:
            return []
        return [PartFailing(DISK, said)] if said else [PartAnswering(DISK)]

    def _fault_of(self, error: BaseException) -> str:
        """What of the disk's it is. Raises the error when it is none."""
        fault = disk_fault(error, self._ledger.path.parent)
        if fault is None:
            if is_damage(error):
                self._ledger.suspect()
            raise error
        return fault

    def _spent_for(self, error: sqlite3.Error) -> bool:
        """Whether the disk is full and there was a reserve to give up: then what failed is tried again at once."""
        if self._fault_of(error) != FULL or not self._disk.spend_reserve():
            return False
        log.error("disk", state="full", reserve="spent")
        return True

    def _begin(self, error: sqlite3.Error) -> None:
        """The disk has failed: secures every lock, shows the fault at every door, lets go of the file."""
        now_s = self._clock.monotonic()
        if now_s - self._recovered_s > _CALM_S:
            self._pace_s = SOONEST_S
        self.outage = Outage(self._fault_of(error), self._clock.now(), now_s + self._pace_s)
        self._secure()
        for portal in self._facility.portals.values():
            self._loop.portals[portal.id] = rule.begun(portal.id, self._loop.portals[portal.id], portal.timing, now_s)
            self._actuator.perform(PlaySignal(portal.id, "fault"))
        self._show_stations("fault")
        self._ledger.let_go()
        self._loop.let_go()
        self._say(self.outage.reason)
        log.error("disk", state="failed", reason=self.outage.reason, detail=str(error))

    def _secure(self) -> None:
        for portal in self._facility.portals:
            self._actuator.perform(SecureLock(portal))
        for cabinet in self._facility.cabinets.values():
            for slot in cabinet.slots:
                self._actuator.perform(SecureSlot(cabinet.id, slot))

    def _show_stations(self, signal: str) -> None:
        for station in self._facility.stations:
            self._actuator.perform(PlaySignal("", signal, station))

    def _probe(self, outage: Outage) -> None:
        """Tries to record what happened; goes on as before if that is durable."""
        try:
            self._ledger.reopen()
            self._resume(outage)
        except (sqlite3.Error, FileNotFoundError, PermissionError) as error:
            self._ledger.let_go()
            fault = UNAVAILABLE if isinstance(error, OSError) else self._fault_of(error)
            self._pace_s = min(2 * self._pace_s, LATEST_S)
            outage.at_s = self._clock.monotonic() + self._pace_s
            if fault != outage.reason:
                outage.reason = fault
                self._say(fault)
            log.warning("disk", state="failed", reason=fault, again_in_s=self._pace_s)
            return
        self.outage, self._recovered_s = None, self._clock.monotonic()
        log.warning("disk", state="recovered", taps=outage.taps, requests=outage.requests, forced=outage.forced)
        self._disk.forget()
        self._show_stations("idle_locked")
        self.turn([*outage.parts.values(), *outage.tethers.values(), *outage.slots.values(), *outage.later], outage.dropped)

    def _resume(self, outage: Outage) -> None:
        now_s = self._clock.monotonic()
        doors = {
            portal: rule.found(portal, state, self._facility.portals[portal].timing, now_s)
            for portal, state in self._loop.portals.items()
        }
        if not self._started:
            self._loop.start()
            self._started = True
        self._loop.resume((PartFailed(DISK, outage.reason), outage.report()), doors)

    # What comes in meanwhile ----------------------------------------------------------------------------------------------

    def _endure(self, inputs: Sequence[Input], dropped: Counter[str]) -> None:
        outage = self.outage
        if outage is None:
            return
        outage.dropped.update(dropped)
        for item in inputs:
            self._take(item, outage)
        now_s = self._clock.monotonic()
        for portal, state in list(self._loop.portals.items()):
            if state.deadline is not None and state.deadline <= now_s:
                timing = self._facility.portals[portal].timing
                self._move(portal, rule.cue(portal, state, Cue.DEADLINE, timing, now_s), outage)
        if outage.at_s <= now_s:
            self._probe(outage)

    def _take(self, item: Input, outage: Outage) -> None:
        match item:
            case CredentialPresented(reader):
                outage.taps += 1
                self._actuator.perform(PlaySignal(self._facility.portal_of(reader), "fault", reader))
            case ContactSeen(which="evacuation"):
                outage.later.append(item)  # nothing opens unrecorded; the way out is wired
            case ContactSeen(tether, which="tether"):
                outage.tethers[tether] = item
            case SlotSeen(cabinet, slot):
                outage.slots[cabinet, slot] = item
            case ContactSeen(portal, which, active):
                outage.exits += which == "exit" and active
                state, timing = self._loop.portals[portal], self._facility.portals[portal].timing
                now_s = self._clock.monotonic()
                self._move(portal, rule.contact(portal, state, which, active, timing, now_s), outage)
            case RequestReceived():
                outage.requests += 1
            case ConsoleAsked():
                item.answer({"code": "part", "place": f"{DISK}: {outage.reason}", "first": 0, "last": 0, "records": []})
            case PinTyped() | PinChosen() | DigitsTyped():
                pass  # nobody waits for it any more
            case PartFailing(part) | PartAnswering(part):
                outage.parts[part] = item
            case _:
                outage.later.append(item)

    def _move(self, portal: str, step: Step, outage: Outage) -> None:
        if step.state.status is Status.FORCED and portal not in outage.forced:
            outage.forced.append(portal)
        self._loop.portals[portal] = step.state
        for effect in step.effects:
            if effect == PlaySignal(portal, "idle_locked"):
                effect = PlaySignal(portal, "fault")
            self._actuator.perform(effect)
        self._tell([change for body in step.records for change in self._rows(body)])

    # What is told though it is not recorded ---------------------------------------------------------------------------------

    def _say(self, reason: str) -> None:
        self._tell(self._rows(PartFailed(DISK, reason)))

    def _rows(self, body: msgspec.Struct) -> Sequence[RowChange]:
        """The rows a record would leave, with the place of the last one that was committed."""
        kind, version = kind_of(body)
        at = timestamp(self._clock.now())
        return project(Record(self._ledger.size, at, self._boot, self._clock.quality(), kind, version, "controller", body))

    def _tell(self, changes: Sequence[RowChange]) -> None:
        if changes:
            self._told(Committed(size=self._ledger.size, ahead=list(changes)))
