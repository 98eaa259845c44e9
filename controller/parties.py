"""Taps that wait for somebody else's: what is kept of them between turns, by the rule in `rules/party.py`.

In memory alone, by portal: at a restart, and after a turn that could not be recorded, nobody waits and nothing opens. When
the others come, everybody of the party is asked again on the facts of that moment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec

from controller import party_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.in_force import InForce
from controller.record.canonical import timestamp
from controller.record.kinds.party import EntryAwaited, EscortBegun, PartyEntered
from controller.record.refusals import Code
from controller.rules import access, party, passage
from controller.rules.access import Case, Grant
from controller.rules.admission import admit
from controller.rules.effects import Effect, PlaySignal
from controller.rules.outcome import Moved, Outcome, Refusal
from controller.rules.party import Member, Passing
from controller.rules.passage import At
from controller.rules.portal import STANDS, PortalState, Status, Timing
from controller.rules.zone import ZoneRules
from controller.timekeeper import Now

_OPENING = STANDS | {Status.RELEASED, Status.OPEN, Status.HELD}
"""While a portal is so, who was let in is still on the way."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """A tap of somebody of a party, as it was last decided alone, and by which right it would be let in."""

    member: Member
    case: Case
    grant: Grant
    reader: str
    awaited: Code = Code.SECOND_PERSON
    """Who is missing, while they wait."""


Again = Callable[[Case], Case]
"""Gathers anew what the decision on somebody's tap looks at."""


class Parties:
    """The parties at one site's portals; belongs to the loop's thread. Seconds are monotonic."""

    def __init__(self, in_force: InForce, facility: Facility, facts: Facts) -> None:
        self._in_force = in_force
        self._inner = {portal.id: portal.inner for portal in facility.portals.values()}
        self._facts = facts
        self._parties: dict[str, tuple[Tapped, ...]] = {}

    def _zone(self, portal: str) -> ZoneRules:
        return self._in_force.zones[self._inner[portal]]

    def lose(self) -> None:
        """Nobody waits any more: what they tapped for was not recorded."""
        self._parties.clear()

    def waiting(self, portal: str) -> int:
        """How many wait there."""
        return sum(not tapped.member.passed for tapped in self._parties.get(portal, ()))

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until somebody has waited long enough; None for nobody."""
        ends = [self._end_s(portal, tapped) - now_s for portal in self._parties for tapped in self._parties[portal]]
        return min(ends) if ends else None

    def due(self, now: Now, portals: dict[str, PortalState]) -> Iterator[Outcome]:
        """The refusals of those who have waited long enough."""
        for portal in list(self._parties):
            left, over = self._kept(portal, portals[portal].status, now.seconds)
            self._keep(portal, left)
            if over:
                yield _all(self._refused(portal, tapped, Refusal(tapped.awaited, "zone.together_s")) for tapped in over)

    def enter(self, at: At, case: Case, grant: Grant, again: Again, now: Now) -> Outcome:
        """A tap that may pass as far as it alone is concerned: what becomes of it, and of those who wait there."""
        zone, person = self._zone(at.portal), grant.badge.person
        new = Tapped(Member(person, grant.manner, at.now_s), case, grant, at.reader)
        left, over = self._kept(at.portal, at.state.status, at.now_s)
        refused = [self._refused(at.portal, tapped, Refusal(tapped.awaited, "zone.together_s")) for tapped in over]
        others, out = self._asked_again(at.portal, [t for t in left if t.member.person != person], again)
        if len(others) >= party.LARGEST:
            self._keep(at.portal, others)
            return _all([*refused, *out, self._refused(at.portal, new, Refusal(Code.BUSY, "zone.party"))])
        members = _in_turn(left, others, new)
        connection = self._facts.connection
        guarded = tuple(party_facts.inside(connection, there) for there in self._in_force.guarded(at.portal))
        inside = party_facts.inside(connection, zone)
        found = party.passing(zone, tuple(tapped.member for tapped in members), inside, guarded)
        if (full := _over(case, len(found.persons))) is not None:
            self._keep(at.portal, others)
            return _all([*refused, *out, self._refused(at.portal, new, full)])
        members = [_settled(tapped, found) for tapped in members]
        self._keep(at.portal, members)
        return _all([*refused, *out, self._passing(at, zone, members, new, found, now)])

    def _passing(
        self, at: At, zone: ZoneRules, members: list[Tapped], new: Tapped, found: Passing, now: Now
    ) -> Outcome:
        """Those who pass by one opening, each by name; or the newest one's wait. What allows the opening is the last record."""
        records: list[msgspec.Struct] = []
        waiting, person = self.waiting(at.portal), new.member.person
        if person in found.awaited:
            code, until = found.awaited[person], timestamp(now.at + timedelta(seconds=zone.together_s))
            who = (person, new.grant.badge.badge, new.case.tap.assurance)
            records.append(EntryAwaited(at.portal, "in", zone.id, code, *who, waiting, until))
        if not found.persons:
            return Outcome(tuple(records), (PlaySignal(at.portal, found.awaited[person], at.reader),))
        if not zone.container:  # nobody goes into one: who brought them into the room goes on answering for them there
            records += [EscortBegun(at.portal, zone.id, one, escort) for one, escort in found.escorts.items()]
        if len(found.persons) > 1:
            records.append(PartyEntered(at.portal, zone.id, found.persons, waiting))
        entered = []
        for tapped in members:
            if tapped.member.person in found.persons:
                entered.append(admit(at, tapped.case, tapped.grant))
                moved = entered[-1].moved
                at = at if moved is None else replace(at, state=moved.state)
        return _all([Outcome(tuple(records)), *entered])

    def _asked_again(self, portal: str, tapped: list[Tapped], again: Again) -> tuple[list[Tapped], list[Outcome]]:
        """Those of them who may still pass, by the right that they have now; and the refusals of the others."""
        still, out = [], []
        for one in tapped:
            case = again(one.case)
            decision = access.decide(case)
            if isinstance(decision, Grant) and decision.badge.person == one.member.person:
                member = replace(one.member, manner=decision.manner)
                still.append(replace(one, case=case, grant=decision, member=member))
            elif not one.member.passed:
                missing = decision if isinstance(decision, Refusal) else Refusal(Code.ACTIVE_BADGE, "badge.person")
                out.append(self._refused(portal, one, missing))
        return still, out

    def _kept(self, portal: str, status: Status, now_s: float) -> tuple[list[Tapped], list[Tapped]]:
        """Who is still of the party there, and who has waited long enough. Who passed is, until the leaf is shut."""
        left, over = [], []
        for tapped in self._parties.get(portal, ()):
            if self._end_s(portal, tapped) > now_s:
                if not tapped.member.passed or status in _OPENING:
                    left.append(tapped)
            elif not tapped.member.passed:
                over.append(tapped)
        return left, over

    def _keep(self, portal: str, tapped: list[Tapped]) -> None:
        if tapped:
            self._parties[portal] = tuple(tapped)
        else:
            self._parties.pop(portal, None)

    def _end_s(self, portal: str, tapped: Tapped) -> float:
        return tapped.member.tapped_s + self._zone(portal).together_s

    def _refused(self, portal: str, tapped: Tapped, refusal: Refusal) -> Outcome:
        at = At(portal, PortalState(), Timing(), 0.0, tapped.reader)
        return passage.refuse(at, "in", self._zone(portal).id, refusal, tapped.case.tap, tapped.grant.badge)


def _in_turn(before: list[Tapped], others: list[Tapped], new: Tapped) -> list[Tapped]:
    """The party with the newest tap. Who taps again keeps their turn: a hand that they hold is not given to another."""
    earlier = [tapped.member.person for tapped in before]
    person = new.member.person
    if person not in earlier:
        return [*others, new]
    ahead = set(earlier[: earlier.index(person)])
    first = [tapped for tapped in others if tapped.member.person in ahead]
    return [*first, new, *(tapped for tapped in others if tapped.member.person not in ahead)]


def _over(case: Case, coming: int) -> Refusal | None:
    """Whether so many at once are more than there is room for (each alone was asked for room already)."""
    full = next((room for room in case.rooms if room.others + coming > room.most), None)
    return None if full is None else Refusal(Code.ROOM, f"zone.{full.zone}.most_inside")


def _settled(tapped: Tapped, found: Passing) -> Tapped:
    """The tap after the rule: passed, with an escort or without; or waiting, for whom."""
    person, member = tapped.member.person, tapped.member
    if person in found.persons:
        return replace(tapped, member=replace(member, passed=True, escort=found.escorts.get(person, 0)))
    return replace(tapped, awaited=found.awaited.get(person, tapped.awaited))


def _all(outcomes: Iterator[Outcome] | list[Outcome]) -> Outcome:
    """One outcome of several: the records in order, each effect once, the door as the last one leaves it."""
    several = list(outcomes)
    moved: Moved | None = None
    for outcome in several:
        moved = outcome.moved or moved
    effects: dict[Effect, None] = dict.fromkeys(effect for outcome in several for effect in outcome.effects)
    records = tuple(body for outcome in several for body in outcome.records)
    then = tuple(body for outcome in several for body in outcome.then)
    return Outcome(records, tuple(effects), moved=moved, then=then)
