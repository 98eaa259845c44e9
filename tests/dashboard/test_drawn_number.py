"""A number drawn for a combination lock (C8.3)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.drawn_number import DIAL, KEYPAD, LONGEST, RULES, SHORTEST, broken, draw


@pytest.mark.parametrize(
    ("sort", "text", "rule"),
    [
        (DIAL, "37-39-82", "apart"),
        (DIAL, "37-85-54", "no_fives"),
        (DIAL, "12-34-78", "no_series"),
        (DIAL, "78-34-22", "no_series"),
        (DIAL, "38-82-54", "no_parity"),
        (DIAL, "37-82-16", "last_free"),
        (DIAL, "50-25-50", "no_factory"),
        (KEYPAD, "712394", "no_run"),
        (KEYPAD, "719876", "no_run"),
        (KEYPAD, "779721", "no_repeat"),
        (KEYPAD, "394394", "no_repeat"),
        (KEYPAD, "813318", "no_repeat"),
        (KEYPAD, "112871", "no_date"),
        (KEYPAD, "641224", "no_date"),
        (KEYPAD, "198437", "no_year"),
        (KEYPAD, "372945", "no_fives"),
        (KEYPAD, "3729", ""),
        (KEYPAD, "0000", "no_factory"),
        (KEYPAD, "123456", "no_factory"),
        (DIAL, "37-82-54", ""),
        (KEYPAD, "738294", ""),
    ],
)
def test_what_is_easily_guessed_breaks_its_rule(sort: str, text: str, rule: str) -> None:
    """Dates, runs, repeats, factory settings and marks too near to each other are none (C8.3); a good number breaks no rule."""
    assert (rule in broken(sort, text)) if rule else broken(sort, text) == ()


@given(st.integers(0, 2**32), st.integers(SHORTEST, LONGEST))
def test_what_is_drawn_keeps_every_rule(seed: int, digits: int) -> None:
    """Whatever is drawn for a dial or a keypad of any length breaks no rule, and has the lock's form (C8.3)."""
    below = random.Random(seed).randrange
    dial, keypad = draw(DIAL, below=below), draw(KEYPAD, digits, below)
    assert broken(DIAL, dial) == broken(KEYPAD, keypad) == ()
    assert [len(part) for part in dial.split("-")] == [2, 2, 2]
    assert len(keypad) == digits
    assert keypad.isdigit()


def test_enough_numbers_are_left_to_guess() -> None:
    """The rules leave more than 20,000 numbers of a three-number dial, and half of those of six digits."""
    dials = sum(not broken(DIAL, f"{a:02d}-{b:02d}-{c:02d}") for a in range(100) for b in range(100) for c in range(0, 100, 3))
    assert dials > 20_000
    drawn = random.Random(7)
    good = sum(not broken(KEYPAD, f"{drawn.randrange(10**6):06d}") for _ in range(3000))
    assert good > 3000 * 0.5 * 0.9


@pytest.mark.parametrize(("sort", "digits"), [("slot", 6), (KEYPAD, 3), (KEYPAD, 13)])
def test_a_lock_that_is_none_is_refused(sort: str, digits: int) -> None:
    """Nothing is drawn for a lock that nobody knows."""
    with pytest.raises(ValueError, match="no such lock"):
        draw(sort, digits)


def test_every_rule_is_told_apart() -> None:
    """The codes of the rules are those that `broken` answers."""
    assert set(broken(DIAL, "50-50-50")) <= set(RULES[DIAL])
    assert set(broken(KEYPAD, "0000")) <= set(RULES[KEYPAD])
