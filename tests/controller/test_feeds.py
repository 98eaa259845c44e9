"""Feeds: what a part shows is put into the inbox once, a part that fails is told once, and nothing else is done."""

import threading
from collections.abc import Callable
from datetime import timedelta

from sites import BEGAN

from controller.clock import SteppedClock
from controller.feeds import STABLE_S, ContactFeed, ReaderFeed
from controller.inbox import ContactSeen, CredentialPresented, Inbox, Input, PartAnswering, PartFailing
from hardware.protocols import Assurance, CardRead, HardwareFault, Reader

LONG_S = 2 * STABLE_S
CARD = CardRead("felica-lite-s:0102030405060708", Assurance.MUTUAL, "07:08")


class ScriptedReader:
    """Answers what it was told to, one thing a round."""

    def __init__(self, *rounds: CardRead | HardwareFault | None) -> None:
        self._rounds = list(rounds)
        self.closed = False

    def poll(self) -> CardRead | None:
        """The next of them."""
        now = self._rounds.pop(0)
        if isinstance(now, HardwareFault):
            raise now
        return now

    def arm(self, until: float | None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Notes it."""
        self.closed = True


class ScriptedLamp:
    """Remembers the signals, or fails."""

    def __init__(self, fault: HardwareFault | None = None) -> None:
        self.played: list[str] = []
        self._fault = fault

    def play(self, signal: str) -> None:
        """Notes it, or raises."""
        if self._fault is not None:
            raise self._fault
        self.played.append(signal)

    def close(self) -> None:
        """Nothing."""


class ScriptedContact:
    """A contact whose level the test sets."""

    def __init__(self, level: bool = False) -> None:
        self.level: bool | HardwareFault = level

    def active(self) -> bool:
        """The level, or the fault."""
        if isinstance(self.level, HardwareFault):
            raise self.level
        return self.level

    def watch(self, changed: Callable[[], None]) -> None:
        """Nothing: levels alone are looked at."""

    def close(self) -> None:
        """Nothing."""


def reader_feed(reader: Reader, lamp: ScriptedLamp | None, inbox: Inbox, clock: SteppedClock | None = None) -> ReaderFeed:
    """A feed of this reader that has answered before, so that its first answer is none to tell."""
    feed = ReaderFeed("front/in", "nfc+usb:", reader, lamp, inbox, clock or SteppedClock(BEGAN))
    feed.answered = True
    return feed


def looked(feed: ReaderFeed, inbox: Inbox, rounds: int) -> list[Input]:
    """What so many rounds put into the inbox."""
    for _ in range(rounds):
        feed.look()
    return inbox.take(99, 0)


def test_a_card_is_put_once() -> None:
    """Each card that a reader reports is one input."""
    inbox = Inbox()
    feed = reader_feed(ScriptedReader(None, CARD, None), None, inbox)

    assert looked(feed, inbox, 3) == [CredentialPresented("front/in", CARD)]


def test_a_failing_reader_is_told_once_and_its_return_too() -> None:
    """A reader that fails round after round is one alarm, and answers again once (F19)."""
    inbox = Inbox()
    silent = HardwareFault("nfc+usb:", "silent")
    feed = reader_feed(ScriptedReader(silent, silent, None, CARD), None, inbox)

    assert looked(feed, inbox, 4) == [
        PartFailing("nfc+usb:", "silent"),
        PartAnswering("nfc+usb:"),
        CredentialPresented("front/in", CARD),
    ]


def test_no_room_is_said_at_the_door() -> None:
    """A tap that finds no room is answered with the busy signal and counted."""
    inbox, lamp = Inbox(bound=0), ScriptedLamp()
    feed = reader_feed(ScriptedReader(CARD), lamp, inbox)

    assert looked(feed, inbox, 1) == []
    assert lamp.played == ["busy"]
    assert inbox.dropped() == {"CredentialPresented": 1}


def test_a_lamp_that_fails_does_not_end_the_feed() -> None:
    """The busy signal's own failure does not end the reader's thread."""
    inbox = Inbox(bound=0)
    feed = reader_feed(ScriptedReader(CARD, None), ScriptedLamp(HardwareFault("gpio:5", "silent")), inbox)

    assert looked(feed, inbox, 2) == []


def test_the_first_answer_after_a_start_is_told() -> None:
    """An alarm that an earlier run left behind is taken back when the reader answers."""
    inbox = Inbox()
    feed = ReaderFeed("front/in", "nfc+usb:", ScriptedReader(None, None), None, inbox, SteppedClock(BEGAN))

    assert looked(feed, inbox, 2) == [PartAnswering("nfc+usb:")]


def test_a_reader_that_hangs_is_an_alarm_until_it_is_heard_again() -> None:
    """A round that does not end is told once, after a while and not before, and taken back when one ends well (F19)."""
    inbox, clock = Inbox(), SteppedClock(BEGAN)
    feed = reader_feed(ScriptedReader(HardwareFault("nfc+usb:", "silent"), None), None, inbox, clock)
    for _ in range(3):
        clock.step(timedelta(seconds=4))
        feed.watch(clock.monotonic(), 10)
    assert inbox.take(9, 0) == [PartFailing("nfc+usb:", "silent")]

    assert looked(feed, inbox, 1) == []  # known already: the round ended, but badly
    assert looked(feed, inbox, 1) == [PartAnswering("nfc+usb:")]
    feed.watch(clock.monotonic(), 10)
    assert inbox.take(9, 0) == []


def test_an_alarm_that_found_no_room_is_told_later() -> None:
    """A full inbox does not swallow a failure: it is told in the round that finds room."""
    inbox = Inbox(bound=0)
    silent = HardwareFault("nfc+usb:", "silent")
    feed = reader_feed(ScriptedReader(silent, silent), None, inbox)
    looked(feed, inbox, 1)
    inbox._bound = 1

    assert looked(feed, inbox, 1) == [PartFailing("nfc+usb:", "silent")]


def watch(contact: ScriptedContact, steps: list[tuple[bool | HardwareFault, float]]) -> list[Input]:
    """What a contact feed puts while the level goes through `steps` of (level, seconds)."""
    inbox, clock = Inbox(), SteppedClock(BEGAN)
    feed = ContactFeed([("front", "leaf", contact)], inbox, clock)
    for level, seconds in steps:
        contact.level = level
        feed.look()
        clock.step(timedelta(seconds=seconds))
        feed.look()
    return inbox.take(99, 0)


def test_a_bounce_is_not_seen() -> None:
    """A level counts only once it was the same for a while; the first level counts as well (F4)."""
    steps: list[tuple[bool | HardwareFault, float]] = [
        (False, LONG_S),
        (True, STABLE_S / 4),
        (False, STABLE_S / 4),
        (True, LONG_S),
    ]

    assert watch(ScriptedContact(), steps) == [ContactSeen("front", "leaf", False), ContactSeen("front", "leaf", True)]


def test_a_contact_that_fails_is_told_once() -> None:
    """A contact that cannot be read is one alarm; its level is looked at again when it answers."""
    cut = HardwareFault("gpio:22", "silent")

    assert watch(ScriptedContact(), [(cut, LONG_S), (cut, LONG_S), (True, LONG_S)]) == [
        PartFailing("gpio:22", "silent"),
        PartAnswering("gpio:22"),
        ContactSeen("front", "leaf", True),
    ]


def test_a_stopped_feed_gives_its_reader_back() -> None:
    """A feed that is stopped closes its reader, in the thread that polled it."""
    stop = threading.Event()
    reader = ScriptedReader()
    stop.set()

    reader_feed(reader, None, Inbox()).run(stop)

    assert reader.closed
