"""Who knows the number of a combination lock: the ledger of shared numbers (C8.2)."""

from dataclasses import dataclass

from controller.record.asks.combination import AddKnower
from controller.record.kinds.change import Reason
from controller.record.kinds.knower import KNOWS, REMOVED, KnowerAdded, KnowerRemoved
from controller.record.refusals import Code
from controller.rules.combination import Scene, Who, asked_for, covered, fit, of_use
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Lock


@dataclass(frozen=True, slots=True)
class Knower:
    """Somebody in the ledger of shared numbers."""

    knower: int
    combination: int
    person: int
    state: str
    since_at: str
    told_by: int | None


def add(
    ask: AddKnower, lock: Lock | None, scene: Scene, number: int, person: Who, teller: Knower | None, *, knows: bool
) -> Outcome | Refusal:
    """Somebody was told the number, by somebody who knows it. Not while a new one is being set: the plan names who gets it."""
    refusal = of_use(lock, scene)
    if lock is None or refusal:
        return refusal or Refusal(Code.SUBJECT)
    if not lock.changed or (scene.change is not None and scene.change.step not in ("", "begun")):
        return Refusal(Code.BUSY, "combination_change")
    if knows:
        return Refusal(Code.SUBJECT, "body.person")
    if teller is None or teller.state != KNOWS or teller.person == ask.person:
        return Refusal(Code.SUBJECT, "body.told_by")
    if refusal := fit(person, "body.person"):
        return refusal
    record = KnowerAdded(number, lock.combination, ask.person, ask.told_by, scene.operator.operator, KNOWS)
    asked = asked_for(lock, scene, Reason("knower_added", ask.person)) if lock.change_when_added else ()
    return Outcome((record, *asked))


def remove(knower: Knower | None, lock: Lock | None, scene: Scene) -> Outcome | Refusal:
    """Somebody shall not know the number any more: until it is changed they do."""
    if knower is None or knower.state != KNOWS or lock is None:
        return Refusal(Code.SUBJECT, "body.knower")
    if refusal := covered(scene.operator, lock, scene.place):
        return refusal
    record = KnowerRemoved(knower.knower, knower.person, "asked", scene.operator.operator, REMOVED)
    return Outcome((record, *asked_for(lock, scene, Reason("knower_removed", knower.person))))
