"""Taps that wait for their PIN, and people who choose one: what the loop keeps of it in memory, harmless to lose.

The digits never come here. What was typed at a reader comes as a `PinTyped` with the ticket of the question it answers; an
answer to an earlier question is for nobody.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from controller.cases import Cases
from controller.facility import Facility, ReaderAt
from controller.facts import Facts
from controller.inbox import PinChosen, PinTyped
from controller.record.refusals import Code
from controller.rules import access, passage, pin_keeping, pin_wait
from controller.rules.access import BadgeFact, Case, Tap
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passage import At
from controller.rules.pin import TO_TYPE, PinFact
from controller.rules.pin_keeping import PinEnrolment
from controller.rules.pin_wait import GRACE_S, Awaited, Typed
from controller.timekeeper import Now


class Pins:
    """One site's; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts, cases: Cases) -> None:
        self._facility = facility
        self._facts = facts
        self._cases = cases
        self._portals = {reader.id: reader.portal for reader in facility.readers.values()}
        self._awaited: dict[str, Awaited] = {}
        self._choosing: dict[str, int] = {}
        """By reader, the ticket of who chooses a PIN there."""
        self._ticket = 0
        self.enrolments: dict[str, PinEnrolment] = {}

    def reload(self) -> None:
        """Reads from the tables who may choose a PIN."""
        self.enrolments = self._facts.pins.enrolments(self._portals)

    def lose(self) -> None:
        """Nobody waits any more: what was decided last did not become durable."""
        self._awaited.clear()
        self._choosing.clear()

    # A tap ----------------------------------------------------------------------------------------------------------------

    def wait(self, case: Case, at: At, now: Now) -> Outcome | None:
        """A tap that misses nothing but its PIN waits for it; None where what would verify it is lost."""
        badge = case.badge
        standing = None if badge is None else self._facts.pins.standing(badge.person)
        hashed = None if standing is None else self._facts.pins.hashed(standing)
        if badge is None or standing is None or hashed is None:
            return None
        self._ticket += 1
        until_s = now.seconds + self._facility.pins.wait_s + GRACE_S
        awaited = Awaited(self._ticket, at.reader, at.portal, case.zone.id, case.tap, badge, standing.pin, until_s)
        self._awaited[at.reader] = awaited
        return pin_wait.wait(awaited, hashed, self._facility.pins)

    def interrupted(self, at: At, tap: Tap) -> Outcome | None:
        """Another tap at the reader: nobody is asked there any more. Who waited and is somebody else is refused, on record.

        None where nobody waited.
        """
        awaited, choosing = self._awaited.pop(at.reader, None), self._choosing.pop(at.reader, None)
        if awaited is None and choosing is None:
            return None
        forget = pin_wait.forget(at.reader)
        if awaited is None or awaited.tap.credential == tap.credential:
            return Outcome(effects=forget)
        return Outcome(self._late(awaited, at).records, forget)

    def take(self, item: PinTyped) -> Awaited | None:
        """The tap that this answers, which waits no more."""
        awaited = self._awaited.get(item.reader)
        if awaited is None or awaited.ticket != item.ticket:
            return None
        return self._awaited.pop(item.reader)

    def answered(self, awaited: Awaited, typed: Typed, case: Case, now: Now) -> Case:
        """The case of a tap whose PIN was typed, with what that proves: nothing, where another PIN was set meanwhile."""
        fact = self._cases.pin(awaited.badge.person, now)
        return replace(case, pin=replace(fact, proved=typed is not Typed.WRONG and fact.pin == awaited.pin))

    def again(self, waiting: Case, now: Now) -> PinFact | None:
        """The second factor of somebody who proved it and then waited for others: not one that was cleared meanwhile."""
        if waiting.pin is None or waiting.badge is None:
            return waiting.pin
        fact = self._cases.pin(waiting.badge.person, now)
        return replace(fact, proved=waiting.pin.proved and fact.pin == waiting.pin.pin)

    def due(self, now: Now, at: Callable[[str, str], At]) -> Iterator[Outcome]:
        """Taps whose PIN did not come in time, and enrolments whose time is over. `at` places a portal and reader."""
        for awaited in [one for one in self._awaited.values() if one.until_s <= now.seconds]:
            del self._awaited[awaited.reader]
            late = self._late(awaited, at(awaited.portal, awaited.reader))
            yield replace(late, effects=(*pin_wait.forget(awaited.reader), *late.effects))
        for enrolment in list(self.enrolments.values()):
            if not enrolment.is_open(now.judged):
                self._choosing.pop(enrolment.reader, None)
                yield pin_keeping.ended(enrolment, "time")

    def _late(self, awaited: Awaited, at: At) -> Outcome:
        return passage.refuse(at, "in", awaited.zone, Refusal(Code.PIN, TO_TYPE), awaited.tap, awaited.badge)

    # Somebody chooses a PIN -----------------------------------------------------------------------------------------------

    def chooses(self, reader: ReaderAt, tap: Tap, known: BadgeFact | None, now: Now) -> Outcome | None:
        """Somebody taps their own good badge where they may choose a PIN; None for everybody else."""
        enrolment = self.enrolments.get(reader.id)
        if enrolment is None or known is None or known.person != enrolment.person or not enrolment.is_open(now.judged):
            return None
        zone = self._facility.portals[reader.portal].inner
        leaving = access.leave(self._cases.into(zone, tap, known, now))
        if isinstance(leaving, Refusal) or tap.assurance < self._facility.least_assurance:
            return None
        self._ticket += 1
        self._choosing[reader.id] = self._ticket
        return pin_keeping.begin(enrolment, known, self._ticket, self._facility.pins.length, now.judged)

    def chosen(self, item: PinChosen, now: Now) -> Outcome:
        """What was chosen, if it is still wanted and by somebody who may still come."""
        enrolment, ticket = self.enrolments.get(item.reader), self._choosing.get(item.reader)
        if enrolment is None or ticket != item.ticket:
            return Outcome()
        del self._choosing[item.reader]
        if not enrolment.is_open(now.judged) or item.hashed is None:
            return pin_keeping.ended(enrolment, item.code or "time")
        if self._facts.person_state(enrolment.person) != "active":
            return pin_keeping.ended(enrolment, "active_person")
        return pin_keeping.chosen(enrolment, self._facts.next("pin"), item.hashed)

    def waits(self, now: Now) -> list[float]:
        """Seconds until something of this is due."""
        found = [awaited.until_s - now.seconds for awaited in self._awaited.values()]
        return found + [enrolment.left_s(now.judged) for enrolment in self.enrolments.values()]
