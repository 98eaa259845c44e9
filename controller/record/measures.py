"""What contracts and classes ask of the place where information is kept, and which places take it on (C1.2). Pure.

A measure is a code that the system itself can hold people to; what it cannot is free text beside it. The controller's rules and
the dashboard's pages compute by these functions what is in force in a place: the strictest of what is kept there.

An asset counts for the place that it is in, and for what that container stands in, up to the first room: whoever opens the room
stands before the container. It does not count for the rooms around that one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.record.conditions import PLEDGE, TRAINING

LEAST_ASSURANCE, TWO_PERSON, NO_CARRY_IN = "least_assurance", "two_person", "no_carry_in"
ASSURANCES = {"one_way": 1, "mutual": 2, "aes": 3}
"""What a badge has to prove, as `least_assurance:aes` says it."""

MOST_MEASURES = 16
"""Of one asset."""

TOP_SECRET, SECRET, INTERNAL = SECRECIES = ("top_secret", "secret", "internal")
"""極秘, 秘, 社外秘: the classes, the strictest first."""

OWN_MARK, CONCERNED, NOT_OUTSIDE = MARKS = ("", "concerned", "not_outside")
"""What is written on the thing beside its class: nothing more, 関係者限り, 対外秘."""

PERSONAL = ("personal", "sensitive", "my_number")
"""個人情報, 要配慮個人情報, 特定個人情報: the sorts of personal information, in the order of the form."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One measure that one asset asks for; `seq` is the record that says so."""

    code: str
    asset: int
    seq: int


def sort_of(code: str) -> str:
    """What sort of measure it is: `least_assurance`, `two_person`, `pledge`, `training`, `no_carry_in`."""
    return code.partition(":")[0]


def known(code: str, conditions: Iterable[str]) -> bool:
    """Whether this is a measure, of a site that knows these pledges and courses."""
    sort, separator, value = code.partition(":")
    if sort in (PLEDGE, TRAINING):
        return code in conditions
    if sort == LEAST_ASSURANCE:
        return value in ASSURANCES
    return not separator and sort in (TWO_PERSON, NO_CARRY_IN)


def assurance(demand: Demand) -> int:
    """How much a badge has to prove for this measure; one that is not known asks for the most."""
    sort, _, value = demand.code.partition(":")
    return ASSURANCES.get(value, max(ASSURANCES.values())) if sort == LEAST_ASSURANCE else 0


def holders(place: str, stands_in: Mapping[str, str]) -> tuple[str, ...]:
    """The places that take on what is kept in this one, itself first. `stands_in`: by container, what it stands in."""
    found = [place]
    while (place := stands_in.get(place, "")) and place not in found:
        found.append(place)
    return tuple(found)


def strictest(secrecies: Iterable[str]) -> str:
    """The strictest of these classes; empty for none. One that is not known counts as the strictest."""
    ranks = [SECRECIES.index(one) if one in SECRECIES else 0 for one in secrecies]
    return SECRECIES[min(ranks)] if ranks else ""
