"""The feed of a key cabinet: what lasts is told once with its key; what flaps, lies or fails is a part that fails (C8.2)."""

from collections.abc import Callable
from datetime import timedelta

from sites import BEGAN

from controller.clock import SteppedClock
from controller.inbox import Inbox, Input, PartAnswering, PartFailing, SlotSeen
from controller.slot_feed import FLAPPING_S, FLAPS, NAMELESS_S, STABLE_S, SlotFeed
from hardware.protocols import HardwareFault

LONG_S = STABLE_S + 0.01


class ScriptedCabinet:
    """A cabinet of one slot whose level and fob the test sets."""

    def __init__(self, present: bool, tag: str | None = None, identifies: bool = False) -> None:
        self.level: bool | HardwareFault = present
        self.fob = tag
        self._identifies = identifies

    slots = (1,)

    def present(self, slot: int) -> bool:
        if isinstance(self.level, HardwareFault):
            raise self.level
        return self.level

    def identifies(self, slot: int) -> bool:
        return self._identifies

    def tag(self, slot: int) -> str | None:
        return self.fob

    def watch(self, changed: Callable[[], None]) -> None:
        """Nothing: levels alone are looked at."""

    def release(self, slot: int) -> None:
        raise AssertionError("a feed releases nothing")

    def secure(self, slot: int) -> None:
        raise AssertionError("a feed secures nothing")

    def close(self) -> None:
        """Nothing."""


class Bench:
    """A feed, its clock, and what it told."""

    def __init__(self, cabinet: ScriptedCabinet) -> None:
        self.cabinet = cabinet
        self.clock = SteppedClock(BEGAN)
        self.inbox = Inbox()
        self.feed = SlotFeed("main", cabinet, {1: "gpio:5"}, self.inbox, self.clock)

    def look(self, after_s: float = 0.0) -> list[Input]:
        """One round after so long; what was told."""
        self.clock.step(timedelta(seconds=after_s))
        self.feed.look()
        return self.inbox.take(99, 0)

    def lasts(self, seconds: float = LONG_S) -> list[Input]:
        """A round now, and one after so long."""
        return self.look() + self.look(seconds)


def test_a_level_that_lasts_is_told_once() -> None:
    """A key that is pulled is told when the slot was empty for as long as a hand shakes it, and not again."""
    bench = Bench(ScriptedCabinet(True))
    assert bench.lasts() == [SlotSeen("main", 1, True)]
    bench.cabinet.level = False
    assert bench.look() == []
    bench.cabinet.level = True
    assert bench.lasts() == []
    bench.cabinet.level = False
    assert bench.lasts() == [SlotSeen("main", 1, False)]
    assert bench.lasts(5.0) == []


def test_a_key_is_told_with_its_fob() -> None:
    """A slot that can tell says which key it is; one that reads nothing is waited for a while, then told so."""
    bench = Bench(ScriptedCabinet(False, identifies=True))
    assert bench.lasts() == [SlotSeen("main", 1, False)]
    bench.cabinet.level = True
    assert bench.lasts() == []
    bench.cabinet.fob = "01-7"
    assert bench.lasts() == [SlotSeen("main", 1, True, "01-7")]
    bench.cabinet.fob = None
    assert bench.lasts() == []
    assert bench.look(NAMELESS_S) == [SlotSeen("main", 1, True)]


def test_a_sensor_that_comes_and_goes_fails_and_tells_of_no_key() -> None:
    """A loose wire is a part that fails, and nothing that was taken; calm again, its level is news."""
    bench = Bench(ScriptedCabinet(True))
    bench.lasts()
    told: list[Input] = []
    for _ in range(FLAPS):
        bench.cabinet.level = not bench.cabinet.level
        told += bench.look(0.2)
    assert PartFailing("gpio:5", "flapping") in told
    assert bench.lasts(1.0) == []
    assert bench.look(FLAPPING_S) == [PartAnswering("gpio:5"), SlotSeen("main", 1, True)]


def test_a_slot_that_says_empty_while_its_key_is_read_is_not_believed() -> None:
    """A sensor that is stuck at empty lends no key that can be read in its slot: it is a part that fails."""
    bench = Bench(ScriptedCabinet(True, "01-7", identifies=True))
    bench.lasts()
    bench.cabinet.level = False
    assert bench.lasts() == []
    assert bench.look(NAMELESS_S) == [PartFailing("gpio:5", "contradicted")]
    bench.cabinet.level = True
    assert bench.lasts(LONG_S)[:1] == []
    assert bench.look(FLAPPING_S) == [PartAnswering("gpio:5"), SlotSeen("main", 1, True, "01-7")]


def test_a_part_that_fails_is_told_once_and_its_level_again() -> None:
    """A cabinet that does not answer is told once; when it does again, what it says is news even if it is the same."""
    bench = Bench(ScriptedCabinet(True))
    bench.lasts()
    bench.cabinet.level = HardwareFault("gpio:5", "silent")
    assert bench.look() == [PartFailing("gpio:5", "silent")]
    assert bench.look(1.0) == []
    bench.cabinet.level = True
    assert bench.lasts() == [PartAnswering("gpio:5"), SlotSeen("main", 1, True)]


def test_a_cabinet_that_hangs_is_told_once_and_taken_back() -> None:
    """A round that does not end, on a bus that hangs, is a part that fails; the next one that ends takes it back."""
    bench = Bench(ScriptedCabinet(True))
    bench.lasts()
    bench.clock.step(timedelta(seconds=11))
    for _ in range(2):
        bench.feed.watch(bench.clock.monotonic(), 10.0)
    assert bench.inbox.take(9, 0) == [PartFailing("gpio:5", "silent")]
    assert bench.look() == [PartAnswering("gpio:5")]
