"""What systemd is told, on a stepped clock."""

from datetime import timedelta

from sites import BEGAN

from controller.clock import SteppedClock
from controller.feeds import ContactFeed, ReaderFeed
from controller.inbox import Inbox, PartFailing
from controller.pulse import BEAT_S, SILENT_S, Pulse
from hardware.protocols import CardRead, HardwareFault


class SteadyReader:
    """Finds no card, or fails, each time."""

    def __init__(self, fault: HardwareFault | None) -> None:
        self._fault = fault

    def poll(self) -> CardRead | None:
        """Nothing, or raises."""
        if self._fault is not None:
            raise self._fault
        return None

    def arm(self, until: float | None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Scene:
    """Two readers, no contact, and what was told."""

    def __init__(self, fault: HardwareFault | None = None) -> None:
        self.clock, self.inbox = SteppedClock(BEGAN), Inbox()
        self.readers = {
            id: ReaderFeed(id, f"nfc+usb:{id}", SteadyReader(fault), None, self.inbox, self.clock)
            for id in ("a", "b")
        }
        self.contacts = ContactFeed([], self.inbox, self.clock)
        self.alarms: set[str] = set()
        self.told: list[str] = []
        self.pulse = Pulse(self.readers, self.contacts, self.alarms.__contains__, lambda: "2 readers", self.told.append)

    def beat(self, seconds: float = BEAT_S, contacts: bool = True) -> list[str]:
        """What one beat tells, so many seconds later; contacts are heard of unless they hang."""
        self.clock.step(timedelta(seconds=seconds))
        if contacts:
            self.contacts.look()
        self.told.clear()
        self.pulse.beat(self.clock.monotonic())
        return [line for line in self.told if not line.startswith("STATUS")]


def test_ready_when_every_reader_answered() -> None:
    """Not with one of two; with both, once."""
    scene = Scene()
    scene.readers["a"].look()
    assert scene.beat() == ["WATCHDOG=1"]
    scene.readers["b"].look()

    assert scene.beat(0.01) == ["READY=1", "WATCHDOG=1"]
    assert scene.beat() == ["WATCHDOG=1"]


def test_ready_when_the_missing_one_is_alarmed() -> None:
    """A reader that is known and recorded as failed does not keep the other doors waiting; one that merely failed does."""
    scene = Scene(HardwareFault("nfc+usb:b", "absent"))
    scene.readers["a"].answered = True
    scene.readers["b"].look()
    assert "READY=1" not in scene.beat()
    scene.alarms.add("nfc+usb:b")

    assert "READY=1" in scene.beat()


def test_a_hung_reader_is_alarmed_and_the_watchdog_stays_fed() -> None:
    """One reader that hangs is told to the loop and restarts nothing (F19)."""
    scene = Scene()
    for feed in scene.readers.values():
        feed.answered = True
    told = [scene.beat(1) for _ in range(int(SILENT_S) + 2)]

    assert all("WATCHDOG=1" in lines for lines in told)
    assert scene.inbox.take(9, 0) == [PartFailing("nfc+usb:a", "silent"), PartFailing("nfc+usb:b", "silent")]


def test_hung_contacts_leave_the_watchdog_unfed() -> None:
    """When no door is seen any more, starting again is what may help."""
    scene = Scene()

    assert scene.beat(SILENT_S - 1, contacts=False) == ["WATCHDOG=1"]
    assert scene.beat(2, contacts=False) == []


def test_a_busy_loop_does_not_flood() -> None:
    """However often the loop turns, systemd hears once a second."""
    scene = Scene()
    for feed in scene.readers.values():
        feed.look()
    scene.beat()

    assert [scene.beat(0.001) for _ in range(100)] == [[]] * 100
