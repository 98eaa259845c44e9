"""Who may only pass together: the two-person rule of a zone, and escorts (C7.7, C8.9).

Theory. Each tap is first decided alone, by `access.py`. Where that is not enough, those who tapped at one portal within the
zone's `together_s` are a *party*, and this rule says who of it may pass:

* Two persons. Into a zone with the two-person rule nobody passes unless two different right holders of the party do, or two
  are certainly inside. So nobody comes to be alone inside by our doing. Two badges of one person are one person, and whoever
  has to be escorted is no right holder.
* Escort. Whose right says `escorted` passes only with somebody of the party whose right says `escort`, and no escort has more
  than `escort_ratio` of theirs inside. Those who tapped first go first; the others wait on for another escort.

Whoever has passed stays of the party while the leaf they were let in by has not closed, and no longer than `together_s` after
their tap: an escort who taps first opens for themselves, and the visitor's tap behind them passes too.

Nobody is kept from leaving. Who is left behind, alone or without their escort, for longer than `together_s`, is an alarm.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.record.kinds.right import ESCORT, ESCORTED
from controller.record.refusals import Code
from controller.rules.access import TWO
from controller.rules.zone import ZoneRules

LARGEST = 16
"""How many persons wait or pass together at most."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a party: how their right lets them in (`own`, `escorted`, `escort`), and when they tapped."""

    person: int
    manner: str
    tapped_s: float
    passed: bool = False
    """They were let in by the opening that is not over yet."""
    escort: int = 0
    """Who escorts them, once they have passed."""

    @property
    def holder(self) -> bool:
        """Whether they may be inside by themselves, as far as the right goes."""
        return self.manner != ESCORTED


@dataclass(frozen=True, slots=True)
class Inside:
    """Who is certainly inside the zone: right holders, and by person the escort of those who were escorted in.

    Who is in a zone that lies in it is in it too.
    """

    holders: frozenset[int] = frozenset()
    escorted: dict[int, int] = field(default_factory=dict)
    further_in: frozenset[int] = frozenset()
    """Those of the escorted who are in a zone that lies in it: whether their escort is there is that zone's affair."""
    by_word: frozenset[int] = frozenset()
    """Those of the right holders who are inside by somebody's word alone: no door has seen them come in."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Who of the party passes now, with the escorts of those who need one; and what each of the others is waiting for."""

    persons: tuple[int, ...]
    escorts: Mapping[int, int]
    awaited: Mapping[int, Code]


def needed(guarded: bool, manner: str) -> bool:
    """Whether a tap with such a right is a party's affair at all; `guarded`: into a zone that nobody may be alone in."""
    return guarded or manner in (ESCORTED, ESCORT)


def passing(zone: ZoneRules, members: tuple[Member, ...], inside: Inside, guarded: tuple[Inside, ...] = ()) -> Passing:
    """Who of these may pass; each a different person, in the order of their taps.

    `guarded`: who is inside each of the zones that they come into and that nobody may be alone in.
    """
    holders = {member.person for member in members if member.holder}
    escorts = _escorts(zone, members, inside)
    alone = len(holders) < TWO and any(len(there.holders - there.by_word - holders) < TWO for there in guarded)
    persons, awaited = [], {}
    for member in members:
        if member.passed:
            continue
        if not member.holder and member.person not in escorts:
            awaited[member.person] = Code.ESCORT
        elif alone:
            awaited[member.person] = Code.SECOND_PERSON
        else:
            persons.append(member.person)
    return Passing(tuple(persons), {} if alone else escorts, awaited)


def _escorts(zone: ZoneRules, members: tuple[Member, ...], inside: Inside) -> dict[int, int]:
    """The escort of each that waits and has to have one, as far as the escorts' hands reach; each the one with fewest.

    Who is inside by the records and taps again still has their escort's hand, whether they come in or not.
    """
    passed = {member.person: member.escort for member in members if member.passed and member.escort}
    led = Counter((inside.escorted | passed).values())
    hands = [member.person for member in members if member.manner == ESCORT]
    found: dict[int, int] = {}
    for member in members:
        if member.holder or member.passed or not hands:
            continue
        held = inside.escorted.get(member.person)
        escort = min(hands, key=lambda person: led[person]) if held not in hands else held
        if escort == held:
            found[member.person] = escort
        elif led[escort] < zone.escort_ratio:
            led[escort] += 1
            found[member.person] = escort
    return found


# Leaving --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody inside without the others that the zone's rules ask for: `code` says who is missing."""

    person: int
    code: Code


def left_behind(zone: ZoneRules, inside: Inside) -> dict[Left, int]:
    """Who is inside alone, or without their escort; with the escort, 0 for none."""
    found = {
        Left(person, Code.ESCORT): escort
        for person, escort in sorted(inside.escorted.items())
        if escort not in inside.holders and person not in inside.further_in
    }
    if zone.two_person and len(inside.holders) == 1:
        found[Left(min(inside.holders), Code.SECOND_PERSON)] = 0
    return found


def leaves_behind(zone: ZoneRules, inside: Inside, person: int) -> bool:
    """Whether somebody is left behind once this person has left, who was not before."""
    escorted = {one: escort for one, escort in inside.escorted.items() if one != person}
    after = left_behind(zone, Inside(inside.holders - {person}, escorted, inside.further_in, inside.by_word))
    return bool(after.keys() - left_behind(zone, inside).keys())
