"""The model of a door: whatever people and controllers do to it, its rules hold."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hardware.simulated.door import Door

LIMIT_S = 5.0


class DoorRules(RuleBasedStateMachine):
    """A door under random use, against the simplest account of what was last commanded."""

    def __init__(self) -> None:
        super().__init__()
        self.door = Door(limit_s=LIMIT_S)
        self.now = 0.0
        self.energised_at: float | None = None

    def expected_released(self) -> bool:
        return self.energised_at is not None and self.now < self.energised_at + LIMIT_S

    @rule(seconds=st.floats(0, 12, allow_nan=False))
    def time_passes(self, seconds: float) -> None:
        """Nothing happens but time."""
        self.now += seconds
        self.door.advance(self.now)

    @rule(energised=st.booleans())
    def commanded(self, energised: bool) -> None:
        """The controller sets the line."""
        self.door.command(self.now, energised)
        self.energised_at = self.now if energised else None

    @rule(pass_s=st.floats(0.1, 3))
    def walked(self, pass_s: float) -> None:
        """Somebody pushes: it gives way exactly when released, or open already."""
        could = self.expected_released() or self.door.leaf_open
        events = self.door.walk(self.now, pass_s)
        assert could == ("pushed_in_vain" not in events)
        assert could == self.door.leaf_open

    @rule()
    def forced(self) -> None:
        """Somebody opens it by force; that is called forced exactly when it was closed and secure."""
        was_open, released = self.door.leaf_open, self.expected_released()
        events = self.door.force(self.now)
        assert ("forced" in events) == (not was_open and not released)
        assert self.door.leaf_open

    @precondition(lambda self: self.door.leaf_open)
    @rule()
    def closed(self) -> None:
        """Somebody closes it."""
        self.door.close_leaf(self.now)
        assert not self.door.leaf_open

    @rule(hold_s=st.floats(0.1, 2))
    def rex(self, hold_s: float) -> None:
        """The button never moves lock or leaf."""
        before = (self.door.released, self.door.leaf_open)
        self.door.press_rex(self.now, hold_s)
        assert before == (self.door.released, self.door.leaf_open)
        assert self.door.rex_pressed

    @invariant()
    def released_only_while_commanded_and_within_the_limit(self) -> None:
        """The lock lets go exactly while the last command was to, and no longer than its limit."""
        assert self.expected_released() == self.door.released

    @invariant()
    def nothing_is_overdue(self) -> None:
        """What happens next lies in the future."""
        due = self.door.due_at()
        assert due is None or due > self.now


TestDoorRules = DoorRules.TestCase
TestDoorRules.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_events_come_in_the_order_in_which_they_were_due() -> None:
    """After a long time, closing, letting go of the button and the limit are told in the order in which they fell due."""
    door = Door(limit_s=5.0)
    door.command(0.0, True)
    door.walk(0.0, 2.0)
    door.press_rex(0.0, 3.0)

    assert ["closed", "rex_let_go", "secured_by_limit"] == door.advance(100.0)


def test_no_limit_is_no_limit() -> None:
    """A door whose limit is 0 stays released."""
    door = Door(limit_s=0.0)
    door.command(0.0, True)
    door.advance(1e6)

    assert door.released
