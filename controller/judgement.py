"""From an input to its outcome: one `match`, each arm gathering facts and asking one rule. No I/O but queries."""

import hmac
import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from controller import person_facts, review_facts
from controller.cases import Cases
from controller.commands import decide as decide_command
from controller.companions import Companions
from controller.desk import Desk, Rejected
from controller.facility import Facility, ReaderAt
from controller.facts import Facts
from controller.inbox import (
    CheckpointShown,
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    Input,
    PartAnswering,
    PartFailing,
    PinChosen,
    PinTyped,
    QueriesTurnedAway,
    RequestReceived,
)  # fmt: skip
from controller.parties import Parties
from controller.pins import Pins
from controller.postures import Postures
from controller.presences import Coming, Presences
from controller.rates import Rates
from controller.record.canonical import timestamp
from controller.record.kinds.request import RequestAccepted, RequestRefused, RequestsRejected
from controller.record.kinds.right import ESCORTED
from controller.record.kinds.site import InputsDropped, PartFailed, PartRecovered
from controller.record.refusals import Code
from controller.record.requests import Request
from controller.record.topics import Reply
from controller.rules import (
    access,
    admission,
    badge,
    epoch,
    evacuation,
    interlock,
    leaving,
    party,
    passage,
    pin_wait,
    posture,
    review,
)
from controller.rules.access import Tap
from controller.rules.badge import Enrolment
from controller.rules.clock import trusted
from controller.rules.effects import Effect, PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passage import At
from controller.rules.pin import TO_TYPE
from controller.rules.poison import Poison
from controller.rules.portal import Cue, PortalState, Status
from controller.timekeeper import Now

_TELL_S = 60.0
_MOST_TOLD = 30
_SUSPENDED = 200
"""How many rights are suspended in one turn; what waits opens nothing either."""
_LEAVERS = 20
"""How many leave in one turn; the others leave in the next."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to append and do, and on whose account; with the request it answers, if it answers one."""

    outcome: Outcome
    by: str = "controller"
    request: Request | None = None
    refusal: Refusal | None = None
    console: ConsoleAsked | None = None
    query: Request | None = None
    again: Reply | None = None


KEPT = frozenset(
    {
        "enrolment", "poison", "portal_override", "lockdown", "zone_opening", "part", "evacuation", "special_day",
        "pin_enrolment", "review", "zone_violation",
    }
)  # fmt: skip
"""The tables of which something is kept between turns: a record that changes one is followed by `reload`."""


class Judgement:
    """Answers inputs on the facts of the moment. Keeps nothing that the ledger does not."""

    def __init__(self, facility: Facility, facts: Facts, desk: Desk, pepper: bytes) -> None:
        self._facility = facility
        self._facts = facts
        self._desk = desk
        self._pepper = pepper
        self._reader_portals = {reader.id: reader.portal for reader in facility.readers.values()}
        self.enrolments: dict[str, Enrolment] = {}
        self.failed: dict[str, str] = {}
        self.poison: dict[str, Poison] = {}
        self.postures = Postures(facility, facts)
        self._presences = Presences(facility, facts)
        self._cases = Cases(facility, facts, self.postures)
        self.pins = Pins(facility, facts, self._cases)
        self.parties = Parties(facility, facts)
        self.companions = Companions(facility, facts)
        self._rates = Rates()
        self._told: deque[float] = deque()
        """When dashboards that are trusted no more were last told so."""
        self.reload()

    def reload(self) -> None:
        """Reads again what is kept from the tables: open enrolments, failed parts, how portals are to stand."""
        self.postures.reload()
        self.pins.reload()
        self._cases.reload()
        self.companions.reload()
        self.enrolments = self._facts.enrolments(self._reader_portals)
        self.failed = self._facts.failed_parts()
        self.poison = self._facts.poison()

    def lose(self) -> None:
        """A turn could not be recorded: nobody waits at a door because of it, and what was seen in it is looked for again."""
        self.parties.lose()
        self.pins.lose()
        self.companions.lose()

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Asks this connection from now on: the file was opened anew."""
        self._facts.reconnect(connection)
        self.lose()
        self.reload()

    def idle(self, effect: Effect) -> Effect:
        """The effect, with what a locked portal shows now where it shows that it is locked."""
        match effect:
            case PlaySignal(portal, "idle_locked", reader):
                return PlaySignal(portal, self.postures.idle(portal), reader)
        return effect

    def digest(self, credential: str) -> str:
        """What records say of a credential."""
        return credential_digest(self._pepper, credential)

    def judge(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        """The verdict on one input, with what follows from it for who is where."""
        return self._followed(self._verdict(item, now, portals))

    def _followed(self, verdict: Verdict) -> Verdict:
        outcome = self._presences.followed(verdict.outcome)
        self.companions.heard(outcome)
        return verdict if outcome is verdict.outcome else replace(verdict, outcome=outcome)

    def _verdict(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        match item:
            case CredentialPresented():
                return Verdict(self._tap(item, now, portals))
            case ContactSeen(which="evacuation", active=active) if self._facility.evacuation is not None:
                place = self._facility.evacuation.zone
                return Verdict(evacuation.at_contact(place, active, self.postures.orders))
            case ContactSeen():
                return Verdict(self._contact(item, now, portals))
            case PinTyped():
                return Verdict(self._pin_typed(item, now, portals))
            case PinChosen():
                return Verdict(self.pins.chosen(item, now))
            case RequestReceived():
                return self._request(item, now, portals)
            case CheckpointShown(note):
                return Verdict(self._shown(note))
            case QueriesTurnedAway(dashboard, count):
                return Verdict(Outcome((InputsDropped(f"query/{dashboard}", count),)))
            case ConsoleAsked():
                return self._console(item, now)
            case PartFailing(part, reason):
                known = self.failed.get(part) == reason
                self.failed[part] = reason
                return Verdict(Outcome(() if known else (PartFailed(part, reason),)))
            case PartAnswering(part):
                known = self.failed.pop(part, None) is not None
                return Verdict(Outcome((PartRecovered(part),) if known else ()))

    def refuse(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        """The verdict on an input that stopped the controller before: as little of it is looked at as can be.

        Leaving is not refused, not even so; a contact cannot be, and counts as a part that fails.
        """
        match item:
            case CredentialPresented(reader) | PinTyped(reader):
                return self._followed(Verdict(self._refuse_tap(self._facility.readers[reader], now, portals)))
            case ContactSeen(portal, which):
                part = self._facility.device_of(portal, which)
                known = part in self.failed
                self.failed[part] = Code.INTERNAL
                return Verdict(Outcome(() if known else (PartFailed(part, Code.INTERNAL),)))
            case RequestReceived():
                return Verdict(Outcome((RequestsRejected(Code.INTERNAL, 1),)))
            case ConsoleAsked():
                return Verdict(Outcome(), "console", refusal=Refusal(Code.INTERNAL, "console"), console=item)
        return Verdict(Outcome((InputsDropped(type(item).__name__, 1),)))

    def answer(self, item: RequestReceived, now: Now) -> Verdict:
        """The reply to a request that stopped the controller before, if it is one: so that its dashboard sends it no more."""
        try:
            request = self._desk.open(item.data)
        except Rejected as rejected:
            return Verdict(Outcome((RequestsRejected(rejected.code, 1),)))
        done = self._facts.request(request.id)
        if done is not None:
            return Verdict(Outcome(), request=request, again=_again(request, done, now))
        return Verdict(Outcome(), f"operator:{request.operator}", request=request, refusal=Refusal(Code.INTERNAL))

    def _refuse_tap(self, reader: ReaderAt, now: Now, portals: dict[str, PortalState]) -> Outcome:
        at, zone = self._at(reader.portal, portals, now, reader.id), self._facility.portals[reader.portal].inner
        refusal, nothing = Refusal(Code.INTERNAL), Tap("", 0, Code.INTERNAL, "")
        if reader.side == "out":
            return passage.exit_request(at, refusal, nothing, None)
        return passage.refuse(at, "in", zone, refusal, nothing, None)

    def due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Verdict]:
        """The verdicts on everything whose time has come: deadlines are computed from state, there is no timer."""
        for portal, state in list(portals.items()):
            if state.deadline is not None and state.deadline <= now.seconds:
                yield self._followed(Verdict(passage.cue(self._at(portal, portals, now), Cue.DEADLINE)))
        yield from self._postures_due(now, portals)
        yield from map(Verdict, self.parties.due(now, portals))
        yield from map(Verdict, self.companions.due(now.seconds))
        for enrolment in list(self.enrolments.values()):
            if not badge.is_open(enrolment, now.judged):
                yield Verdict(badge.lapse(enrolment))
        yield from self._leavers_due(now)
        for outcome in self.pins.due(now, lambda portal, reader: self._at(portal, portals, now, reader)):
            yield Verdict(outcome)
        yield from self._reviews_due(now)
        for dashboard, count in self._rates.due(now.seconds).items():
            yield Verdict(Outcome((InputsDropped(f"request/{dashboard}", count),)))

    def _postures_due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Verdict]:
        """Overrides that are over, then every portal that does not stand as it is to stand (C8.8)."""
        for portal in self.postures.lapsed(now.judged, trusted(now.clock)):
            yield Verdict(posture.ended(portal))
        self.postures.look(now.judged, trusted(now.clock))
        for portal, wanted in self.postures.moves(portals):
            yield self._followed(Verdict(passage.stand(self._at(portal, portals, now), wanted)))

    def _leavers_due(self, now: Now) -> Iterator[Verdict]:
        """Whose last day is over leaves by itself (C7.2, C7.4). What they hold has opened nothing since; it ends for good
        only by a clock that is trusted, so that one that runs ahead sends nobody away."""
        facts = self._facts.connection
        for profile in person_facts.leavers(facts, now.judged, _LEAVERS) if trusted(now.clock) else ():
            yield Verdict(leaving.over(profile, person_facts.held(facts, profile.person)))

    def _reviews_due(self, now: Now) -> Iterator[Verdict]:
        """What nobody has reviewed in time is suspended, some at a time, by a clock that is trusted (C7.4)."""
        for found in self._cases.reviews if trusted(now.clock) else ():
            if found.due_at <= now.judged:
                rights = review_facts.undecided(self._facts.connection, found, now.judged, _SUSPENDED)
                yield Verdict(review.suspend(found, rights))

    def next_due_s(self, now: Now, portals: dict[str, PortalState]) -> float | None:
        """Seconds until the next deadline, or None for none."""
        waits = [state.deadline - now.seconds for state in portals.values() if state.deadline is not None]
        waits += [(enrolment.until_at - now.judged).total_seconds() for enrolment in self.enrolments.values()]
        waits += self.pins.waits(now)
        if (edge := self.postures.wait_s(now.judged, trusted(now.clock))) is not None:
            waits.append(edge)
        for kept in (self.parties, self.companions, self._rates):
            if (wait := kept.wait_s(now.seconds)) is not None:
                waits.append(wait)
        if trusted(now.clock):
            dues = (person_facts.next_leaving(self._facts.connection), *(found.due_at for found in self._cases.reviews))
            waits += [(due - now.judged).total_seconds() for due in dues if due is not None]
        return max(0.0, min(waits)) if waits else None

    # Taps ---------------------------------------------------------------------------------------------------------------

    def _tap(self, item: CredentialPresented, now: Now, portals: dict[str, PortalState]) -> Outcome:
        reader = self._facility.readers[item.reader]
        card = item.card
        tap = Tap(self.digest(card.credential), int(card.assurance), card.problem, card.label)
        known = self._facts.badge_of(tap.credential) if tap.credential else None
        enrolment = self.enrolments.get(reader.id)
        if enrolment is not None and badge.is_open(enrolment, now.judged):
            return badge.enrol(
                enrolment,
                tap,
                known,
                number=self._facts.next("badge"),
                least_assurance=self._facility.least_assurance,
                personalised=card.personalised,
            )
        at = self._at(reader.portal, portals, now, reader.id)
        before = self.pins.interrupted(at, tap)
        decided = self.pins.chooses(reader, tap, known, now) or self._pass(reader, at, tap, known, now, portals)
        return decided if before is None else before.followed_by(decided)

    def _pass(
        self, reader: ReaderAt, at: At, tap: Tap, known: access.BadgeFact | None, now: Now, portals: dict[str, PortalState]
    ) -> Outcome:
        interlocked = self._facility.portals[reader.portal].interlock
        if reader.side == "out":
            return interlock.left(at.portal, interlocked, portals, self._leave(reader, at, tap, known, now, portals))
        return self._enter(reader, at, tap, known, now, portals)

    def _enter(
        self,
        reader: ReaderAt,
        at: At,
        tap: Tap,
        known: access.BadgeFact | None,
        now: Now,
        portals: dict[str, PortalState],
    ) -> Outcome:
        case = self._cases.with_pin(
            self._inward(at, tap, known, now, portals), at.portal, now, reader.keypad in self.failed
        )
        decision = access.decide(case)
        waits = isinstance(decision, Refusal) and decision.place == TO_TYPE
        waiting = self.pins.wait(case, at, now) if waits else None
        return waiting or self._entered(at, case, decision, now, portals)

    def _inward(
        self, at: At, tap: Tap, known: access.BadgeFact | None, now: Now, portals: dict[str, PortalState]
    ) -> access.Case:
        """The case of a tap that leads in."""
        blocking = interlock.blocking(self._facility.portals[at.portal].interlock, portals)
        return self._cases.into(at.inner, tap, known, now, blocking, Coming(at.outer, portals))

    def _entered(
        self,
        at: At,
        case: access.Case,
        decision: access.Grant | Refusal,
        now: Now,
        portals: dict[str, PortalState],
    ) -> Outcome:
        """What a tap that leads in comes to: refused, let in, or waiting for whom the zone or the right asks for beside it."""
        if isinstance(decision, Refusal):
            return passage.refuse(at, "in", at.inner, decision, case.tap, case.badge)
        if not party.needed(bool(self._facility.guarded(at.portal)), decision.manner):
            return self.companions.comes(case, decision, admission.admit(at, case, decision))

        def again(waiting: access.Case) -> access.Case:
            known = self._facts.badge_of(waiting.tap.credential)
            anew = self._inward(at, waiting.tap, known, now, portals)
            return replace(anew, pin=self.pins.again(waiting, now))

        return self.companions.comes(case, decision, self.parties.enter(at, case, decision, again, now))

    def _pin_typed(self, item: PinTyped, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """What was typed is known: everything is decided anew, on the facts of this moment."""
        awaited = self.pins.take(item)
        if awaited is None:
            return Outcome()
        at = self._at(awaited.portal, portals, now, awaited.reader)
        known = self._facts.badge_of(awaited.tap.credential)
        case = self.pins.answered(awaited, item.typed, self._inward(at, awaited.tap, known, now, portals), now)
        decision = access.decide(case)
        outcome = self._entered(at, case, decision, now, portals)
        return pin_wait.settled(awaited, item.typed, case.pin, self._facility.pins, decision, outcome, now.judged)

    def _leave(
        self,
        reader: ReaderAt,
        at: At,
        tap: Tap,
        known: access.BadgeFact | None,
        now: Now,
        portals: dict[str, PortalState],
    ) -> Outcome:
        """Never refused. But who leaves into another zone without a right to that one is recorded with what is missing."""
        portal = self._facility.portals[reader.portal]
        decision = access.leave(self._cases.into(portal.inner, tap, known, now))
        manner = ""
        if portal.outer:
            into = self._cases.into(portal.outer, tap, known, now, coming=Coming(portal.inner, portals))
            beyond = access.decide(into)
            if isinstance(beyond, access.Grant):
                manner = beyond.manner
            elif into.rights and all(right.manner == ESCORTED for right in into.rights):
                manner = ESCORTED  # who may not be there now even with an escort is no right holder for it
            if isinstance(beyond, Refusal) and isinstance(decision, access.Grant) and beyond.code is not Code.EVACUATION:
                decision = beyond  # but not in an evacuation, which all are to come through
        if isinstance(decision, Refusal):
            outcome = passage.exit_request(at, decision, tap, known)
        else:
            outcome = passage.enter(at, "out", portal.inner, decision, tap.assurance)
        person = None if known is None or tap.problem is not None else known.person
        return outcome if person is None else self.companions.goes(portal, person, manner, outcome)

    def _contact(self, item: ContactSeen, now: Now, portals: dict[str, PortalState]) -> Outcome:
        at = self._at(item.portal, portals, now)
        if item.which == "leaf":
            moved = passage.cue(at, Cue.OPENED if item.active else Cue.CLOSED)
            return self._came_in(at, moved, now) if item.active and at.state.cause == "entry" else moved
        if not item.active or (at.state.status is Status.RELEASED and at.state.cause == "exit"):
            return Outcome()
        return interlock.left(at.portal, self._facility.portals[at.portal].interlock, portals, passage.exit_request(at))

    def _came_in(self, at: At, moved: Outcome, now: Now) -> Outcome:
        """The leaf opened for somebody's entry; the first one into a zone opens its hours (C8.8)."""
        zone = self._facility.portals[at.portal].inner
        waiting = self.postures.into(zone)
        if at.state.status is not Status.RELEASED or not any(found.awaited for found in waiting):
            return moved
        person = self._facts.entered(at.state.release_seq)
        if person is None:
            return moved
        return replace(moved, records=(*moved.records, *posture.open_zone(zone, person, waiting, now.judged).records))

    def _at(self, portal: str, portals: dict[str, PortalState], now: Now, reader: str = "") -> At:
        known, idle = self._facility.portals[portal], self.postures.idle(portal)
        return At(portal, portals[portal], known.timing, now.seconds, reader, idle, known.inner, known.outer)

    # Requests -----------------------------------------------------------------------------------------------------------

    def _request(self, item: RequestReceived, now: Now, portals: dict[str, PortalState]) -> Verdict:
        try:
            request = self._desk.open(item.data)
        except Rejected as rejected:
            return self._rejected(rejected, now)
        if request.kind.startswith("query/"):
            return Verdict(Outcome(), query=request)
        done = self._facts.request(request.id)
        if done is not None and done[0] == request.dashboard:
            return Verdict(Outcome(), request=request, again=_again(request, done, now))
        if done is not None:
            return Verdict(Outcome((RequestsRejected(Code.SIGNATURE, 1),)))
        if not self._rates.take(request.dashboard, request.kind, now.seconds):
            return Verdict(Outcome())
        decision = self._desk.decide(request, now.judged, now.seconds, now.clock, portals)
        by = f"operator:{request.operator}"
        if isinstance(decision, Refusal):
            return Verdict(Outcome(), by, request=request, refusal=decision)
        return Verdict(decision, by, request=request)

    def _rejected(self, rejected: Rejected, now: Now) -> Verdict:
        """Counted. A dashboard that is trusted no more is told so, but not so often that its replies push out others'."""
        outcome, request = Outcome((RequestsRejected(rejected.code, 1),)), rejected.revoked
        while self._told and self._told[0] <= now.seconds - _TELL_S:
            self._told.popleft()
        if request is None or request.kind.startswith("query/") or len(self._told) >= _MOST_TOLD:
            return Verdict(outcome)
        self._told.append(now.seconds)
        reply = Reply(request.id, rejected.code, "dashboard", None, None, timestamp(now.at))
        return Verdict(outcome, request=request, again=reply)

    def _shown(self, note: bytes) -> Outcome:
        """A checkpoint that somebody holds of us: when it does not hold any more, a new epoch (design §4)."""
        witnessed = self._desk.own(note)
        if witnessed is None:
            return Outcome((RequestsRejected(Code.SIGNATURE, 1),))
        if self._facts.signed(note.decode(), witnessed.size):
            return Outcome()
        own = self._facts.ledger(self._facility.id)
        root = self._facts.root(witnessed.size) if witnessed.size <= own.size else None
        return epoch.answer(witnessed, note.decode(), own, root)

    def _console(self, item: ConsoleAsked, now: Now) -> Verdict:
        decision = decide_command(item.command, item.arguments, self._facts, self._facility, now)
        if isinstance(decision, Refusal):
            return Verdict(Outcome(), "console", refusal=decision, console=item)
        return Verdict(decision, "console", console=item)


def _again(request: Request, done: tuple[str, str | None, int, int], now: Now) -> Reply:
    """The reply to a request that was decided before."""
    return Reply(request.id, done[1], "", done[2], done[3], timestamp(now.at))


def credential_digest(pepper: bytes, credential: str) -> str:
    """What records say of a credential: keyed, so that a record gives nobody a card number. Empty for an empty one."""
    if not credential:
        return ""
    digest = _keyed(pepper).copy()
    digest.update(credential.encode())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _keyed(pepper: bytes) -> hmac.HMAC:
    """The keyed hash, made once: taking its copy costs half of a new one."""
    return hmac.new(pepper, digestmod="sha256")


def conclusion(request: Request, refusal: Refusal | None, first: int, last: int) -> RequestAccepted | RequestRefused:
    """The record that ends a request: done by the records from `first` to `last`, or refused."""
    if refusal is not None:
        place = refusal.place[:200]
        return RequestRefused(request.id, request.kind[:64], request.dashboard, request.operator, refusal.code, place)
    return RequestAccepted(request.id, request.kind, request.dashboard, request.operator, first, last)
