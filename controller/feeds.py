"""Feeds: the threads that look at parts and put what they see into the inbox. They decide nothing and write nothing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.clock import Clock
from controller.inbox import ContactSeen, CredentialPresented, Inbox, PartAnswering, PartFailing
from controller.polled import Polled
from hardware.protocols import Annunciator, Contact, HardwareFault, Reader

READER_PACE_S = 0.015
CONTACT_PACE_S = 0.05
STABLE_S = 0.02
"""A contact's level counts once it was the same for this long; inputs of 400 ms must be seen (IEC 60839-11-1), bounces not."""


class ReaderFeed(Polled):
    """Polls one reader. A thread of its own, so that one that hangs stalls no other. `part` is its device URL."""

    def __init__(
        self, id: str, part: str, reader: Reader, annunciator: Annunciator | None, inbox: Inbox, clock: Clock
    ) -> None:
        super().__init__(part, annunciator, inbox, clock)
        self._id = id
        self._reader = reader

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
            self._ended_badly(fault)
            return
        self._ended_well()
        if card is not None and not self._inbox.put(CredentialPresented(self._id, card)):
            self._play("busy")  # more came than can be taken in


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
