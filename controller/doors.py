"""What comes of a tap, a typed PIN and a contact: each gathers the facts of the moment, and asks the rules.

Several rules have a say in one tap: whether the badge may pass (`access`), whether it has to wait for its PIN or for somebody
beside it, and what the passage means for those inside. Here they are asked in turn; none of them is here.
"""

import hmac
from dataclasses import replace
from functools import lru_cache

from controller.cases import Cases
from controller.companions import Companions
from controller.facility import Facility, Portal, ReaderAt
from controller.facts import Facts
from controller.in_force import InForce
from controller.inbox import (
    ContactSeen,
    CredentialPresented,
    PinTyped,
)  # fmt: skip
from controller.parties import Parties
from controller.pins import Pins
from controller.postures import Postures
from controller.presences import Coming
from controller.record.kinds.right import ESCORTED
from controller.record.refusals import Code
from controller.rules import (
    access,
    admission,
    badge,
    interlock,
    key_leaving,
    party,
    passage,
    pin_wait,
    posture,
)
from controller.rules.access import Tap
from controller.rules.badge import Enrolment
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passage import At
from controller.rules.pin import TO_TYPE
from controller.rules.portal import Cue, PortalState, Status
from controller.storage_facts import keys
from controller.timekeeper import Now
from hardware.protocols import CardRead


class Doors:
    """One site's; belongs to the loop's thread. Keeps nothing that the ledger does not."""

    def __init__(self, facility: Facility, facts: Facts, pepper: bytes) -> None:
        self._facility = facility
        self._facts = facts
        self._pepper = pepper
        self.postures = Postures(facility, facts)
        self._in_force = InForce(facility, facts)
        self.cases = Cases(facility, facts, self.postures, self._in_force)
        self.pins = Pins(facility, facts, self.cases)
        self.parties = Parties(self._in_force, facility, facts)
        self.companions = Companions(self._in_force, facility, facts)
        self._reader_portals = {id: facility.portal_of(id) for id in facility.antennas}
        self.enrolments: dict[str, Enrolment] = {}
        """The readers at which the next badge is somebody's new one."""
        self.failed: dict[str, str] = {}
        """The parts that do not answer, and why."""

    def reload(self) -> None:
        """Reads again what is kept from the tables: open enrolments, failed parts, how portals are to stand."""
        self._in_force.reload()
        self.postures.reload()
        self.pins.reload()
        self.cases.reload()
        self.companions.reload()
        self.enrolments = self._facts.enrolments(self._reader_portals)
        self.failed = self._facts.failed_parts()

    def lose(self) -> None:
        """A turn could not be recorded: nobody waits at a door because of it, and what was seen in it is looked for again."""
        self.parties.lose()
        self.pins.lose()
        self.companions.lose()

    def digest(self, credential: str) -> str:
        """What records say of a credential."""
        return credential_digest(self._pepper, credential)

    def tap(self, item: CredentialPresented, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """A badge at a reader: somebody's new one, the begin of choosing a PIN, or a passage."""
        reader = self._facility.readers[item.reader]
        tap, known = self.seen(item.card)
        if (enrolled := self.enrol(reader.id, tap, known, item.card.personalised, now)) is not None:
            return enrolled
        at = self.at(reader.portal, portals, now, reader.id)
        before = self.pins.interrupted(at, tap)
        decided = self.pins.chooses(reader, tap, known, now) or self._pass(reader, at, tap, known, now, portals)
        return decided if before is None else before.followed_by(decided)

    def seen(self, card: CardRead) -> tuple[Tap, access.BadgeFact | None]:
        """What a reader saw, as records say it, and the badge that it is."""
        tap = Tap(self.digest(card.credential), int(card.assurance), card.problem, card.label)
        return tap, self._facts.badge_of(tap.credential) if tap.credential else None

    def enrol(
        self, reader: str, tap: Tap, known: access.BadgeFact | None, personalised: bool, now: Now
    ) -> Outcome | None:
        """What a card becomes at a reader or station that waits for somebody's new badge; None where none does."""
        enrolment = self.enrolments.get(reader)
        if enrolment is None or not badge.is_open(enrolment, now.judged):
            return None
        return badge.enrol(
            enrolment,
            tap,
            known,
            number=self._facts.next("badge"),
            least_assurance=self._facility.least_assurance,
            personalised=personalised,
        )

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
        case = self.cases.with_pin(
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
        return self.cases.into(at.inner, tap, known, now, blocking, Coming(at.outer, portals, at.portal))

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
        if not party.needed(bool(self._in_force.guarded(at.portal)), decision.manner):
            return self.companions.comes(case, decision, admission.admit(at, case, decision))

        def again(waiting: access.Case) -> access.Case:
            known = self._facts.badge_of(waiting.tap.credential)
            anew = self._inward(at, waiting.tap, known, now, portals)
            return replace(anew, pin=self.pins.again(waiting, now))

        return self.companions.comes(case, decision, self.parties.enter(at, case, decision, again, now))

    def pin_typed(self, item: PinTyped, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """What was typed is known: everything is decided anew, on the facts of this moment."""
        awaited = self.pins.take(item)
        if awaited is None:
            return Outcome()
        at = self.at(awaited.portal, portals, now, awaited.reader)
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
        decision = access.leave(self.cases.into(portal.inner, tap, known, now))
        manner = ""
        if portal.outer:
            into = self.cases.into(portal.outer, tap, known, now, coming=Coming(portal.inner, portals, at.portal))
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
        if person is None:
            return outcome
        return self._carrying(portal, person, self.companions.goes(portal, person, manner, outcome))

    def _carrying(self, portal: Portal, person: int, outcome: Outcome) -> Outcome:
        """The outcome of somebody's way out, who may have keys that are to stay where they leave from."""
        held = keys.held_by(self._facts.connection, person)
        if not held:
            return outcome
        zones = (self._facility.zones[zone].rules for zone in (portal.inner, *self._facility.zones[portal.inner].rules.around))
        left = {zone.id for zone in zones if portal.outer not in zone.within}
        return key_leaving.cautioned(outcome, portal.id, left, person, held)

    def contact(self, item: ContactSeen, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """A leaf that moved, or an exit button that was pressed."""
        at = self.at(item.portal, portals, now)
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

    def at(self, portal: str, portals: dict[str, PortalState], now: Now, reader: str = "") -> At:
        """Where and when, as the rules of a passage take it."""
        known, idle = self._facility.portals[portal], self.postures.idle(portal)
        return At(portal, portals[portal], known.timing, now.seconds, reader, idle, known.inner, known.outer)

    def refuse_tap(self, reader: ReaderAt, now: Now, portals: dict[str, PortalState]) -> Outcome:
        """What a tap comes to that stopped the controller before: nothing of it is looked at but the side."""
        at, zone = self.at(reader.portal, portals, now, reader.id), self._facility.portals[reader.portal].inner
        refusal, nothing = Refusal(Code.INTERNAL), Tap("", 0, Code.INTERNAL, "")
        if reader.side == "out":
            return passage.exit_request(at, refusal, nothing, None)
        return passage.refuse(at, "in", zone, refusal, nothing, None)


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
