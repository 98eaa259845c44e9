"""Feeds: the threads that look at parts and put what they see into the inbox. They decide nothing and write nothing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.clock import Clock
from controller.inbox import ContactSeen, CredentialPresented, Inbox, PartAnswering, PartFailing
from hardware.protocols import Annunciator, Contact, HardwareFault, Reader

READER_PACE_S = 0.015
CONTACT_PACE_S = 0.05
STABLE_S = 0.02
"""A contact's level counts once it was the same for this long; inputs of 400 ms must be seen (IEC 60839-11-1), bounces not."""


class ReaderFeed:
    """Polls one reader. A thread of its own, so that one that hangs stalls no other. `part` is its device URL."""

    def __init__(
        self, id: str, part: str, reader: Reader, annunciator: Annunciator | None, inbox: Inbox, clock: Clock
    ) -> None:
        self._id = id
        self.part = part
        self._reader = reader
        self._annunciator = annunciator
        self._inbox = inbox
        self._clock = clock
        self._failed = ""
        self.answered = False
        """It has answered once since the start."""
        self.heard_s = clock.monotonic()
        """When a round last ended, well or not."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self.look()
            stop.wait(READER_PACE_S)
        self._reader.close()

    def look(self) -> None:
        """One round."""
        try:
            card = self._reader.poll()
        except HardwareFault as fault:
            self.heard_s = self._clock.monotonic()
            self._fail(fault.part, fault.reason)
            return
        self.heard_s = self._clock.monotonic()
        if (self._failed or not self.answered) and self._inbox.put(PartAnswering(self._failed or self.part)):
            self._failed = ""
        self.answered = True
        if card is not None and not self._inbox.put(CredentialPresented(self._id, card)):
            self._busy()

    def watch(self, now_s: float, silent_s: float) -> None:
        """Tells of a round that does not end. Called by another thread; the next round that ends well takes it back."""
        if now_s - self.heard_s >= silent_s:
            self._fail(self.part, "silent")

    def _fail(self, part: str, reason: str) -> None:
        if not self._failed and self._inbox.put(PartFailing(part, reason)):
            self._failed = part

    def _busy(self) -> None:
        """More came than can be taken in: says so at the door. A lamp that fails as well is told when there is room."""
        if self._annunciator is None:
            return
        try:
            self._annunciator.play("busy")
        except HardwareFault as fault:
            self._inbox.put(PartFailing(fault.part, fault.reason))


@dataclass
class _Watched:
    portal: str
    which: str
    contact: Contact
    candidate: bool = False
    since: float = -1.0
    reported: bool | None = None
    failed: str = ""


class ContactFeed:
    """Reads the level of every contact, by pace and at each edge. Edges alone are never believed (F4)."""

    def __init__(self, contacts: Sequence[tuple[str, str, Contact]], inbox: Inbox, clock: Clock) -> None:
        self._watched = [_Watched(portal, which, contact) for portal, which, contact in contacts]
        self._inbox = inbox
        self._clock = clock
        self._edge = threading.Event()
        self.heard_s = clock.monotonic()
        """When a round last ended."""
        for _, _, contact in contacts:
            contact.watch(self._edge.set)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self._edge.clear()
            self.look()
            self._edge.wait(CONTACT_PACE_S)
            if self._edge.is_set():
                stop.wait(STABLE_S / 2)

    def look(self) -> None:
        """One round over all contacts."""
        for watched in self._watched:
            self._look(watched, self._clock.monotonic())
        self.heard_s = self._clock.monotonic()

    def _look(self, watched: _Watched, now: float) -> None:
        try:
            level = watched.contact.active()
        except HardwareFault as fault:
            if not watched.failed:
                watched.failed = fault.part
                self._inbox.put(PartFailing(fault.part, fault.reason))
            return
        if watched.failed:
            self._inbox.put(PartAnswering(watched.failed))
            watched.failed = ""
        if level != watched.candidate or watched.since < 0:
            watched.candidate, watched.since = level, now
        stable = now - watched.since >= STABLE_S
        if stable and level != watched.reported and self._inbox.put(ContactSeen(watched.portal, watched.which, level)):
            watched.reported = level


Feed = Callable[[threading.Event], None]
