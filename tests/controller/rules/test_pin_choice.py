"""What makes a PIN good, and what keeps the PIN for duress apart from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.rules.pin_choice import Choosing, Step, Taste, slips, too_near, weakness, wipe

digits = st.text("0123456789", min_size=4, max_size=12).map(str.encode)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("493817", None),
        ("180526", None),
        ("4938170", None),
        ("493817493812", None),
        ("49381", "length"),
        ("", "length"),
        ("4938174938174", "length"),
        ("49381a", "length"),
        ("777777", "pattern"),
        ("474747", "pattern"),
        ("447744", "pattern"),
        ("493493", "pattern"),
        ("123456", "pattern"),
        ("890123", "pattern"),
        ("654321", "pattern"),
        ("210987", "pattern"),
        ("000142", "number"),
        ("001857", "number"),
        ("000143", None),
    ],
)
def test_weak_pins(typed: str, why: str | None) -> None:
    """A PIN is long enough, no pattern seen from across the room, and no number that goes with the person."""
    assert weakness(typed.encode(), Taste(6, (142, 1857))) == why


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("493817", "493817", 0),
        ("493817", "493818", 1),
        ("493817", "493871", 1),
        ("493817", "943817", 1),
        ("493817", "49387", 1),
        ("493817", "4938117", 1),
        ("493817", "943871", 2),
        ("493817", "493826", 2),
        ("493817", "180526", 6),
    ],
)
def test_slips_of_the_finger(one: str, other: str, count: int) -> None:
    """A digit replaced, left out or typed too many, or two neighbours swapped, is one slip."""
    assert slips(one.encode(), other.encode()) == slips(other.encode(), one.encode()) == count


def slipped(pin: bytes) -> set[bytes]:
    """Everything that one slip makes of a PIN, counted out and not computed."""
    found = {pin[:n] + bytes([d]) + pin[n + 1 :] for n in range(len(pin)) for d in b"0123456789"}
    found |= {pin[:n] + bytes([d]) + pin[n:] for n in range(len(pin) + 1) for d in b"0123456789"}
    found |= {pin[:n] + pin[n + 1 :] for n in range(len(pin))}
    found |= {pin[:n] + pin[n + 1 : n + 2] + pin[n : n + 1] + pin[n + 2 :] for n in range(len(pin) - 1)}
    return found


@given(digits)
def test_no_single_slip_calls_for_help_nor_keeps_a_call_back(own: bytes) -> None:
    """What one slip makes of either PIN is never accepted as the other: a slip is a wrong PIN and nothing else."""
    for typed in slipped(own):
        assert too_near(own, typed) and too_near(typed, own)


@given(digits, digits)
def test_what_is_accepted_is_no_slip_away(own: bytes, duress: bytes) -> None:
    """A PIN for duress is accepted exactly where no single slip leads from one to the other."""
    assert too_near(own, duress) == (duress in slipped(own))


def typed(choosing: Choosing, *entries: str) -> list[bool]:
    return [choosing.type(bytearray(entry.encode())) for entry in entries]


@pytest.mark.parametrize(
    ("entries", "step", "own", "duress", "code"),
    [
        (["493817", "493817", ""], Step.DONE, "493817", "", "time"),
        (["493817", "493817", "180526", "180526"], Step.DONE, "493817", "180526", "time"),
        (["123456", "493817", "493817", ""], Step.DONE, "493817", "", "pattern"),
        (["493817", "493818", "180526", "180526", ""], Step.DONE, "180526", "", "repetition"),
        (["493817", "493817", "493871"], Step.DURESS, "493817", "", "near"),
        (["493817", "493817", "493817"], Step.DURESS, "493817", "", "near"),
        (["493817", "493817", "180526", "180527", ""], Step.DONE, "493817", "", "repetition"),
        (["493817", "493817", "180526", ""], Step.DURESS, "493817", "", "repetition"),
        (["", "493817"], Step.OWN_AGAIN, "493817", "", "length"),
        (["493817"], Step.OWN_AGAIN, "493817", "", "time"),
    ],
)
def test_choosing_at_a_keypad(entries: list[str], step: Step, own: str, duress: str, code: str) -> None:
    """The PIN twice, then the one for duress twice or nothing; what is not good is chosen anew and says why."""
    choosing = Choosing.begin(Taste(6))

    typed(choosing, *entries)

    assert (choosing.step, choosing.own.decode(), choosing.duress.decode(), choosing.code) == (step, own, duress, code)
    choosing.close()
    assert not choosing.own and not choosing.duress


@given(st.lists(digits | st.just(b""), max_size=8))
def test_what_is_chosen_is_always_good(entries: list[bytes]) -> None:
    """Whatever is typed, what comes out at the end is a good PIN, and one for duress that is good and no slip away."""
    choosing, taste = Choosing.begin(Taste(6, (12,))), Taste(6, (12,))
    for entry in entries:
        if choosing.step is not Step.DONE:
            choosing.type(bytearray(entry))
    if choosing.step is Step.DONE:
        assert weakness(choosing.own, taste) is None
        assert not choosing.duress or (weakness(choosing.duress, taste) is None and not too_near(choosing.own, choosing.duress))


def test_wiping() -> None:
    """What is wiped is overwritten where it stood before it is let go."""
    seen = bytearray(b"493817")
    window = memoryview(seen)
    try:
        wipe(seen)
    except BufferError:
        pass  # the view keeps it from shrinking, so that one can look
    assert bytes(window) == bytes(6)
