"""Inputs that stopped the controller: which are refused from now on, and until when (design §3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from controller.record.kinds.input import InputForgiven, InputPoisoned
from controller.record.kinds.site import PartRecovered
from controller.record.refusals import Code
from controller.rules.outcome import Outcome, Refusal

MOST = 64
"""So many are known at a time; a further one is for the oldest."""


@dataclass(frozen=True, slots=True)
class Poison:
    """An input that is refused: by its digest, what it was, where it came from, and which program it stopped."""

    poison: str
    sort: str
    place: str
    version: str


def at_start(known: Mapping[str, Poison], found: Sequence[Poison], version: str) -> Iterator[msgspec.Struct]:
    """The records of a start: what another program's trouble was is forgiven, what stopped this one is refused.

    `known` is in order of age, the oldest first.
    """
    stands = []
    for one in known.values():
        if one.version == version:
            stands.append(one)
        else:
            yield from forgiven(one, "version")
    fresh = [one for one in found if one.poison not in {old.poison for old in stands}][:MOST]
    for one in stands[: max(0, len(stands) + len(fresh) - MOST)]:
        yield from forgiven(one, "bound")
    for one in fresh:
        yield InputPoisoned(one.poison, one.sort, one.place[:200], one.version)


def forgive(known: Mapping[str, Poison], poison: str) -> Outcome | Refusal:
    """Somebody at the console wants it tried again."""
    if poison not in known:
        return Refusal(Code.SUBJECT, "poison")
    return Outcome(tuple(forgiven(known[poison], "console")))


def forgiven(one: Poison, reason: str) -> Iterator[msgspec.Struct]:
    """The records that end it. A contact, or a slot's sensor, was a failed part meanwhile."""
    yield InputForgiven(one.poison, reason)
    if one.sort in ("contact", "slot"):
        yield PartRecovered(one.place)
