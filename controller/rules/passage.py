"""From a decision to a door: the record that allows an opening, the portal's step, and the signal beside the door."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.door import ExitRequested, PortalReleased
from controller.record.kinds.entry import EntryGranted, EntryGrantedByPin, EntryRefused
from controller.record.kinds.posture import PortalLocked, PortalUnlocked
from controller.record.private import PrivateRow
from controller.rules.access import BadgeFact, Grant, Tap
from controller.rules.effects import Effect, PlaySignal
from controller.rules.outcome import Moved, Outcome, Refusal
from controller.rules.portal import STANDS, Cue, Passer, PortalState, Status, Timing, step
from controller.rules.posture import EVACUATION, Posture
from controller.rules.presence import EITHER, passed


@dataclass(frozen=True, slots=True)
class At:
    """Where and when: the portal, how it stands, and the reader that saw the tap (empty for none)."""

    portal: str
    state: PortalState
    timing: Timing
    now_s: float
    reader: str = ""
    idle: str = "idle_locked"
    """What the portal shows while it is locked."""
    inner: str = ""
    outer: str = ""
    """The zones it leads into and out of; empty for outside."""


def enter(at: At, side: str, zone: str, grant: Grant, assurance: int, pin: int = 0) -> Outcome:
    """A granted tap: into `zone` on side `in`, out of it on side `out`. `pin`: the number of the PIN that was proved too."""
    badge = grant.badge
    release_s = at.timing.release_s

    def record(status: str) -> msgspec.Struct:
        said = (at.portal, side, zone, badge.person, badge.badge, grant.access_right, assurance, status, release_s)
        return EntryGrantedByPin(*said, pin) if pin else EntryGranted(*said)

    passer = Passer(badge.person, at.inner if side == "in" else at.outer)
    return _allow(at, "entry", record, "granted", passer)


def refuse(at: At, side: str, zone: str, refusal: Refusal, tap: Tap, badge: BadgeFact | None) -> Outcome:
    """A tap that opens nothing. The door shows that it does, not why (`ux.md` §4)."""
    person, number = _who(tap, badge)
    record = EntryRefused(
        at.portal, side, zone, refusal.code, tap.credential, tap.label, person, number, tap.assurance, refusal.place
    )
    return Outcome((record,), (PlaySignal(at.portal, "denied", at.reader),))


def exit_request(
    at: At, refusal: Refusal | None = None, tap: Tap | None = None, badge: BadgeFact | None = None
) -> Outcome:
    """Somebody wants to leave: the button, or a tap at the inner reader with `refusal` missing. It opens all the same."""
    code = "" if refusal is None else refusal.code
    label = "" if tap is None else tap.label
    person, number = _who(tap, badge)

    def record(status: str) -> msgspec.Struct:
        return ExitRequested(at.portal, code, label, person, number, status, at.timing.release_s)

    return _allow(at, "exit", record, "granted", Passer(person, at.outer))


def _who(tap: Tap | None, badge: BadgeFact | None) -> tuple[int | None, int | None]:
    """Person and badge, if the tap proved to be the badge; a copied number accuses nobody."""
    if tap is None or badge is None or tap.problem is not None:
        return None, None
    return badge.person, badge.badge


def release(at: At, operator: int, reason: PrivateRow) -> Outcome:
    """An operator lets the portal be opened once."""

    def record(status: str) -> msgspec.Struct:
        return PortalReleased(at.portal, operator, reason.ref(), status, at.timing.release_s)

    outcome = _allow(at, "operator", record, "granted", Passer(None, EITHER))
    return replace(outcome, private=(reason,))


def cue(at: At, what: Cue) -> Outcome:
    """The contact changed, or the deadline came. When the leaf opens, everybody it was released for has passed."""
    after = step(at.portal, at.state, what, at.timing, at.now_s)
    then = passed(at.portal, at.inner, at.outer, at.state.passing) if what is Cue.OPENED else ()
    return Outcome(after.records, _shown(at, after.effects), moved=Moved(at.portal, after.state), then=then)


def stand(at: At, wanted: Posture) -> Outcome:
    """The portal is to stand unlocked from now on, or no more (C8.8); or for another reason or to another end than it does."""
    if wanted.open and at.state.status in STANDS:
        return _stand_on(at, wanted)
    after = step(at.portal, at.state, Cue.UNLOCK if wanted.open else Cue.LOCK, at.timing, at.now_s)
    status = after.state.status
    if wanted.open:
        until = None if wanted.until is None else timestamp(wanted.until)
        record: msgspec.Struct = PortalUnlocked(at.portal, wanted.cause, until, status)
    else:
        record = PortalLocked(at.portal, wanted.cause, status)
    cause, standing = (wanted.cause, wanted.said) if wanted.open else ("", "")
    state = PortalState(status, after.state.deadline, after.state.release_seq, cause, standing=standing)
    moved = Moved(at.portal, state, allowed=wanted.open)
    then = passed(at.portal, at.inner, at.outer, at.state.passing) if wanted.open else ()
    effects = [_idle_open(effect, wanted) for effect in _shown(at, after.effects)]
    return Outcome((record,), tuple(effects), moved=moved, then=then)


def _stand_on(at: At, wanted: Posture) -> Outcome:
    """It goes on standing, and nothing moves; but the record and the lamp beside the door are to say why, and until when."""
    until = None if wanted.until is None else timestamp(wanted.until)
    state = replace(at.state, cause=wanted.cause, standing=wanted.said)
    signal = _idle_open(PlaySignal(at.portal, "idle_open"), wanted)
    record = PortalUnlocked(at.portal, wanted.cause, until, state.status)
    return Outcome((record,), (signal,), moved=Moved(at.portal, state, allowed=True))


def _idle_open(effect: Effect, wanted: Posture) -> Effect:
    """A portal that stands unlocked for people to get out says so."""
    match effect:
        case PlaySignal(portal, "idle_open", reader) if wanted.cause == EVACUATION:
            return PlaySignal(portal, "evacuation", reader)
    return effect


def _shown(at: At, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """A locked portal shows what it is to show: a lockdown is not a closed shop."""
    idle = PlaySignal(at.portal, "idle_locked")
    return tuple(PlaySignal(at.portal, at.idle) if effect == idle else effect for effect in effects)


def _allow(at: At, cause: str, record: Callable[[str], msgspec.Struct], signal: str, passer: Passer) -> Outcome:
    after = step(at.portal, at.state, Cue.ALLOW, at.timing, at.now_s)
    stepped = after.state  # not dataclasses.replace: this is in the way of every tap, and it takes as long as a query
    waits = stepped.status is Status.RELEASED
    passing = (*_others(at.state.passing, passer), passer) if waits else ()
    state = PortalState(stepped.status, stepped.deadline, stepped.release_seq, cause, passing, stepped.standing)
    effects = (*after.effects, PlaySignal(at.portal, signal, at.reader))
    then = () if waits else passed(at.portal, at.inner, at.outer, (passer,))
    return Outcome((record(stepped.status),), effects, moved=Moved(at.portal, state, allowed=True), then=then)


def _others(passing: tuple[Passer, ...], passer: Passer) -> tuple[Passer, ...]:
    """Those who wait already, without this one: whoever taps again and again is one person."""
    if passer.person is None:
        return tuple(known for known in passing if known.person is not None or known.zone != passer.zone)
    return tuple(known for known in passing if known.person != passer.person)
