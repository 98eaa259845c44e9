"""The keypad of a station: digits to `#`, bounded in length and time; nothing of them where they are not asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.clock import SteppedClock
from controller.digits import MOST, WAIT_S, DigitsFeed
from controller.inbox import DigitsTyped, Inbox, Input, PartAnswering, PartFailing
from controller.works import shape

from .test_keypads import Keys, Lamps


class Desk:
    """One station's keypad and the inbox, under a stepped clock."""

    def __init__(self) -> None:
        self.clock = SteppedClock(datetime(2026, 11, 24, tzinfo=UTC))
        self.inbox, self.keys, self.lamps = Inbox(), Keys(), Lamps()
        self.feed = DigitsFeed("desk", "simulated:31", self.keys, self.lamps, self.inbox, self.clock)
        self.feed.look()
        assert self.taken() == [PartAnswering("simulated:31")]

    def type(self, keys: str) -> list[Input]:
        self.keys.waiting += keys
        while self.keys.waiting:
            self.feed.look()
        return self.taken()

    def taken(self) -> list[Input]:
        return self.inbox.take(10, 0.0)


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        ("12#", ["12"]),
        ("#", []),
        ("9*12#", ["12"]),
        ("1#2#", ["1", "2"]),
        ("1" * MOST + "#", ["1" * MOST]),
        ("1" * (MOST + 1) + "#", []),
        ("1" * 100 + "#7#", ["7"]),
    ],
)
def test_what_keys_come_to(keys: str, typed: list[str]) -> None:
    """`#` ends, `*` begins anew, and what is too long or nothing at all is refused with a sound."""
    desk = Desk()

    assert desk.type(keys) == [DigitsTyped("desk", digits) for digits in typed]
    assert desk.lamps.played.count("denied") == keys.count("#") - len(typed)


def test_what_was_left_half_typed_is_forgotten() -> None:
    """Whoever comes later does not end what somebody else began."""
    desk = Desk()
    assert desk.type("4") == []
    desk.clock.step(timedelta(seconds=WAIT_S + 1))
    assert desk.type("2#") == [DigitsTyped("desk", "2")]


def test_a_keypad_that_fails_is_a_failed_part_and_forgets() -> None:
    """A fault is told once, and taken back by the first good round; what was typed before it is gone."""
    desk = Desk()

    said = desk.type("4!2#")

    assert [type(item) for item in said] == [PartFailing, PartAnswering, DigitsTyped]
    assert said[-1] == DigitsTyped("desk", "2")


def test_digits_are_in_no_log_and_no_note_of_poison() -> None:
    """Neither what a digit input prints as nor what it is known by tells the digits."""
    assert "4711" not in repr(DigitsTyped("desk", "4711"))
    assert shape(DigitsTyped("desk", "4711")) == shape(DigitsTyped("desk", "1"))
