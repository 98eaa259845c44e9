"""While nothing can be recorded nothing is released, in any state, whatever the contacts do."""

from hypothesis import given
from hypothesis import strategies as st

from controller.rules import outage
from controller.rules.effects import ReleaseLock
from controller.rules.portal import TABLE, Cue, PortalState, Status, Timing

TIMING = Timing(5, 20)
WAITING = [status for status in Status if (status, Cue.DEADLINE) in TABLE]
STATES = st.one_of(
    st.builds(PortalState, st.sampled_from(WAITING), st.floats(0, 100), st.integers(0, 9), st.just("entry")),
    st.builds(PortalState, st.sampled_from([status for status in Status if status not in WAITING])),
)
CONTACTS = st.lists(st.tuples(st.sampled_from(["leaf", "exit"]), st.booleans(), st.floats(0, 30)), max_size=12)


@given(STATES, CONTACTS)
def test_nothing_is_released(state: PortalState, contacts: list[tuple[str, bool, float]]) -> None:
    """From any state, by any contacts and deadlines: no release, no cue without a meaning, and an end by what the leaf says."""
    now_s, is_open = 0.0, None
    state = outage.begun("front", state, TIMING, now_s)
    for which, active, pause_s in contacts:
        now_s += pause_s
        steps = [outage.contact("front", state, which, active, TIMING, now_s)]
        if steps[-1].state.deadline is not None and steps[-1].state.deadline <= now_s:
            steps.append(outage.cue("front", steps[-1].state, Cue.DEADLINE, TIMING, now_s))
        assert not any(isinstance(effect, ReleaseLock) for step in steps for effect in step.effects)
        state = steps[-1].state
        is_open = active if which == "leaf" else is_open

    found = outage.found("front", state, TIMING, now_s)

    assert not any(isinstance(effect, ReleaseLock) for effect in found.effects)
    assert found.state.status in (Status.UNKNOWN, Status.SECURE, Status.OPEN, Status.FORCED)
    if is_open is not None:
        assert (found.state.status in (Status.OPEN, Status.FORCED)) == is_open
    if found.state.deadline is not None:
        assert (found.state.status, Cue.DEADLINE) in TABLE
