"""A controller that taps: the real loop, ledger, actuator and link, on locks that write into a journal before they let go.

    python -m tests.soak.controller DATA JOURNAL SEED TAPS_PER_S

A line of the journal is `BOOT released|secured PORTAL TIME`, written by one `write` to a file opened for appending, so that it
is there however the process dies. Most taps are a right holder's, who mostly walks in a moment later; the others are of
people without a right and of cards that nobody knows. Ends with SIGTERM, in order.
"""

import os
import random
import secrets
import signal
import sys
import threading
from pathlib import Path

from controller.actuator import PartsActuator
from controller.clock import SystemClock
from controller.inbox import ContactSeen, CredentialPresented, Inbox, Input
from controller.link import Link
from controller.loop import BATCH
from controller.record.canonical import timestamp
from controller.site import Site, open_site
from tests.bench.site import ZONES, card, zone_of

PEOPLE = 1000
_STEP_S = 0.02


class JournalLock:
    """A lock whose every act is in the journal before the act is over."""

    def __init__(self, portal: str, boot: str, journal: int, clock: SystemClock) -> None:
        self._portal, self._boot, self._journal, self._clock = portal, boot, journal, clock

    def release(self) -> None:
        """Lets go."""
        self._write("released")

    def secure(self) -> None:
        """Holds."""
        self._write("secured")

    def close(self) -> None:
        """Holds."""
        self.secure()

    def _write(self, what: str) -> None:
        os.write(self._journal, f"{self._boot} {what} {self._portal} {timestamp(self._clock.now())}\n".encode())


class Crowd:
    """A thread of people who tap, so many times a second, as long as the inbox takes them."""

    def __init__(self, inbox: Inbox, seed: int, taps_per_s: float) -> None:
        self._inbox = inbox
        self._chance = random.Random(seed)
        self._each_step = round(taps_per_s * _STEP_S)

    def run(self, ending: threading.Event) -> None:
        """Until `ending` is set."""
        walking: list[Input] = []
        while not ending.wait(_STEP_S):
            for item in walking:  # those who tapped a step ago
                self._inbox.put(item)
            walking = [item for _ in range(self._each_step) for item in self._visit()]

    def _visit(self) -> tuple[Input, ...]:
        """Somebody taps; answers what the contact will say of it, for the next step."""
        person, k = self._chance.randrange(1, PEOPLE + 1), self._chance.randrange(10)
        zone, sort = zone_of(person, k), self._chance.random()
        if sort < 0.1:
            person += 10 * PEOPLE  # nobody's card
        elif sort < 0.2:
            zone = (zone + 10) % ZONES  # a zone that the person has no right to
        portal = f"portal-{zone}"
        self._inbox.put(CredentialPresented(f"{portal}/in", card(person)))
        if sort < 0.25:
            return ()  # refused, or nobody walks in
        return ContactSeen(portal, "leaf", True), ContactSeen(portal, "leaf", False)


def main() -> None:
    """Runs until SIGTERM."""
    data, journal = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    site, ending = open_site(data), threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ending.set())
    _run(site, journal, ending)
    site.ledger.close()


def _run(site: Site, journal: int, ending: threading.Event) -> None:
    clock, inbox, boot = SystemClock("host"), Inbox(), secrets.token_hex(8)
    if site.facility.broker is None:
        raise ValueError("site.toml names no broker")
    locks = {portal: JournalLock(portal, boot, journal, clock) for portal in site.facility.portals}
    link = Link(
        site.facility, site.ledger.path, site.data / "link.json", site.key, boot, site.facility.broker, inbox, clock
    )
    loop = site.loop(clock, PartsActuator(locks, {}, {}, {}, inbox, clock), boot, link.told, lambda step: None)
    loop.start()
    for portal in site.facility.portals:
        inbox.put(ContactSeen(portal, "leaf", False))
    people = Crowd(inbox, int(sys.argv[3]), float(sys.argv[4]))
    last_words = threading.Event()  # the link ends behind the loop, so that the loop's end is carried as well
    threads = [
        threading.Thread(target=people.run, args=(ending,)),
        threading.Thread(target=link.run, args=(last_words,)),
    ]
    for thread in threads:
        thread.start()
    while not ending.is_set():
        loop.turn(inbox.take(BATCH, min(0.5, loop.wait_s())), inbox.dropped())
    loop.stop()
    last_words.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
