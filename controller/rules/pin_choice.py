"""What makes a PIN good, and the steps of choosing one at a keypad. Pure; digits are bytes, `b"493817"`.

A PIN is asked for together with the badge, so that only the PINs of one person can be taken for each other. What must not
happen is that a slip of the finger at one's own PIN calls the guards, or that a slip at the PIN for duress does not. So the
two are at least two slips apart, where a slip is one digit replaced, left out or typed too many, or two neighbours swapped
(the distance of Damerau and Levenshtein, restricted). A single slip at either is then a wrong PIN and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

LONGEST = 12
"""Digits of a PIN at most."""
SLIPS_APART = 2
_FEWEST_DIGITS = 3
"""A PIN has so many different digits at least: 112112 is seen from across the room."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What a PIN has to be: so many digits at least, and none of the numbers that go with the person."""

    length: int
    numbers: tuple[int, ...] = ()


def weakness(digits: Sequence[int], taste: Taste) -> str | None:
    """Why these digits (as bytes of ASCII) make no good PIN: `length`, `pattern`, `number`; None when they do."""
    if not taste.length <= len(digits) <= LONGEST or any(not 0x30 <= digit <= 0x39 for digit in digits):
        return "length"
    if len(set(digits)) < _FEWEST_DIGITS or _repeats(digits) or _runs(digits):
        return "pattern"
    return "number" if _value(digits) in taste.numbers else None


def slips(one: Sequence[int], other: Sequence[int]) -> int:
    """How many slips of the finger lead from one PIN to the other: replaced, left out, typed too many, neighbours swapped."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, digit in enumerate(one, 1):
        before2, before, row = before, row, [n]
        for m, against in enumerate(other, 1):
            cost = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (digit != against))
            if n > 1 and m > 1 and (digit, one[n - 2]) == (other[m - 2], against):
                cost = min(cost, before2[m - 2] + 1)
            row.append(cost)
    return row[-1]


def too_near(own: Sequence[int], duress: Sequence[int]) -> bool:
    """Whether a single slip could make one of the two PINs of a person the other."""
    return slips(own, duress) < SLIPS_APART


def _repeats(digits: Sequence[int]) -> bool:
    """A block over and over: 123123, 494949."""
    size = len(digits)
    return any(
        size % block == 0 and list(digits) == list(digits[:block]) * (size // block) for block in range(1, size // 2 + 1)
    )


def _runs(digits: Sequence[int]) -> bool:
    """Upwards or downwards throughout, over the nine too: 456789, 890123, 654321."""
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    return steps <= {1} or steps <= {9}


def _value(digits: Sequence[int]) -> int:
    value = 0
    for digit in digits:
        value = 10 * value + digit - 0x30
    return value


class Step(Enum):
    """What is typed next: the PIN, it again, the one for duress (nothing: none), it again."""

    OWN = "own"
    OWN_AGAIN = "own_again"
    DURESS = "duress"
    DURESS_AGAIN = "duress_again"
    DONE = "done"


@dataclass(slots=True, repr=False)
class Choosing:
    """One person choosing at a keypad. What was typed is forgotten when it is closed."""

    taste: Taste
    step: Step
    own: bytearray
    duress: bytearray
    code: str = "time"
    """Why the last try was not good: what the enrolment ends with when no good one follows."""

    @classmethod
    def begin(cls, taste: Taste) -> "Choosing":
        """Nothing is typed yet."""
        return cls(taste, Step.OWN, bytearray(), bytearray())

    def type(self, digits: bytearray) -> bool:
        """One entry, ended by #. False: it was not good, and the PIN it belongs to is chosen anew."""
        match self.step:
            case Step.OWN:
                return self._first(digits, self.own, weakness(digits, self.taste), Step.OWN_AGAIN)
            case Step.OWN_AGAIN:
                return self._again(digits, self.own, Step.OWN, Step.DURESS)
            case Step.DURESS if not digits:
                self.step = Step.DONE
                return True
            case Step.DURESS:
                near = "near" if too_near(self.own, digits) else None
                return self._first(digits, self.duress, weakness(digits, self.taste) or near, Step.DURESS_AGAIN)
            case Step.DURESS_AGAIN:
                return self._again(digits, self.duress, Step.DURESS, Step.DONE)
        return False

    def close(self) -> None:
        """Overwrites what was typed."""
        wipe(self.own)
        wipe(self.duress)

    def _first(self, digits: bytearray, kept: bytearray, fault: str | None, then: Step) -> bool:
        wipe(kept)
        if fault is not None:
            self.code = fault
            return False
        kept[:] = digits
        self.step = then
        return True

    def _again(self, digits: bytearray, kept: bytearray, anew: Step, then: Step) -> bool:
        if digits == kept:
            self.step = then
            return True
        wipe(kept)
        self.code, self.step = "repetition", anew
        return False


def wipe(digits: bytearray) -> None:
    """Overwrites digits, then forgets that there were any."""
    for n in range(len(digits)):
        digits[n] = 0
    digits.clear()
