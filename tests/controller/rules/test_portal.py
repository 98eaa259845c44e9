"""The portal's table, states × cues, and what each step asks for (C8.7, C8.9, C8.10)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.envelope import kind_of
from controller.rules.effects import ReleaseLock, SecureLock
from controller.rules.portal import TABLE, Cue, PortalState, Status, Timing, step

TIMING = Timing(release_s=5, held_open_s=20)
WAITING = (Status.RELEASED, Status.OPEN, Status.STANDING, Status.STANDING_OPEN)
STANDS = (Status.STANDING, Status.STANDING_OPEN)

# The table once more, as a person reads it at the door: state, cue, state after, what is recorded.
EXPECTED = {
    ("unknown", "allow"): ("released", None),
    ("unknown", "opened"): ("open", "door.observed"),
    ("unknown", "closed"): ("secure", "door.observed"),
    ("unknown", "deadline"): None,
    ("secure", "allow"): ("released", None),
    ("secure", "opened"): ("forced", "door.forced"),
    ("secure", "closed"): ("secure", None),
    ("secure", "deadline"): None,
    ("released", "allow"): ("released", None),
    ("released", "opened"): ("open", "door.opened"),
    ("released", "closed"): ("released", None),
    ("released", "deadline"): ("secure", "entry.abandoned"),
    ("open", "allow"): ("open", None),
    ("open", "opened"): ("open", None),
    ("open", "closed"): ("secure", "door.closed"),
    ("open", "deadline"): ("held", "door.held"),
    ("held", "allow"): ("held", None),
    ("held", "opened"): ("held", None),
    ("held", "closed"): ("secure", "door.closed"),
    ("held", "deadline"): None,
    ("forced", "allow"): ("forced", None),
    ("forced", "opened"): ("forced", None),
    ("forced", "closed"): ("secure", "door.closed"),
    ("forced", "deadline"): None,
    ("standing", "allow"): ("standing", None),
    ("standing", "opened"): ("standing_open", "door.opened"),
    ("standing", "closed"): ("standing", None),
    ("standing", "deadline"): ("standing", None),
    ("standing_open", "allow"): ("standing_open", None),
    ("standing_open", "opened"): ("standing_open", None),
    ("standing_open", "closed"): ("standing", "door.closed"),
    ("standing_open", "deadline"): ("standing_open", None),
    # how it is to stand by itself; a leaf that nobody has seen, or that was forced, stays as it is
    ("unknown", "unlock"): None,
    ("secure", "unlock"): ("standing", None),
    ("released", "unlock"): ("standing", None),
    ("open", "unlock"): ("standing_open", None),
    ("held", "unlock"): ("standing_open", None),
    ("forced", "unlock"): None,
    ("standing", "unlock"): None,
    ("standing_open", "unlock"): None,
    ("unknown", "lock"): None,
    ("secure", "lock"): None,
    ("released", "lock"): None,
    ("open", "lock"): None,
    ("held", "lock"): None,
    ("forced", "lock"): None,
    ("standing", "lock"): ("secure", None),
    ("standing_open", "lock"): ("open", None),
}


def standing(status: Status) -> PortalState:
    return PortalState(status, 100.0 if status in WAITING else None, 7, "entry")


@pytest.mark.parametrize(("status", "cue"), list(product(Status, Cue)))
def test_each_state_answers_each_cue_as_the_table_says(status: Status, cue: Cue) -> None:
    """Every pair of state and cue leads where it must and records what it must; a stale deadline raises (C8.7)."""
    expected = EXPECTED[status, cue]
    if expected is None:
        assert (status, cue) not in TABLE
        with pytest.raises(KeyError):
            step("p", standing(status), cue, TIMING, 100.0)
        return

    done = step("p", standing(status), cue, TIMING, 100.0)

    assert (done.state.status, [kind_of(body)[0] for body in done.records]) == (
        expected[0],
        [expected[1]] if expected[1] else [],
    )
    assert all(getattr(body, "status", done.state.status) == done.state.status for body in done.records)


@pytest.mark.parametrize(("status", "cue"), list(TABLE))
def test_only_what_is_allowed_releases(status: Status, cue: Cue) -> None:
    """The lock is released by an allowance, not while the leaf is open; by standing unlocked, and kept so (C8.7, C8.8)."""
    effects = step("p", standing(status), cue, TIMING, 100.0).effects

    released = ReleaseLock("p") in effects
    allowed = cue is Cue.ALLOW and status in (Status.UNKNOWN, Status.SECURE, Status.RELEASED)
    kept = cue is Cue.DEADLINE and status in STANDS
    assert released == (allowed or cue is Cue.UNLOCK or kept)
    assert not (released and SecureLock("p") in effects)


@pytest.mark.parametrize(("status", "cue"), list(TABLE))
def test_whatever_ends_a_release_secures(status: Status, cue: Cue) -> None:
    """Leaving what is unlocked, or finding out after a start how the door stands, commands the lock secure."""
    done = step("p", standing(status), cue, TIMING, 100.0)
    unlocked = (Status.RELEASED, Status.UNKNOWN, *STANDS)
    left = status in unlocked and done.state.status not in unlocked

    assert (SecureLock("p") in done.effects) == left


@given(st.lists(st.tuples(st.sampled_from(Cue), st.floats(0, 60)), max_size=40))
def test_a_deadline_stands_exactly_where_one_is_waited_for(cues: list[tuple[Cue, float]]) -> None:
    """Whatever happens, a released, open or standing portal has a deadline, in its time, and no other has one."""
    state, now = PortalState(), 1000.0
    for cue, later in cues:
        now += later
        if cue is Cue.DEADLINE:
            if state.deadline is None:
                continue
            now = max(now, state.deadline)
        elif (state.status, cue) not in TABLE:
            continue
        before, state = state, step("p", state, cue, TIMING, now).state

        assert (state.deadline is not None) == (state.status in WAITING)
        if state.status is Status.RELEASED and cue is Cue.ALLOW:
            assert state.deadline == now + 5
        if state.status in STANDS and (before.status is not state.status or cue is Cue.DEADLINE):
            assert state.deadline == now + 4
        if state.status is Status.OPEN and before.status is not Status.OPEN:
            assert state.deadline == now + 20
        if state.status is Status.OPEN and before.status is Status.OPEN:
            assert state.deadline == before.deadline, "an open door's time is not lengthened by another tap"


def test_a_story_at_a_door() -> None:
    """Granted, opened, left open, closed: four states, an alarm, and the record of the release in each."""
    state = PortalState(Status.SECURE)
    seen = []
    for cue, now in ((Cue.ALLOW, 0.0), (Cue.OPENED, 2.0), (Cue.DEADLINE, 22.0), (Cue.CLOSED, 60.0)):
        done = step("p", state, cue, TIMING, now)
        state = done.state
        seen.append((state.status, state.deadline, [kind_of(body)[0] for body in done.records]))

    assert seen == [
        ("released", 5.0, []),
        ("open", 22.0, ["door.opened"]),
        ("held", None, ["door.held"]),
        ("secure", None, ["door.closed"]),
    ]
