"""Leaving with a key that is to stay: never refused, but shown at the door and recorded (C8.2, design §11)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from controller.record.kinds.cabinet import KeyCarriedOut
from controller.record.kinds.key import LENT
from controller.rules.effects import Effect, PlaySignal
from controller.rules.key import Key
from controller.rules.outcome import Outcome

SIGNAL = "key_due"


def cautioned(outcome: Outcome, portal: str, left: Collection[str], person: int, held: Sequence[Key]) -> Outcome:
    """The outcome of somebody's way out of these zones, with what they have in their hands."""
    carried = [key for key in held if key.state == LENT and key.stays_in in left]
    if not carried:
        return outcome
    record = KeyCarriedOut(portal, carried[0].stays_in, person, tuple(key.key for key in carried))
    return replace(outcome, effects=tuple(map(_shown, outcome.effects)), then=(*outcome.then, record))


def _shown(effect: Effect) -> Effect:
    """Instead of a plain yes, a caution and yes."""
    match effect:
        case PlaySignal(portal, "granted", reader):
            return PlaySignal(portal, SIGNAL, reader)
    return effect
