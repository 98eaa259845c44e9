"""A portal's states, as a table (C8.7, C8.9).

Theory of operation. A portal is *secure* until something allows it to be opened: a granted badge, an exit request, or an
operator. Then it is *released* for some seconds. When the leaf opens, the lock is secured at once, so that it catches when
the leaf falls shut; the portal is *open*, and *held* when that lasts too long. When nobody comes, it is secure again. A
leaf that opens with nothing having allowed it is *forced* until it closes. At the start it is *unknown* until the contact was
read once. Deadlines are values computed here, there is no timer: a deadline that comes when no state waits for one is
a mistake of the shell, and has no entry in the table.

A portal may also *stand* unlocked, by schedule or by an operator's override (`posture.py` says when): then the leaf opens and
closes as it likes, and the lock is told again every `HOLD_S` to let go, because its own time limit secures it when nobody
does (F22). A leaf that was forced stays an alarm until it is closed, whatever the posture.
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
    STANDING = "standing"
    STANDING_OPEN = "standing_open"


STANDS = frozenset({Status.STANDING, Status.STANDING_OPEN})
"""Unlocked until further notice, the leaf closed or open."""

HOLD_S = 4.0
"""How often a standing lock is told to let go; the time limit of a lock that is to stand unlocked must be longer."""


class Cue(StrEnum):
    """What happens to a portal."""

    ALLOW = "allow"
    OPENED = "opened"
    CLOSED = "closed"
    DEADLINE = "deadline"
    UNLOCK = "unlock"
    LOCK = "lock"


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
    (Status.SECURE, Cue.UNLOCK): Status.STANDING,
    (Status.RELEASED, Cue.UNLOCK): Status.STANDING,
    (Status.OPEN, Cue.UNLOCK): Status.STANDING_OPEN,
    (Status.HELD, Cue.UNLOCK): Status.STANDING_OPEN,
    (Status.STANDING, Cue.ALLOW): Status.STANDING,
    (Status.STANDING, Cue.OPENED): Status.STANDING_OPEN,
    (Status.STANDING, Cue.CLOSED): Status.STANDING,
    (Status.STANDING, Cue.DEADLINE): Status.STANDING,
    (Status.STANDING, Cue.LOCK): Status.SECURE,
    (Status.STANDING_OPEN, Cue.ALLOW): Status.STANDING_OPEN,
    (Status.STANDING_OPEN, Cue.OPENED): Status.STANDING_OPEN,
    (Status.STANDING_OPEN, Cue.CLOSED): Status.STANDING,
    (Status.STANDING_OPEN, Cue.DEADLINE): Status.STANDING_OPEN,
    (Status.STANDING_OPEN, Cue.LOCK): Status.OPEN,
}


@dataclass(frozen=True, slots=True)
class Timing:
    """A portal's settings: how long a release waits for somebody, and how long the leaf may stay open, in seconds."""

    release_s: int = 5
    held_open_s: int = 20


@dataclass(frozen=True, slots=True)
class Passer:
    """Somebody whom a portal was released for, and who was not seen to pass yet. `person` None: nobody knows who."""

    person: int | None
    zone: str
    """Into which they go; empty for outside, `*` when it may be either."""
    release: int = 0
    """The record that let them pass; 0 until it has its number."""


@dataclass(frozen=True, slots=True)
class PortalState:
    """How a portal stands, what allowed it, and by when (monotonic seconds) something has to happen."""

    status: Status = Status.UNKNOWN
    deadline: float | None = None
    release_seq: int = 0
    """The record that allowed the present or last opening."""
    cause: str = ""
    """`entry`, `exit` or `operator`; `schedule`, `override` or `evacuation` while it stands unlocked."""
    passing: tuple[Passer, ...] = ()
    """Everybody it was released for since the leaf was last closed, while it waits for them. Kept nowhere else: at the end of
    the process it is lost, and all presence is doubted."""
    standing: str = ""
    """Why and until when it stands unlocked, as it was recorded; empty when it does not stand."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transition: the state after it, the records and effects it asks for."""

    state: PortalState
    records: tuple[msgspec.Struct, ...] = ()
    effects: tuple[Effect, ...] = ()


def step(portal: str, state: PortalState, cue: Cue, timing: Timing, now_s: float) -> Step:
    """What a cue does to a portal. The records of ALLOW, UNLOCK and LOCK are the caller's: it knows who or what said so.

    Raises KeyError for a deadline in a state that waits for none, and for a cue that has no meaning in the state.
    """
    status = TABLE[state.status, cue]
    if cue is Cue.DEADLINE and status in STANDS:
        held = PortalState(status, _deadline(status, timing, now_s), state.release_seq, state.cause, standing=state.standing)
        return Step(held, (), (ReleaseLock(portal),))
    if status is state.status and cue is not Cue.ALLOW:
        return Step(state)
    standing = state.standing if status in STANDS else ""
    after = PortalState(status, _deadline(status, timing, now_s), state.release_seq, state.cause, standing=standing)
    if status is state.status and status is not Status.RELEASED:
        after = state  # allowed while the leaf is open: nothing to release, the same deadline stands
    return Step(after, _records(portal, state, status, cue, timing), _effects(portal, state.status, status))


def _deadline(status: Status, timing: Timing, now_s: float) -> float | None:
    if status is Status.RELEASED:
        return now_s + timing.release_s
    if status is Status.OPEN:
        return now_s + timing.held_open_s
    if status in STANDS:
        return now_s + HOLD_S
    return None


def _records(portal: str, state: PortalState, status: Status, cue: Cue, timing: Timing) -> tuple[msgspec.Struct, ...]:
    if cue in (Cue.ALLOW, Cue.UNLOCK, Cue.LOCK):
        return ()
    if state.status is Status.UNKNOWN:
        return (DoorObserved(portal, status),)
    match status:
        case Status.OPEN | Status.STANDING_OPEN:
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
    if before is after:
        return ()
    if after in STANDS:
        return () if before in STANDS else (ReleaseLock(portal), PlaySignal(portal, "idle_open"))
    held = before in (Status.RELEASED, Status.UNKNOWN, *STANDS)
    secure: tuple[Effect, ...] = (SecureLock(portal),) if held else ()
    signal = {Status.HELD: "held_open", Status.FORCED: "forced", Status.SECURE: "idle_locked"}.get(after)
    return secure if signal is None else (*secure, PlaySignal(portal, signal))
