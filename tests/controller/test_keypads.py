"""Keypads in the controller: what is typed is judged beside the loop, and only the verdict goes to it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from controller.clock import SteppedClock
from controller.inbox import Inbox, Input, PartAnswering, PartFailing, PinChosen, PinTyped
from controller.keypads import KeypadFeed, PinBench
from controller.pin_hashes import PinHashes
from controller.rules.effects import AskPin
from controller.rules.hashed import HashedPin
from controller.rules.pin_choice import Taste
from controller.rules.pin_wait import Typed
from controller.works import shape
from hardware.protocols import HardwareFault

HASHES = PinHashes(bytes(range(32)))
KEPT = HASHES.make(bytearray(b"493817"), bytearray(b"180526"))


class Keys:
    """A keypad whose keys stand ready, each for one round; `!` is a fault."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.wanted: list[bool] = []

    def poll(self, wanted: bool) -> str | None:
        self.wanted.append(wanted)
        key = self.waiting.pop(0) if self.waiting else None
        if key == "!":
            raise HardwareFault("gpio-keypad:", "silent")
        return key

    def close(self) -> None:
        self.waiting.clear()


class Lamps:
    def __init__(self) -> None:
        self.played: list[str] = []

    def play(self, signal: str) -> None:
        self.played.append(signal)

    def close(self) -> None:
        self.played.clear()


class Door:
    """One keypad, its bench, and the inbox, under a stepped clock."""

    def __init__(self) -> None:
        self.clock = SteppedClock(datetime(2026, 11, 24, tzinfo=UTC))
        self.inbox, self.keys, self.lamps = Inbox(), Keys(), Lamps()
        self.bench = PinBench(HASHES, self.inbox, 1)
        self.feed = KeypadFeed("front/in", "gpio-keypad:", self.keys, self.lamps, self.bench, self.inbox, self.clock)
        self.feed.look()
        assert self.taken() == [PartAnswering("gpio-keypad:")]

    def type(self, keys: str) -> None:
        self.keys.waiting += keys
        while self.keys.waiting:
            self.feed.look()

    def taken(self) -> list[Input]:
        self.bench.work(0.0)
        return self.inbox.take(10, 0.0)

    def ask(self, ticket: int = 7) -> None:
        self.feed.ask(AskPin("front/in", ticket, 15, KEPT))

    def choose(self) -> None:
        self.feed.ask(AskPin("front/in", 7, 60, taste=Taste(6)))


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        ("493817#", Typed.RIGHT),
        ("180526#", Typed.DURESS),
        ("493818#", Typed.WRONG),
        ("4#", Typed.WRONG),
        ("11*493817#", Typed.RIGHT),
        ("#493817#", Typed.RIGHT),
        ("4938170#", Typed.WRONG),
        ("49381700000000000000000#", Typed.WRONG),
    ],
)
def test_only_the_verdict_is_told(keys: str, verdict: Typed) -> None:
    """What was typed comes to the loop as right, wrong or duress with the question's ticket, and as no digit."""
    door = Door()
    door.ask()

    door.type(keys)

    assert door.taken() == [PinTyped("front/in", 7, verdict)]
    assert door.lamps.played == [*["pin_key"] * (len(keys.strip("#"))), "wait"], "every key sounds the same"


def test_nobody_is_asked() -> None:
    """Keys that nobody asked for are for nothing, and so is what was typed for a question that is over."""
    door = Door()
    door.type("493817#")
    door.ask()
    door.type("4938")
    door.feed.forget()
    door.type("17#")
    door.ask(8)
    door.type("17#")

    assert door.taken() == [PinTyped("front/in", 8, Typed.WRONG)]
    assert set(door.keys.wanted) == {True, False}


def test_another_question_begins_anew() -> None:
    """Digits typed for one tap are not put before those of the next one's."""
    door = Door()
    door.ask(7)
    door.type("11")
    door.ask(8)
    door.type("493817#")

    assert door.taken() == [PinTyped("front/in", 8, Typed.RIGHT)]


def test_too_late() -> None:
    """What is typed after the time is not judged."""
    door = Door()
    door.ask()
    door.type("49381")
    door.clock.step(timedelta(seconds=15))

    door.type("7#")

    assert door.taken() == []


def test_a_keypad_that_fails() -> None:
    """A keypad that does not answer is a part that fails, told once; what was typed before goes on when it answers."""
    door = Door()
    door.ask()
    door.type("493!!817#")

    assert door.inbox.take(10, 0.0) == [PartFailing("gpio-keypad:", "silent"), PartAnswering("gpio-keypad:")]
    assert door.taken() == [PinTyped("front/in", 7, Typed.RIGHT)]


def chosen(door: Door) -> HashedPin:
    (found,) = door.taken()
    assert isinstance(found, PinChosen) and found.hashed is not None, found
    return found.hashed


def test_choosing() -> None:
    """A PIN typed twice and one for duress typed twice come to the loop as a hash that knows both."""
    door = Door()
    door.choose()
    door.type("493817#493817#180526#180526#")

    hashed = chosen(door)

    judged = [HASHES.judge(hashed, bytearray(pin)) for pin in (b"493817", b"180526", b"493818")]
    assert judged == [Typed.RIGHT, Typed.DURESS, Typed.WRONG]
    assert [signal for signal in door.lamps.played if signal != "pin_key"] == ["pin_next"] * 3 + ["wait"]


def test_choosing_without_duress() -> None:
    """`#` alone, and time that runs out after the PIN was confirmed, mean none for duress; nothing typed is one then."""
    for end in ("#", ""):
        door = Door()
        door.choose()
        door.type("123456#493817#493818#493817#493817#" + end)
        if not end:
            door.clock.step(timedelta(seconds=60))
            door.feed.look()

        hashed = chosen(door)

        assert HASHES.judge(hashed, bytearray(b"493817")) is Typed.RIGHT
        assert HASHES.judge(hashed, bytearray(b"")) is Typed.WRONG
        assert door.lamps.played.count("pin_again") == 2


def test_nothing_good_in_time() -> None:
    """An enrolment in which nothing good was typed ends with what was wrong with the last try."""
    door = Door()
    door.choose()
    door.type("777777#")
    door.clock.step(timedelta(seconds=60))
    door.feed.look()

    assert door.taken() == [PinChosen("front/in", 7, None, "pattern")]


def test_the_bench_is_bounded() -> None:
    """More than the bench takes is dropped and overwritten; nobody waits for room in the thread that polls."""
    bench, given = PinBench(HASHES, Inbox(), 1), [bytearray(b"493817") for _ in range(4)]
    for n, digits in enumerate(given):
        bench.verify("front/in", n, KEPT, digits)

    assert [bytes(digits) for digits in given] == [b"493817", b"493817", b"", b""]


def test_digits_are_overwritten_once_judged() -> None:
    """After the verdict the bytes in which the digits stood are empty."""
    inbox = Inbox()
    bench, digits = PinBench(HASHES, inbox, 1), bytearray(b"493817")
    bench.verify("front/in", 1, KEPT, digits)
    bench.work(1.0)

    assert digits == b"" and inbox.take(1, 0.0) == [PinTyped("front/in", 1, Typed.RIGHT)]


def test_run_ends_with_its_question() -> None:
    """A feed that is stopped forgets what was typed and gives the keypad back."""
    door, stop = Door(), threading.Event()
    door.ask()
    door.type("4938")
    stop.set()
    door.feed.run(stop)

    assert door.keys.waiting == [] and door.feed._typed == b""


def test_neither_digits_nor_verdict_nor_hash_are_in_what_is_said_of_an_input() -> None:
    """What an input is known by, should it stop the loop, and how it is printed, are the same for every PIN and verdict."""
    typed = [PinTyped("front/in", n, verdict) for n, verdict in enumerate(Typed)]
    picked = [PinChosen("front/in", 1, HASHES.make(bytearray(pin), bytearray())) for pin in (b"493817", b"180526")]

    assert len({shape(item) for item in typed}) == 1
    assert len({shape(item) for item in picked}) == 1
    for text in (repr(picked[0]), repr(AskPin("front/in", 1, 15, KEPT)), repr(KEPT)):
        assert KEPT.own.hex() not in text and str(KEPT.own) not in text and "own" not in text


def test_hashes() -> None:
    """The same PIN is hashed differently each time, nothing of it stands in the hash, and another pepper knows it not."""
    one, other = (HASHES.make(bytearray(b"493817"), bytearray()) for _ in range(2))

    assert one != other and b"493817" not in one.own + one.duress
    assert PinHashes(bytes(32)).judge(one, bytearray(b"493817")) is Typed.WRONG
    assert HASHES.judge(HashedPin(99, one.own, one.duress), bytearray(b"493817")) is Typed.WRONG
