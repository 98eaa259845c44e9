"""The loop: takes what waits, decides it, makes it durable in one commit, and only then lets anything open (design §3).

One thread, the only one that writes. What secures is done at once; what releases, after the commit. If the commit fails,
nothing was decided: the portals' states are those from before, and nothing opens.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

import msgspec

from controller.clock import Clock
from controller.configuration import calendar_configured, configured
from controller.dropping import Dropping
from controller.facility import TETHER_INPUT, Facility
from controller.facts import Facts
from controller.inbox import Input, RequestReceived
from controller.judgement import KEPT, Judgement, Verdict, conclusion
from controller.ledger.faults import disk_fault, is_damage
from controller.ledger.ledger import Ledger, Stamp
from controller.presences import Presences
from controller.record.canonical import moment, timestamp
from controller.record.envelope import Record
from controller.record.keys import KeyPair
from controller.record.kinds.clock import ClockConfirmed
from controller.record.kinds.door import ReleaseAbandoned
from controller.record.kinds.request import RequestsRejected
from controller.record.kinds.site import ControllerStarted, ControllerStopped, InputsDropped
from controller.record.requests import Request
from controller.record.topics import Reply
from controller.rejections import Rejections
from controller.rules import poison
from controller.rules.effects import Effect, SecureLock, SecureSlot
from controller.rules.outcome import Moved
from controller.rules.poison import Poison
from controller.rules.portal import PortalState, Step
from controller.timekeeper import Now, Timekeeper
from controller.turn import Committed, Draft, after_commit, at_once
from controller.works import Works

BATCH = 256
_CHECKPOINT_RECORDS = 256
_CHECKPOINT_S = 2.0


class Actuator(Protocol):
    """Performs effects. Never raises: a part that fails comes back as an input."""

    def perform(self, effect: Effect) -> None:
        """Does it."""


class Loop:
    """The one consumer. `told` is called after each commit; `reached` names each step of a turn, for tests that kill there."""

    def __init__(
        self, facility: Facility, ledger: Ledger, key: KeyPair, judgement: Judgement, clock: Clock, actuator: Actuator,
        boot: str, version: str, told: Callable[[Committed], None], reached: Callable[[str], None],
        works: Works | None = None,
    ) -> None:  # fmt: skip
        self._facility = facility
        self._ledger = ledger
        self._key = key
        self._judgement = judgement
        self._time = Timekeeper(clock, 3600.0 * facility.clock.holdover_h)
        self._actuator = actuator
        self._boot = boot
        self._version = version
        self._told = told
        self._reached = reached
        self._works = works
        self.portals = {portal: PortalState() for portal in facility.portals}
        self._checkpoint_size, self._checkpoint_s = self._newest_checkpoint(), clock.monotonic()
        self._rejections = Rejections()
        self._dropping = Dropping(ledger, facility.entries_days, clock.monotonic())
        self.settled = True
        """Whether the last turn's inputs are decided and durable; what failed then was only the signing after it."""

    # A run's begin and end ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Commands every lock secure, then records the start, what is screwed on, and releases nobody knows the outcome of."""
        self._secure()
        now, draft = self._now(), Draft()
        self._ledger.begin(self._stamp(now))
        facts = Facts(self._ledger.connection)
        with self._transaction():
            self._append(ControllerStarted(self._version, self._boot), now, draft)
            self._tell_clock(now, draft)
            if (salvaged := self._ledger.salvaged()) is not None:
                self._append(salvaged, now, draft)
            if (screwed_on := configured(self._facility, facts)) is not None:
                self._append(screwed_on, now, draft)
            if (days := calendar_configured(self._facility, facts)) is not None:
                self._append(days, now, draft)
            self._unwatched("restart", facts, now, draft)
            for body in poison.at_start(facts.poison(), self._suspects(), self._version):
                self._append(body, now, draft)
        self._ledger.salvage_told()
        if self._works is not None:
            self._works.told()
        self._judgement.reconnect(self._ledger.connection)
        self._told(draft.done)

    def _secure(self) -> None:
        for portal in self._facility.portals:
            self._actuator.perform(SecureLock(portal))
        for cabinet in self._facility.cabinets.values():
            for slot in cabinet.slots:
                self._actuator.perform(SecureSlot(cabinet.id, slot))

    def _suspects(self) -> list[Poison]:
        """The inputs that stopped earlier runs, and that no record says yet."""
        found = [] if self._works is None else self._works.found()
        places = {f"{portal}/{which}": (portal, which) for portal in self.portals for which in ("leaf", "exit")}
        places |= {f"{tether}/{TETHER_INPUT}": (tether, TETHER_INPUT) for tether in self._facility.tethers}
        devices = {("contact", place): self._facility.device_of(*at) for place, at in places.items()}
        devices |= {
            ("slot", f"{cabinet.id}/{slot.number}"): slot.present
            for cabinet in self._facility.cabinets.values()
            for slot in cabinet.slots.values()
        }
        return [
            Poison(one.poison, one.sort, devices.get((one.sort, one.place), one.place), self._version) for one in found
        ]

    def resume(self, bodies: Sequence[msgspec.Struct], doors: Mapping[str, Step]) -> None:
        """Goes on after an outage of the disk: these records, releases that nobody performed, and the doors as they stand."""
        self._judgement.reconnect(self._ledger.connection)
        now, draft = self._now(), Draft()
        with self._transaction():
            self._tell_clock(now, draft)
            for body in bodies:
                self._append(body, now, draft)
            self._unwatched("outage", Facts(self._ledger.connection), now, draft)
            for step in doors.values():
                for body in (*step.records, *self._judgement.storage.followed(step.records, now)):
                    self._append(body, now, draft)
        self._judgement.reload()
        self.portals = {portal: step.state for portal, step in doors.items()}
        effects = [effect for step in doors.values() for effect in step.effects]
        draft.effects = [self._judgement.idle(effect) for effect in effects]
        draft.done.renewed = True
        self._after(draft)

    def _unwatched(self, reason: str, facts: Facts, now: Now, draft: Draft) -> None:
        """Records what is not known after a time in which nothing was recorded: outcomes of releases, and who is where."""
        pending = facts.pending_releases()
        for body in Presences(self._facility, facts).unwatched(reason, pending):
            self._append(body, now, draft)
        for portal, release in pending:
            self._append(ReleaseAbandoned(portal, release), now, draft)

    def stop(self) -> None:
        """Secures every lock, records the end, and signs it."""
        self._secure()
        now, draft = self._now(), Draft()
        with self._ledger.transaction():
            for body in self._rejections.flush(now.seconds, every=True):
                self._append(body, now, draft)
            self._append(ControllerStopped(self._boot), now, draft)
        self._told(draft.done)
        self.sign()

    def let_go(self) -> None:
        """Closes what is open on the disk beside the ledger, while it fails."""
        if self._works is not None:
            self._works.let_go()

    def alarmed(self, part: str) -> bool:
        """Whether this part is known to have failed, and that is recorded."""
        return part in self._judgement.doors.failed

    # One turn -------------------------------------------------------------------------------------------------------------

    def turn(self, inputs: list[Input], dropped: Counter[str] | None = None) -> None:
        """Decides these inputs and what is due, commits, performs. Raises what the ledger raises; then nothing opened."""
        self._reached("taken")
        self.settled = False
        now, draft = self._now(), Draft()
        before, counted = dict(self.portals), self._rejections.copy()
        if inputs or dropped or self._is_due(now):
            try:
                with self._transaction():
                    self._decide(inputs, dropped or Counter(), draft)
                    self._reached("decided")
                    for effect in at_once(draft.effects):
                        self._actuator.perform(effect)
                self._reached("committed")
            except BaseException as error:
                self._blame(error)
                self.portals, self._rejections = before, counted
                self._judgement.lose()
                with suppress(sqlite3.Error):  # of a disk that fails: `resume` reads it again
                    self._judgement.reload()
                raise
            self._after(draft)
        self.settled = True
        if self._checkpoint_due(now):
            self.sign()
        if not inputs:
            self._drop(now)

    def _drop(self, now: Now) -> None:
        """One step of dropping records that are past their retention, while nobody waits."""
        if (rule := self._dropping.next(now)) is not None:
            draft = Draft()
            with self._ledger.transaction():
                self._append(rule, now, draft)
            self._told(draft.done)

    def _decide(self, inputs: list[Input], dropped: Counter[str], draft: Draft) -> None:
        """One input after the other, each at its own moment and on what those before it have done; then what is due."""
        for item in inputs:
            now = self._now()
            self._tell_clock(now, draft)
            self._settle(self._verdict(item, now), now, draft)
        if self._works is not None:
            self._works.end()
        now = self._now()
        self._tell_clock(now, draft)
        for verdict in self._judgement.due(now, self.portals):
            self._settle(verdict, now, draft)
        for sort, count in dropped.items():
            if self._rejections.take(turned_away := InputsDropped(sort, count), now.seconds):
                self._append(turned_away, now, draft)
        for body in self._rejections.flush(now.seconds):
            self._append(body, now, draft)

    def _verdict(self, item: Input, now: Now) -> Verdict:
        """What becomes of one input; while it is decided it is in the works."""
        works, judgement = self._works, self._judgement
        if works is None:
            return judgement.judge(item, now, self.portals)
        suspect = works.suspect(item)
        works.begin(suspect)
        if suspect.poison not in judgement.poison:
            return judgement.judge(item, now, self.portals)
        if isinstance(item, RequestReceived):
            answering = works.suspect(item, "answer")
            works.begin(answering)
            if answering.poison not in judgement.poison:
                return judgement.answer(item, now)
        return judgement.refuse(item, now, self.portals)

    def _blame(self, error: BaseException) -> None:
        """An input that raises a bug's exception is noted before the process ends of it."""
        innocent = disk_fault(error, self._ledger.path.parent) is not None or is_damage(error)
        if self._works is None:
            return
        if innocent:
            self._works.end()
        elif isinstance(error, Exception):
            self._works.caught()

    def _after(self, draft: Draft) -> None:
        """What may happen only now that it is durable."""
        for effect in after_commit(draft.effects):
            self._actuator.perform(effect)
        self._reached("performed")
        for asked, answer in draft.answers:
            asked.answer(answer)
        self._told(draft.done)
        self._reached("told")

    def _is_due(self, now: Now) -> bool:
        if self._time.news:
            return True
        waits = self._judgement.next_due_s(now, self.portals)
        return (waits is not None and waits <= 0) or self._rejections.wait_s(now.seconds) == 0

    def _settle(self, verdict: Verdict, now: Now, draft: Draft) -> None:
        """Appends one verdict's records and notes what is to be done after the commit."""
        first = self._ledger.size + 1
        for body in verdict.outcome.records:
            if not isinstance(body, RequestsRejected) or self._rejections.take(body, now.seconds):
                self._append(body, now, draft, verdict.by)
        allowing = self._ledger.size
        for body in verdict.outcome.then:
            self._append(body, now, draft, verdict.by)
        last = self._ledger.size
        for row in verdict.outcome.private:
            self._ledger.put_private(row, timestamp(now.at))
            draft.done.private.append(row)
        for kept in verdict.outcome.pins:
            self._ledger.put_pin(kept)
        if verdict.outcome.moved is not None:
            self._move(verdict.outcome.moved, allowing)
        draft.effects.extend(verdict.outcome.effects)
        if verdict.query is not None:
            draft.done.queries.append(verdict.query)
        if verdict.request is not None:
            self._conclude(verdict, verdict.request, first, now, draft)
        draft.answer(verdict, first, last)

    def _conclude(self, verdict: Verdict, request: Request, first: int, now: Now, draft: Draft) -> None:
        """The request's own record and its reply, in the same transaction as its doing."""
        if verdict.again is not None:
            draft.done.replies.append((request.dashboard, verdict.again))
            return
        refusal, last = verdict.refusal, self._ledger.size
        concluded = self._append(conclusion(request, refusal, first, last), now, draft, verdict.by)
        if refusal is None:
            reply = Reply(request.id, None, "", first, last, concluded.at)
        else:
            reply = Reply(request.id, refusal.code, refusal.place, concluded.seq, concluded.seq, concluded.at)
        draft.done.replies.append((request.dashboard, reply))

    def _move(self, moved: Moved, last: int) -> None:
        state = moved.state
        if moved.allowed:
            passing = tuple(passer if passer.release else replace(passer, release=last) for passer in state.passing)
            state = PortalState(state.status, state.deadline, last, state.cause, passing, state.standing)
        self.portals[moved.portal] = state

    def _append(self, body: msgspec.Struct, now: Now, draft: Draft, by: str = "controller") -> Record:
        appended = self._ledger.append(body, by, self._stamp(now))
        self._reached("appended")
        draft.done.appended.append(appended)
        if isinstance(body, ClockConfirmed):
            self._time.confirm()
        draft.done.size = self._ledger.size
        if any(change.table in KEPT for change in appended.changes):
            self._judgement.reload()
        return appended.record

    # Checkpoints, off the tap's path ----------------------------------------------------------------------------------------

    def _checkpoint_due(self, now: Now) -> bool:
        fresh = self._ledger.size - self._checkpoint_size
        return fresh >= _CHECKPOINT_RECORDS or (fresh > 0 and now.seconds - self._checkpoint_s >= _CHECKPOINT_S)

    def sign(self) -> None:
        """Signs and keeps a checkpoint of the ledger as it stands."""
        now = self._now()
        checkpoint = self._ledger.checkpoint()
        note = checkpoint.sign(self._key)
        with self._ledger.transaction():
            self._ledger.keep_checkpoint(checkpoint, note, timestamp(now.at))
        self._checkpoint_size, self._checkpoint_s = checkpoint.size, now.seconds
        self._told(Committed(size=checkpoint.size, checkpoint=note))

    def wait_s(self) -> float:
        """How long the loop may sleep when nothing comes in."""
        now = self._now()
        waits = [30.0]
        if (due := self._judgement.next_due_s(now, self.portals)) is not None:
            waits.append(due)
        if self._ledger.size > self._checkpoint_size:
            waits.append(max(0.0, self._checkpoint_s + _CHECKPOINT_S - now.seconds))
        if (rejected := self._rejections.wait_s(now.seconds)) is not None:
            waits.append(rejected)
        if (past := self._dropping.wait_s(now.seconds)) is not None:
            waits.append(past)
        return min(waits)

    # Time -----------------------------------------------------------------------------------------------------------------

    def _now(self) -> Now:
        if not self._time.begun:
            floor, doubted = Facts(self._ledger.connection).clock()
            self._time.begin(None if floor is None else moment(floor), doubted)
        return self._time.now()

    def _tell_clock(self, now: Now, draft: Draft) -> None:
        """Records when the clock is doubted and when it is trusted again, before what is decided by it."""
        for body in self._time.news:
            self._append(body, now, draft)
        self._time.told()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One of the ledger's. If it fails, what was to be said of the clock is still to be said."""
        kept = self._time.kept
        try:
            with self._ledger.transaction():
                yield
        except BaseException:
            self._time.kept = kept
            raise

    def _stamp(self, now: Now) -> Stamp:
        return Stamp(timestamp(now.at), self._boot, now.clock)

    def _newest_checkpoint(self) -> int:
        row = self._ledger.connection.execute("select coalesce(max(size), 0) from checkpoint").fetchone()
        size: int = row[0]
        return size
