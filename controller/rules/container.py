"""Containers on record: put up, moved with what is in them, and taken out of service when they are empty (C8.1).

A container is retired only when no asset is kept in it: what it held would be nowhere. Everything else that was about it ends
in the same step: rights to it, and who answered for it. Its id is not given again, so that a record of then is not read as one
of another container of now.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller.record.asks.container import RegisterContainer
from controller.record.kinds.container import (
    LOCKS,
    SORTS,
    ContainerMoved,
    ContainerRegistered,
    ContainerRetired,
)
from controller.record.kinds.right import RightRevoked
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules import keeper
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal

MOST_CONTAINERS = 2000
"""On record, in service or not."""

_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Target:
    """The place where a container shall stand."""

    place: str
    around: tuple[str, ...]
    """The places that it lies in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A container in service, with all that ends with it."""

    container: str
    zone: str
    holds: int
    """How many assets are kept in it, or in what stands in it."""
    containers: int = 0
    """How many stand in it."""
    rights: Sequence[int] = ()
    """Rights to it that hold or were requested."""
    keepers: Sequence[tuple[str, int]] = ()
    """Who answers for it, as in the table `keeper`, and person."""
    appointment: int | None = None
    """By which they do, or did last."""


def register(
    ask: RegisterContainer, operator: OperatorFact, *, taken: Collection[str], target: Target | None, text: PrivateRow
) -> Outcome | Refusal:
    """Put up a container; `taken`: the ids of every zone, and of every container there ever was."""
    if _ID.fullmatch(ask.container) is None:
        return Refusal(Code.FORM, "body.container")
    if ask.container_sort not in SORTS:
        return Refusal(Code.FORM, "body.container_sort")
    if ask.lock not in LOCKS:
        return Refusal(Code.FORM, "body.lock")
    if ask.container in taken:
        return Refusal(Code.SUBJECT, "body.container")
    if len(taken) >= MOST_CONTAINERS:
        return Refusal(Code.BUSY, "container")
    if target is None:
        return Refusal(Code.SUBJECT, "body.zone")
    if refusal := within(operator, target.place):
        return refusal
    record = ContainerRegistered(
        ask.container, ask.container_sort, ask.zone, ask.lock, text.ref(), operator.operator, "in_use"
    )
    return Outcome((record,), private=(text,))


def move(found: Standing | None, target: Target | None, operator: OperatorFact, reason: PrivateRow) -> Outcome | Refusal:
    """Let it stand elsewhere. Whoever moves it answers for the place that it leaves and for the one that it comes to."""
    if found is None:
        return Refusal(Code.SUBJECT, "body.container")
    if target is None or target.place == found.zone:
        return Refusal(Code.SUBJECT, "body.zone")
    if found.container in (target.place, *target.around):
        return Refusal(Code.SUBJECT, "body.zone")
    if refusal := within(operator, found.container) or within(operator, target.place):
        return refusal
    record = ContainerMoved(found.container, found.zone, target.place, operator.operator, reason.ref())
    return Outcome((record,), private=(reason,))


def retire(found: Standing | None, operator: OperatorFact, reason: PrivateRow) -> Outcome | Refusal:
    """Take an empty container out of service; rights to it are revoked, each by its record."""
    if found is None:
        return Refusal(Code.SUBJECT, "body.container")
    if refusal := within(operator, found.container):
        return refusal
    if found.holds or found.containers:
        return Refusal(Code.EMPTINESS, "container.assets" if found.holds else "container.containers")
    number = operator.operator
    return Outcome(
        (
            *(RightRevoked(right, number, "revoked") for right in found.rights),
            *(keeper.ended(id, person, number) for id, person in found.keepers),
            ContainerRetired(found.container, found.zone, number, reason.ref(), "retired", found.appointment),
        ),
        private=(reason,),
    )

