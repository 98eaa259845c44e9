"""A portal's states, as a table (C8.7, C8.9).

Theory of operation. A portal is *secure* until something allows it to be opened: a granted badge, an exit request, or an
operator. Then it is *released* for some seconds. When the leaf opens, the lock is secured at once, so that it catches when
the leaf falls shut; the portal is *open*, and *held* when that lasts too long. When nobody comes, it is secure again. A
leaf that opens with nothing having allowed it is *forced* until it closes. At the start it is *unknown* until the contact was
read once. Deadlines are values computed here, there is no timer: a deadline that comes when no state waits for one is
a mistake of the shell, and has no entry in the table.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from controller.record.kinds.door import DoorClosed, DoorForced, DoorHeld, DoorObserved, DoorOpened
from controller.record.kinds.entry import EntryAbandoned
from controller.rules.effects import Effect, PlaySignal, ReleaseLock, SecureLock


class Status(StrEnum):
    """How a portal stands."""

    UNKNOWN = "unknown"
    SECURE = "secure"
    RELEASED = "released"
    OPEN = "open"
    HELD = "held"
    FORCED = "forced"


class Cue(StrEnum):
    """What happens to a portal."""

    ALLOW = "allow"
    OPENED = "opened"
    CLOSED = "closed"
    DEADLINE = "deadline"


TABLE: dict[tuple[Status, Cue], Status] = {
    (Status.UNKNOWN, Cue.ALLOW): Status.RELEASED,
    (Status.UNKNOWN, Cue.OPENED): Status.OPEN,
    (Status.UNKNOWN, Cue.CLOSED): Status.SECURE,
    (Status.SECURE, Cue.ALLOW): Status.RELEASED,
    (Status.SECURE, Cue.OPENED): Status.FORCED,
    (Status.SECURE, Cue.CLOSED): Status.SECURE,
    (Status.RELEASED, Cue.ALLOW): Status.RELEASED,
    (Status.RELEASED, Cue.OPENED): Status.OPEN,
    (Status.RELEASED, Cue.CLOSED): Status.RELEASED,
    (Status.RELEASED, Cue.DEADLINE): Status.SECURE,
    (Status.OPEN, Cue.ALLOW): Status.OPEN,
    (Status.OPEN, Cue.OPENED): Status.OPEN,
    (Status.OPEN, Cue.CLOSED): Status.SECURE,
    (Status.OPEN, Cue.DEADLINE): Status.HELD,
    (Status.HELD, Cue.ALLOW): Status.HELD,
    (Status.HELD, Cue.OPENED): Status.HELD,
    (Status.HELD, Cue.CLOSED): Status.SECURE,
    (Status.FORCED, Cue.ALLOW): Status.FORCED,
    (Status.FORCED, Cue.OPENED): Status.FORCED,
    (Status.FORCED, Cue.CLOSED): Status.SECURE,
}


@dataclass(frozen=True, slots=True)
class Timing:
    """A portal's settings: how long a release waits for somebody, and how long the leaf may stay open, in seconds."""

    release_s: int = 5
    held_open_s: int = 20


@dataclass(frozen=True, slots=True)
class PortalState:
    """How a portal stands, what allowed it, and by when (monotonic seconds) something has to happen."""

    status: Status = Status.UNKNOWN
    deadline: float | None = None
    release_seq: int = 0
    """The record that allowed the present or last opening."""
    cause: str = ""
    """`entry`, `exit` or `operator`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transition: the state after it, the records and effects it asks for."""

    state: PortalState
    records: tuple[msgspec.Struct, ...] = ()
    effects: tuple[Effect, ...] = ()


def step(portal: str, state: PortalState, cue: Cue, timing: Timing, now_s: float) -> Step:
    """What a cue does to a portal. ALLOW's own record is the caller's: it knows who was allowed.

    Raises KeyError for a deadline in a state that waits for none.
    """
    status = TABLE[state.status, cue]
    if status is state.status and cue is not Cue.ALLOW:
        return Step(state)
    after = PortalState(status, _deadline(status, timing, now_s), state.release_seq, state.cause)
    if status is state.status and status is not Status.RELEASED:
        after = state  # allowed while the leaf is open: nothing to release, the same deadline stands
    return Step(after, _records(portal, state, status, cue, timing), _effects(portal, state.status, status))


def _deadline(status: Status, timing: Timing, now_s: float) -> float | None:
    if status is Status.RELEASED:
        return now_s + timing.release_s
    if status is Status.OPEN:
        return now_s + timing.held_open_s
    return None


def _records(portal: str, state: PortalState, status: Status, cue: Cue, timing: Timing) -> tuple[msgspec.Struct, ...]:
    if cue is Cue.ALLOW:
        return ()
    if state.status is Status.UNKNOWN:
        return (DoorObserved(portal, status),)
    match status:
        case Status.OPEN:
            return (DoorOpened(portal, state.release_seq, state.cause, status),)
        case Status.HELD:
            return (DoorHeld(portal, status, timing.held_open_s),)
        case Status.FORCED:
            return (DoorForced(portal, status),)
        case _ if cue is Cue.DEADLINE:
            return (EntryAbandoned(portal, state.release_seq, status),)
        case _:
            return (DoorClosed(portal, status),)


def _effects(portal: str, before: Status, after: Status) -> tuple[Effect, ...]:
    if after is Status.RELEASED:
        return (ReleaseLock(portal),)
    secure: tuple[Effect, ...] = (SecureLock(portal),) if before in (Status.RELEASED, Status.UNKNOWN) else ()
    if before is after:
        return ()
    signal = {Status.HELD: "held_open", Status.FORCED: "forced", Status.SECURE: "idle_locked"}.get(after)
    return secure if signal is None else (*secure, PlaySignal(portal, signal))
