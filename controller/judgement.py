"""From an input to its outcome: one `match`, each arm gathering facts and asking one rule. No I/O but queries."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from controller import person_facts, review_facts
from controller.commands import decide as decide_command
from controller.desk import Desk, Rejected
from controller.doors import Doors
from controller.facility import EVACUATION_INPUT, TETHER_INPUT, Facility
from controller.facts import Facts
from controller.inbox import (
    CheckpointShown,
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    DigitsTyped,
    Input,
    PartAnswering,
    PartFailing,
    PinChosen,
    PinTyped,
    QueriesTurnedAway,
    RequestReceived,
    SlotSeen,
)  # fmt: skip
from controller.presences import Presences
from controller.rates import Rates
from controller.record.canonical import timestamp
from controller.record.kinds.request import RequestAccepted, RequestRefused, RequestsRejected
from controller.record.kinds.site import InputsDropped, PartFailed, PartRecovered
from controller.record.refusals import Code
from controller.record.requests import Request
from controller.record.topics import Reply
from controller.rules import (
    badge,
    epoch,
    evacuation,
    leaving,
    passage,
    posture,
    review,
)
from controller.rules.clock import trusted
from controller.rules.effects import Effect, PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.rules.poison import Poison
from controller.rules.portal import Cue, PortalState
from controller.storage.storage import Storage
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
        "pin_enrolment", "review", "zone_violation", "tether_state", "asset", "container", "sticker_wait",
    }
)  # fmt: skip
"""The tables of which something is kept between turns: a record that changes one is followed by `reload`."""


class Judgement:
    """Answers inputs on the facts of the moment. Keeps nothing that the ledger does not."""

    def __init__(self, facility: Facility, facts: Facts, desk: Desk, pepper: bytes) -> None:
        self._facility = facility
        self._facts = facts
        self._desk = desk
        self.doors = Doors(facility, facts, pepper)
        self.storage = Storage(facility, facts)
        self.poison: dict[str, Poison] = {}
        self._presences = Presences(facility, facts)
        self._rates = Rates()
        self._told: deque[float] = deque()
        """When dashboards that are trusted no more were last told so."""
        self.reload()

    def reload(self) -> None:
        """Reads again what is kept from the tables."""
        self.doors.reload()
        self.storage.reload()
        self.poison = self._facts.poison()

    def lose(self) -> None:
        """A turn could not be recorded: nobody waits at a door or a station because of it."""
        self.doors.lose()
        self.storage.lose()

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Asks this connection from now on: the file was opened anew."""
        self._facts.reconnect(connection)
        self.lose()
        self.reload()

    def idle(self, effect: Effect) -> Effect:
        """The effect, with what a locked portal shows now where it shows that it is locked."""
        match effect:
            case PlaySignal(portal, "idle_locked", reader):
                return PlaySignal(portal, self.doors.postures.idle(portal), reader)
        return effect

    def judge(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        """The verdict on one input, with what follows from it for who is where and for what is kept."""
        return self._kept(self._moved(self._verdict(item, now, portals)), now)

    def _moved(self, verdict: Verdict) -> Verdict:
        """The verdict with what follows from it for who is where."""
        outcome = self._presences.followed(verdict.outcome)
        self.doors.companions.heard(outcome)
        return verdict if outcome is verdict.outcome else replace(verdict, outcome=outcome)

    def _kept(self, verdict: Verdict, now: Now) -> Verdict:
        """The verdict with what follows from it for keys, combinations and things."""
        outcome = verdict.outcome
        followed = self.storage.followed((*outcome.records, *outcome.then), now)
        return replace(verdict, outcome=replace(outcome, then=(*outcome.then, *followed))) if followed else verdict

    def _verdict(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        match item:
            case CredentialPresented():
                return Verdict(self._tap(item, now, portals))
            case DigitsTyped(station, digits):
                return Verdict(self.storage.keyed(station, digits, now))
            case ContactSeen():
                return Verdict(self._contact(item, now, portals))
            case SlotSeen():
                return Verdict(self.storage.slot(item, now))
            case PinTyped():
                return Verdict(self.doors.pin_typed(item, now, portals))
            case PinChosen():
                return Verdict(self.doors.pins.chosen(item, now))
            case RequestReceived():
                return self._request(item, now, portals)
            case CheckpointShown(note):
                return Verdict(self._shown(note))
            case QueriesTurnedAway(dashboard, count):
                return Verdict(Outcome((InputsDropped(f"query/{dashboard}", count),)))
            case ConsoleAsked():
                return self._console(item, now)
            case PartFailing() | PartAnswering():
                return Verdict(self._part(item))

    def _part(self, item: PartFailing | PartAnswering) -> Outcome:
        """A part that fails, or answers again: recorded when that is news."""
        if isinstance(item, PartAnswering):
            known = self.doors.failed.pop(item.part, None) is not None
            return Outcome((PartRecovered(item.part),) if known else ())
        known = self.doors.failed.get(item.part) == item.reason
        self.doors.failed[item.part] = item.reason
        return Outcome(() if known else (PartFailed(item.part, item.reason),))

    def _tap(self, item: CredentialPresented, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """A badge at a door; or at a station, where it is to be somebody's new one, or is for whoever waits."""
        if item.reader not in self._facility.stations:
            return self.doors.tap(item, now, portals)
        tap, known = self.doors.seen(item.card)
        enrolled = self.doors.enrol(item.reader, tap, known, item.card.personalised, now)
        return enrolled or self.storage.tapped(item.reader, tap, known, now)

    def _contact(self, item: ContactSeen, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """A level: of a tether, of what begins an evacuation, or of a portal's."""
        if item.which == TETHER_INPUT:
            return self.storage.tethers.seen(item.portal, item.active, now)
        if item.which == EVACUATION_INPUT and self._facility.evacuation is not None:
            return evacuation.at_contact(self._facility.evacuation.zone, item.active, self.doors.postures.orders)
        return self.doors.contact(item, now, portals)

    def refuse(self, item: Input, now: Now, portals: dict[str, PortalState]) -> Verdict:
        """The verdict on an input that stopped the controller before: as little of it is looked at as can be.

        Leaving is not refused, not even so; a contact cannot be, and counts as a part that fails.
        """
        match item:
            case CredentialPresented(reader) if reader in self._facility.stations:
                return Verdict(self.storage.refuse(reader, now))
            case CredentialPresented(reader) | PinTyped(reader):
                return self._moved(Verdict(self.doors.refuse_tap(self._facility.readers[reader], now, portals)))
            case ContactSeen(portal, which):
                part = self._facility.device_of(portal, which)
                known = part in self.doors.failed
                self.doors.failed[part] = Code.INTERNAL
                return Verdict(Outcome(() if known else (PartFailed(part, Code.INTERNAL),)))
            case SlotSeen(cabinet, slot):
                return Verdict(self._part(PartFailing(self._facility.cabinets[cabinet].slots[slot].present, Code.INTERNAL)))
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

    def due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Verdict]:
        """The verdicts on everything whose time has come: deadlines are computed from state, there is no timer."""
        for verdict in self._due(now, portals):
            yield self._kept(verdict, now)

    def _due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Verdict]:
        for portal, state in list(portals.items()):
            if state.deadline is not None and state.deadline <= now.seconds:
                yield self._moved(Verdict(passage.cue(self.doors.at(portal, portals, now), Cue.DEADLINE)))
        yield from self._postures_due(now, portals)
        yield from map(Verdict, self.doors.parties.due(now, portals))
        yield from map(Verdict, self.doors.companions.due(now.seconds))
        for enrolment in list(self.doors.enrolments.values()):
            if not badge.is_open(enrolment, now.judged):
                yield Verdict(badge.lapse(enrolment))
        yield from self._leavers_due(now)
        for outcome in self.doors.pins.due(now, lambda portal, reader: self.doors.at(portal, portals, now, reader)):
            yield Verdict(outcome)
        yield from self._reviews_due(now)
        yield from map(Verdict, self.storage.due(now))
        for dashboard, count in self._rates.due(now.seconds).items():
            yield Verdict(Outcome((InputsDropped(f"request/{dashboard}", count),)))

    def _postures_due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Verdict]:
        """Overrides that are over, then every portal that does not stand as it is to stand (C8.8)."""
        for portal in self.doors.postures.lapsed(now.judged, trusted(now.clock)):
            yield Verdict(posture.ended(portal))
        self.doors.postures.look(now.judged, trusted(now.clock))
        for portal, wanted in self.doors.postures.moves(portals):
            yield self._moved(Verdict(passage.stand(self.doors.at(portal, portals, now), wanted)))

    def _leavers_due(self, now: Now) -> Iterator[Verdict]:
        """Whose last day is over leaves by itself (C7.2, C7.4). What they hold has opened nothing since; it ends for good
        only by a clock that is trusted, so that one that runs ahead sends nobody away."""
        facts = self._facts.connection
        for profile in person_facts.leavers(facts, now.judged, _LEAVERS) if trusted(now.clock) else ():
            yield Verdict(leaving.over(profile, person_facts.held(facts, profile.person)))

    def _reviews_due(self, now: Now) -> Iterator[Verdict]:
        """What nobody has reviewed in time is suspended, some at a time, by a clock that is trusted (C7.4)."""
        for found in self.doors.cases.reviews if trusted(now.clock) else ():
            if found.due_at <= now.judged:
                rights = review_facts.undecided(self._facts.connection, found, now.judged, _SUSPENDED)
                yield Verdict(review.suspend(found, rights))

    def next_due_s(self, now: Now, portals: dict[str, PortalState]) -> float | None:
        """Seconds until the next deadline, or None for none."""
        waits = [state.deadline - now.seconds for state in portals.values() if state.deadline is not None]
        waits += [(enrolment.until_at - now.judged).total_seconds() for enrolment in self.doors.enrolments.values()]
        waits += self.doors.pins.waits(now)
        if (edge := self.doors.postures.wait_s(now.judged, trusted(now.clock))) is not None:
            waits.append(edge)
        for kept in (self.doors.parties, self.doors.companions, self._rates):
            if (wait := kept.wait_s(now.seconds)) is not None:
                waits.append(wait)
        if (wait := self.storage.wait_s(now)) is not None:
            waits.append(wait)
        if trusted(now.clock):
            dues = (person_facts.next_leaving(self._facts.connection), *(found.due_at for found in self.doors.cases.reviews))
            waits += [(due - now.judged).total_seconds() for due in dues if due is not None]
        return max(0.0, min(waits)) if waits else None

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


def conclusion(request: Request, refusal: Refusal | None, first: int, last: int) -> RequestAccepted | RequestRefused:
    """The record that ends a request: done by the records from `first` to `last`, or refused."""
    if refusal is not None:
        place = refusal.place[:200]
        return RequestRefused(request.id, request.kind[:64], request.dashboard, request.operator, refusal.code, place)
    return RequestAccepted(request.id, request.kind, request.dashboard, request.operator, first, last)
