"""While nothing can be recorded: what contacts still do to a portal, and how the portals stand when it is over.

Nothing is released in that time. What secures and what warns is done as always, and the states go on, so that a door that is
forced meanwhile sounds at once. An exit button's wire opens its door without us: the leaf that follows is no forced one.
"""

from dataclasses import replace

import msgspec

from controller.record.kinds.door import DoorForced, DoorObserved
from controller.rules.effects import Effect, PlaySignal, ReleaseLock
from controller.rules.portal import STANDS, Cue, PortalState, Status, Step, Timing, step

_STANDING = {Status.FORCED: "forced", Status.HELD: "held_open"}


def begun(portal: str, state: PortalState, timing: Timing, now_s: float) -> PortalState:
    """The portal when nothing can be recorded any more: what stood unlocked does so no more, its lock is secured with all."""
    return step(portal, state, Cue.LOCK, timing, now_s).state if state.status in STANDS else state


def contact(portal: str, state: PortalState, which: str, active: bool, timing: Timing, now_s: float) -> Step:
    """The portal after a contact's new level; `which` is `leaf` or `exit`."""
    if which == "leaf":
        return cue(portal, state, Cue.OPENED if active else Cue.CLOSED, timing, now_s)
    if not active:
        return Step(state)
    after = cue(portal, state, Cue.ALLOW, timing, now_s)
    return replace(after, state=replace(after.state, cause="exit"))


def cue(portal: str, state: PortalState, what: Cue, timing: Timing, now_s: float) -> Step:
    """The portal after a cue, with the records it would have made, and no release."""
    after = step(portal, state, what, timing, now_s)
    effects: tuple[Effect, ...] = tuple(effect for effect in after.effects if not isinstance(effect, ReleaseLock))
    return replace(after, effects=effects)


def found(portal: str, state: PortalState, timing: Timing, now_s: float) -> Step:
    """The portal when it can be recorded again: as at a start, by what its contact says now; a forced leaf stays forced."""
    status = _LEAF[state.status]
    if status is Status.UNKNOWN:
        return Step(state, (), (PlaySignal(portal, "idle_locked"),))
    deadline = None
    if status is Status.OPEN:
        deadline = now_s if state.deadline is None else state.deadline
    body: msgspec.Struct = DoorForced(portal, status) if status is Status.FORCED else DoorObserved(portal, status)
    signal = _STANDING.get(state.status, "idle_locked")
    return Step(PortalState(status, deadline), (body,), (PlaySignal(portal, signal),))


_LEAF = {
    Status.UNKNOWN: Status.UNKNOWN,
    Status.SECURE: Status.SECURE,
    Status.RELEASED: Status.SECURE,
    Status.OPEN: Status.OPEN,
    Status.HELD: Status.OPEN,
    Status.FORCED: Status.FORCED,
}
